"""Mirrored runs: where a problem is symmetric, the mirror image of a run is a true run of the
mirrored design."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import Images
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.settings import Axis
from simulgenvae.utils.resources import require_memory

AXES = get_args(Axis)
FLIPS, ODD = "training.augmentation.flips", "training.augmentation.odd_variables"
# of the distance to the nearest node: coordinates rounded in a file pass, and no field shows it
_TOLERANCE = 0.01
_SAME_PLACE = 1e-9  # of the size of the mesh


@dataclass(frozen=True, eq=False)
class Mirror:
    """One reflection, or several in turn.

    nodes: [M], the node whose value each node gets; signs: [V], -1 for a variable that changes its
    sign.
    """

    axes: tuple[str, ...]
    nodes: NDArray[np.intp]
    signs: NDArray[np.float32]

    def field(self, run: NDArray[np.float32]) -> NDArray[np.float32]:
        """[T, M, V] → the mirrored field, a new array."""
        return np.take(run, self.nodes, axis=1) * self.signs

    def __str__(self) -> str:
        return f"mirrored {'+'.join(self.axes)}"


@dataclass(frozen=True, eq=False)
class _MirroredDataset(Dataset):
    """The runs of ``source``, followed by mirrored ones, which are made when they are read.

    copies: (row of ``source``, mirror) of each further run. ``fields`` are those of ``source``
    alone.
    """

    source: Dataset
    copies: tuple[tuple[int, Mirror], ...]

    def read(self, index: int, out: NDArray[np.float32]) -> None:
        position, runs = range(len(self.ids))[index], len(self.source.ids)
        if position < runs:
            self.source.read(position, out)
        else:
            row, mirror = self.copies[position - runs]
            out[...] = mirror.field(self.source.run(row))

    def load(self) -> Self:
        source = self.source.load()
        return dataclasses.replace(self, source=source, fields=source.fields)


def with_mirrored(
    dataset: Dataset, rows: NDArray[np.intp], axes: Sequence[str], odd: Mapping[str, Sequence[str]]
) -> Dataset:
    """The runs of ``dataset``, then those in ``rows`` mirrored along every combination of ``axes``,
    made when read.

    A picture must show the bounding box of the nodes, x to the right and y upwards: it is mirrored
    with the field, and parameters stay as they are. odd: axis → variables that change their sign,
    as a vector's component along that axis does. The fingerprint remains that of ``dataset``.

    Raises UserError without pictures or coordinates, for unknown axes and variables, and where
    nodes have no mirror image.
    """
    conditions, coords = dataset.conditions, dataset.mesh.coords
    _check_names(dataset, axes, odd)
    if conditions.images is None:
        raise UserError(
            f"{FLIPS} mirrors pictures, but the conditions are parameters alone, and those of a "
            "mirrored design are unknown: remove it, or give pictures"
        )
    if coords is None:
        raise UserError(
            f"{FLIPS} needs to know where the nodes are: give their coordinates at ingest, "
            "--coords or --mesh"
        )
    mirrors = mirrors_of(coords, dataset.variables, axes, odd)
    extended = _extended(conditions, conditions.images, rows, mirrors)
    parts: dict[str, Any] = {
        part.name: getattr(dataset, part.name) for part in dataclasses.fields(Dataset)
    }
    parts |= {"ids": extended.ids, "conditions": extended}
    copies = tuple((int(row), mirror) for mirror in mirrors for row in rows)
    return _MirroredDataset(**parts, source=dataset, copies=copies)


def mirror_nodes(coords: NDArray[np.float64], axis: str) -> NDArray[np.intp]:
    """The permutation [M] under which ``field[:, permutation]`` is the mirrored field.

    coords: [M, D]; the mirror is in the middle of the bounding box, across ``axis``. Each node is
    matched with the nearest one to its mirror image, at most a hundredth of the distance to its
    nearest neighbour away: at less than half of it, the permutation is one to one and its own
    inverse. Raises UserError where there is no such node, for nodes in the same place (which of
    them is the image of which?) and for an axis without extent.
    """
    column = AXES.index(axis)
    if column >= coords.shape[1]:
        raise UserError(
            f"{FLIPS}: there is no {axis}: the node coordinates have {coords.shape[1]} of "
            f"{', '.join(AXES)}"
        )
    lower, upper = coords.min(axis=0), coords.max(axis=0)
    middle = lower[column] / 2 + upper[column] / 2
    if lower[column] == upper[column]:
        raise UserError(
            f"{FLIPS}: all nodes have the same {axis}, so that mirroring along it changes "
            "nothing: remove it"
        )
    tree = cKDTree(coords)
    spacing = np.asarray(tree.query(coords, k=[2])[0])[:, 0]
    same = np.flatnonzero(spacing <= _SAME_PLACE * np.linalg.norm(upper - lower))
    if len(same):
        raise UserError(
            f"{FLIPS}: {len(same)} nodes share their place with another one, first node {same[0]} "
            f"at {_place(coords[same[0]])}, and it is unknown which is the mirror image of which: "
            f"merge such nodes, or remove {axis!r} from {FLIPS}"
        )
    images = coords.copy()
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


def mirror_pixels(pixels: NDArray[np.uint8], axes: Sequence[str]) -> NDArray[np.uint8]:
    """[n, rows, columns, channels]: x mirrors the columns, y the rows; z is the direction of
    view."""
    rows, columns = (slice(None, None, -1 if axis in axes else 1) for axis in ("y", "x"))
    return pixels[:, rows, columns]


def _check_names(dataset: Dataset, axes: Sequence[str], odd: Mapping[str, Sequence[str]]) -> None:
    if unknown := [axis for axis in axes if axis not in AXES]:
        raise UserError(f"{FLIPS}: unknown axis {listed(unknown)}: known are {', '.join(AXES)}")
    if len(set(axes)) < len(axes):
        raise UserError(f"{FLIPS}: an axis occurs more than once: {', '.join(axes)}")
    if unused := [axis for axis in odd if axis not in axes]:
        raise UserError(
            f"{ODD}: {listed(unused)} is not among the mirrored axes "
            f"({', '.join(axes) or 'none'}): see {FLIPS}"
        )
    if strange := [
        name for names in odd.values() for name in names if name not in dataset.variables
    ]:
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
    """For every combination of the axes: one axis first, then two in turn, and so on."""
    nodes = {axis: mirror_nodes(coords, axis) for axis in axes}
    mirrors = []
    for several in (
        chosen for count in range(1, len(axes) + 1) for chosen in combinations(axes, count)
    ):
        permutation, signs = np.arange(len(coords)), np.ones(len(variables), dtype=np.float32)
        for axis in several:
            permutation = permutation[nodes[axis]]
            signs[np.isin(variables, list(odd.get(axis, ())))] *= -1
        mirrors.append(Mirror(several, permutation, signs))
    return mirrors


def _extended(
    conditions: Conditions, images: Images, rows: NDArray[np.intp], mirrors: Sequence[Mirror]
) -> Conditions:
    size = (len(images) + len(rows) * len(mirrors)) * images.pixels[:1].nbytes
    require_memory(
        size,
        "mirroring the pictures",
        f"mirror along fewer axes ({FLIPS}), or lower data.image_size",
    )
    copies = conditions.select(rows)
    pixels = images.select(rows).pixels
    mirrored = (mirror_pixels(pixels, mirror.axes) for mirror in mirrors)
    return Conditions(
        conditions.ids + tuple(f"{name} ({mirror})" for mirror in mirrors for name in copies.ids),
        conditions.names,
        np.concatenate([conditions.table, *[copies.table] * len(mirrors)]),
        Images(np.concatenate([images.pixels, *mirrored]), images.format),
    )


def _place(point: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:g}' for value in point)})"
