"""Mirrored runs: in a symmetric problem, a mirrored run is a true run of the mirrored design."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np
from scipy.spatial import cKDTree

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import Images
from simulgenvae.data.names import listed
from simulgenvae.data.values import to_stored
from simulgenvae.errors import UserError
from simulgenvae.settings import Axis
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions

AXES = get_args(Axis)
FLIPS = "training.augmentation.flips"
ODD = "training.augmentation.odd_variables"
_TOLERANCE = 0.01
"""Largest distance of a node from the mirror image of its partner, as a fraction of the distance to
its nearest neighbour: coordinates that were rounded in a file pass, and no field shows it."""
_SAME_PLACE = 1e-9
"""Largest distance of nodes that count as one place, as a fraction of the size of the mesh."""


@dataclass(frozen=True, eq=False)
class Mirror:
    """One reflection, or several in turn."""

    axes: tuple[str, ...]
    nodes: NDArray[np.intp]
    """For each node, the node whose value it gets, ``[M]``."""
    signs: NDArray[np.float32]
    """-1 for a variable that changes its sign, else 1, ``[V]``."""

    def field(self, run: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the mirrored field of a run ``[T, M, V]``, as a new array."""
        return np.take(run, self.nodes, axis=1) * self.signs

    def __str__(self) -> str:
        return f"mirrored {'+'.join(self.axes)}"


@dataclass(frozen=True, eq=False)
class _MirroredDataset(Dataset):
    """The runs of ``source``, followed by mirrored ones, which are made when they are read.

    ``fields`` belong to ``source`` only.
    """

    source: Dataset
    copies: tuple[tuple[int, Mirror], ...]
    """Row of ``source`` and mirror of each further run."""

    def read(self, index: int, out: NDArray[np.float32]) -> None:
        """Read a run of the source, or mirror one, into an array ``[T, M, V]``."""
        position = range(len(self.ids))[index]  # a negative index counts from the end
        runs = len(self.source.ids)
        if position < runs:
            self.source.read(position, out)
        else:
            row, mirror = self.copies[position - runs]
            # In physical units, as a variable may change its sign.
            out[...] = to_stored(mirror.field(self.source.run(row)), self.offsets, "a mirrored run")

    def load(self) -> Self:
        """Return the same data set with the fields of its source in memory."""
        source = self.source.load()
        return dataclasses.replace(self, source=source, fields=source.fields)


def with_mirrored(
    dataset: Dataset, rows: NDArray[np.intp], axes: Sequence[str], odd: Mapping[str, Sequence[str]]
) -> Dataset:
    """Return the runs of ``dataset``, followed by mirrored copies that are made when read.

    An image must show the bounding box of the nodes, x to the right and y upwards: it is mirrored
    with the field, and parameters stay unchanged. The fingerprint remains that of ``dataset``.

    Parameters
    ----------
    dataset
        Runs of a symmetric problem.
    rows
        Rows of the runs to mirror, each along every combination of ``axes``.
    axes
        Names of the axes to mirror along.
    odd
        For each axis the variables that change their sign, as a vector's component along that axis
        does.

    Raises
    ------
    UserError
        Without images or coordinates, for unknown axes and variables, and where nodes have no
        mirror image.
    """
    conditions = dataset.conditions
    if dataset.common is not None:
        raise UserError(
            "augmentation.flips: runs with meshes of their own have no mirror images: set it to "
            "none or auto"
        )
    coords = dataset.mesh.coords
    _check_names(dataset, axes, odd)
    if conditions.images is None:
        raise UserError(
            f"{FLIPS} mirrors images, but the conditions are parameters only, and a mirrored "
            "design has unknown ones: remove it, or give images"
        )
    if coords is None:
        raise UserError(
            f"{FLIPS} needs to know where the nodes are: give their coordinates at ingest, "
            "--coords or --mesh"
        )
    mirrors = mirrors_of(coords, dataset.variables, axes, odd)
    extended = _extended(conditions, conditions.images, rows, mirrors)
    # Everything of the data set is kept, also what later versions add to it.
    names = [part.name for part in dataclasses.fields(Dataset)]
    parts: dict[str, Any] = {name: getattr(dataset, name) for name in names}
    parts |= {"ids": extended.ids, "conditions": extended}
    copies = tuple((row, mirror) for mirror, row in itertools.product(mirrors, rows.tolist()))
    return _MirroredDataset(**parts, source=dataset, copies=copies)


def mirror_nodes(coords: NDArray[np.float64], axis: str) -> NDArray[np.intp]:
    """Return the permutation ``[M]`` under which ``field[:, permutation]`` is the mirrored field.

    The mirror is in the middle of the bounding box, across ``axis``. Each node is matched with the
    nearest one to its mirror image, at most a hundredth of the distance to its nearest neighbour
    away. As that is less than half of it, the permutation is one to one and its own inverse.

    Parameters
    ----------
    coords
        Coordinates of the nodes, ``[M, D]``.
    axis
        Name of the axis that is reversed.

    Raises
    ------
    UserError
        Where there is no such node, for nodes in the same place (it is unknown which of them is the
        image of which), and for an axis without extent.
    """
    column = AXES.index(axis)
    if column >= coords.shape[1]:
        raise UserError(
            f"{FLIPS}: there is no {axis}: the node coordinates have {coords.shape[1]} of "
            f"{', '.join(AXES)}"
        )
    lower = coords.min(axis=0)
    upper = coords.max(axis=0)
    middle = lower[column] / 2 + upper[column] / 2  # the sum could overflow
    if lower[column] == upper[column]:
        raise UserError(
            f"{FLIPS}: all nodes have the same {axis}, so that mirroring along it changes "
            "nothing: remove it"
        )
    tree = cKDTree(coords)
    # The nearest neighbour of a node is the node itself, so the second one is taken.
    spacing = np.asarray(tree.query(coords, k=[2])[0])[:, 0]
    same = np.flatnonzero(spacing <= _SAME_PLACE * np.linalg.norm(upper - lower))
    if len(same):
        raise UserError(
            f"{FLIPS}: {len(same)} nodes share their place with another one, first node {same[0]} "
            f"at {_place(coords[same[0]])}, and it is unknown which is the mirror image of which: "
            f"merge such nodes, or remove {axis!r} from {FLIPS}"
        )
    images = coords.copy()
    # Reflection x → 2 m − x about the middle m.
    images[:, column] = 2 * middle - coords[:, column]
    distance, nodes = map(np.asarray, tree.query(images))
    lone = distance > _TOLERANCE * spacing
    if lone.any():
        worst = int(np.argmax(np.where(lone, distance, 0)))
        raise UserError(
            f"{FLIPS}: the nodes are not symmetric about {axis} = {middle:g}: {lone.sum()} of "
            f"{len(coords)} have no mirror image; for node {worst} at {_place(coords[worst])} the "
            f"nearest is {distance[worst]:.3g} away from it. Use a symmetric mesh, or remove "
            f"{axis!r} from {FLIPS}"
        )
    return nodes


def mirror_pixels(pixels: NDArray[Any], axes: Sequence[str]) -> NDArray[Any]:
    """Return mirrored images ``[n, rows, columns, channels]``.

    x mirrors the columns, y the rows; z is the direction of view and mirrors nothing.
    """
    rows = slice(None, None, -1 if "y" in axes else 1)
    columns = slice(None, None, -1 if "x" in axes else 1)
    return pixels[:, rows, columns]


def _check_names(dataset: Dataset, axes: Sequence[str], odd: Mapping[str, Sequence[str]]) -> None:
    """Raise UserError where an axis or a variable does not exist."""
    if unknown := [axis for axis in axes if axis not in AXES]:
        raise UserError(f"{FLIPS}: unknown axis {listed(unknown)}: known are {', '.join(AXES)}")
    if len(set(axes)) < len(axes):
        raise UserError(f"{FLIPS}: an axis occurs more than once: {', '.join(axes)}")
    if unused := [axis for axis in odd if axis not in axes]:
        raise UserError(
            f"{ODD}: {listed(unused)} is not among the mirrored axes "
            f"({', '.join(axes) or 'none'}): see {FLIPS}"
        )
    odd_names = itertools.chain.from_iterable(odd.values())
    if strange := [name for name in odd_names if name not in dataset.variables]:
        raise UserError(
            f"{ODD}: no variable {listed(strange)}: the variables are "
            f"{', '.join(dataset.variables)}"
        )


def mirrors_of(
    coords: NDArray[np.float64],
    variables: Sequence[str],
    axes: Sequence[str],
    odd: Mapping[str, Sequence[str]],
) -> list[Mirror]:
    """Return a mirror for every combination of the axes: one axis first, then two, and so on.

    The arguments are described at :func:`with_mirrored`. Raises UserError as :func:`mirror_nodes`
    does.
    """
    nodes = {axis: mirror_nodes(coords, axis) for axis in axes}
    mirrors = []
    for count in range(1, len(axes) + 1):
        for several in combinations(axes, count):
            permutation = np.arange(len(coords))
            signs = np.ones(len(variables), dtype=np.float32)
            for axis in several:
                # Mirrors along different axes commute, so their order does not matter.
                permutation = permutation[nodes[axis]]
                # A variable that is odd along two axes keeps its sign when mirrored along both.
                signs[np.isin(variables, list(odd.get(axis, ())))] *= -1
            mirrors.append(Mirror(several, permutation, signs))
    return mirrors


def _extended(
    conditions: Conditions, images: Images, rows: NDArray[np.intp], mirrors: Sequence[Mirror]
) -> Conditions:
    """Return the conditions of all runs and of the runs ``rows`` mirrored by each mirror."""
    size = (len(images) + len(rows) * len(mirrors)) * images.pixels[:1].nbytes
    require_memory(
        size,
        "mirroring the images",
        f"mirror along fewer axes ({FLIPS}), or lower data.image_size",
    )
    # Parameters are copied unchanged: they describe what mirroring does not change.
    copies = conditions.select(rows)
    pixels = images.select(rows).pixels
    ids = list(conditions.ids)
    tables = [conditions.table]
    every_pixels = [images.pixels]
    for mirror in mirrors:
        ids += [f"{name} ({mirror})" for name in copies.ids]
        tables.append(copies.table)
        every_pixels.append(mirror_pixels(pixels, mirror.axes))
    together = Images(np.concatenate(every_pixels), images.format)
    table = np.concatenate(tables)
    assert conditions.distances is None, "designs with geometries of their own are not mirrored"
    return replace(conditions, ids=tuple(ids), table=table, images=together, carried=())


def _place(point: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:g}' for value in point)})"
