"""Regions of a quantity: nodes in a box or a sphere, of a set or a file, one node or one point.

A new kind is one function and one line of ``REGIONS`` or ``NAMED``. Tested in
tests/quantities/test_regions.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.ingest.coordinates import read_node_numbers
from simulgenvae.errors import UserError
from simulgenvae.quantities.point import at_point
from simulgenvae.settings.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.quantities.domain import FieldDomain
    from simulgenvae.quantities.grammar import Argument

_MOST_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Region:
    """Nodes of a quantity.

    Attributes
    ----------
    nodes
        Rows of the nodes among those with values, ``[m]``.
    mix
        Weights with which the values of the nodes make that at a point, ``[m]``, which sum to 1;
        None where the region is the nodes themselves.
    note
        Sentence about how the nodes were chosen; empty where there is nothing to say.
    """

    nodes: NDArray[np.intp]
    mix: NDArray[np.float64] | None = None
    note: str = ""


def choose_region(region: tuple[str, Argument] | None, domain: FieldDomain, folder: Path) -> Region:
    """Return the nodes of a region; all where it is None.

    ``folder`` is that which the names of files are relative to.

    Raises
    ------
    UserError
        For a region without nodes, a point outside the mesh, and nodes or sets that do not exist.
    """
    if region is None:
        return Region(np.arange(domain.nodes))
    name, argument = region
    if isinstance(argument, str):
        if name not in NAMED:
            raise UserError(f"{name} is {argument!r}: give numbers")
        return NAMED[name](argument, domain, folder)
    return REGIONS[name](argument, domain)


def _box(numbers: tuple[float, ...], domain: FieldDomain) -> Region:
    coords = domain.coords("a box")
    dimensions = coords.shape[1]
    if len(numbers) != 2 * dimensions:
        axes = "xyz"[:dimensions]
        least = ", ".join(f"{axis}_min" for axis in axes)
        largest = ", ".join(f"{axis}_max" for axis in axes)
        raise UserError(
            f"a box of this mesh has {2 * dimensions} numbers, box=({least}, {largest}), not "
            f"{len(numbers)}"
        )
    low = np.array(numbers[:dimensions])
    high = np.array(numbers[dimensions:])
    if not (low <= high).all():
        raise UserError("a box has its lower corner first, then its upper one")
    # Numbers are written with fewer digits than coordinates have.
    slack = 1e-9 * float(np.ptp(coords, axis=0).max())
    inside = np.all((coords >= low - slack) & (coords <= high + slack), axis=1)
    return _chosen(inside, "box", coords)


def _sphere(numbers: tuple[float, ...], domain: FieldDomain) -> Region:
    coords = domain.coords("a sphere")
    dimensions = coords.shape[1]
    if len(numbers) != dimensions + 1 or not numbers[-1] > 0:
        raise UserError(
            f"a sphere of this mesh has {dimensions} coordinates of its centre and a radius above "
            f"0, sphere=({', '.join('xyz'[:dimensions])}, radius)"
        )
    distance: NDArray[np.float64] = np.linalg.norm(coords - np.array(numbers[:-1]), axis=1)
    inside: NDArray[np.bool_] = distance <= numbers[-1] * (1 + 1e-9)
    return _chosen(inside, "sphere", coords)


def _chosen(inside: NDArray[np.bool_], what: str, coords: NDArray[np.float64]) -> Region:
    if not inside.any():
        low = ", ".join(f"{value:g}" for value in coords.min(axis=0))
        high = ", ".join(f"{value:g}" for value in coords.max(axis=0))
        raise UserError(f"the {what} holds no node: the mesh is from ({low}) to ({high})")
    return Region(np.flatnonzero(inside))


def _nodes(numbers: tuple[float, ...], domain: FieldDomain) -> Region:
    if not numbers or any(number != round(number) for number in numbers):
        raise UserError("nodes are whole numbers, or the name of a file with them")
    return _numbered(np.array(numbers).astype(np.intp), domain)


def _set(name: str, domain: FieldDomain, folder: Path) -> Region:
    sets = domain.sets
    if not sets:
        instead = (
            "ingest files that have some and train again, or give a box or the numbers of nodes"
        )
        if not domain.numbered:
            instead = (
                "give each design a mesh that has some (--meshes), as a predicted one has none, or "
                "a box"
            )
        raise UserError(
            f"there is no set {name[:40]!r}, as there are no named sets of nodes: {instead}"
        )
    if name not in sets:
        first = nearest(name, sets)
        others = [each for each in sets if each != first]
        more = len(others) - _MOST_SHOWN
        listed = ", ".join([first, *others[:_MOST_SHOWN], *([f"{more} more"] if more > 0 else [])])
        raise UserError(
            f"there is no set {name[:40]!r}: did you mean {first!r}? The sets are {listed}"
        )
    rows = domain.rows_with_values(sets[name])
    if not len(rows):
        raise UserError(f"no node of the set {name!r} has values (NaN) in any run")
    return Region(rows)


def _of_file(name: str, domain: FieldDomain, folder: Path) -> Region:
    if name in domain.sets and not (folder / name).exists():
        raise UserError(f"there is no file {name!r}, but a set of nodes: write set={name!r}")
    return _numbered(read_node_numbers(folder / name), domain)


def _numbered(numbers: NDArray[np.intp], domain: FieldDomain) -> Region:
    if not len(numbers):
        raise UserError("the list of nodes is empty")
    found, times = np.unique(numbers, return_counts=True)
    # A mean would count the node twice.
    if (times > 1).any():
        raise UserError(f"node {found[times > 1][0]} is given twice: give every node once")
    return Region(domain.rows_of(found))


def _node(numbers: tuple[float, ...], domain: FieldDomain) -> Region:
    if len(numbers) != 1:
        raise UserError("node is one whole number; several are nodes=(1, 2, 3)")
    region = _nodes(numbers, domain)
    return Region(region.nodes, np.ones(1))


def _point(numbers: tuple[float, ...], domain: FieldDomain) -> Region:
    coords = domain.coords("a point")
    dimensions = coords.shape[1]
    if len(numbers) != dimensions:
        raise UserError(
            f"a point of this mesh has {dimensions} coordinates, "
            f"point=({', '.join('xyz'[:dimensions])}), not {len(numbers)}"
        )
    found = at_point(domain.mesh, np.array(numbers))
    note = ""
    if found.distance > 0:
        note = (
            f"the mesh has no cells, so the value is that of the nearest node, "
            f"{domain.number_of(int(found.nodes[0]))}, at a distance of {found.distance:.3g}"
        )
    return Region(found.nodes, found.weights, note)


REGIONS: dict[str, Callable[[tuple[float, ...], FieldDomain], Region]] = {
    "box": _box,
    "sphere": _sphere,
    "nodes": _nodes,
    "node": _node,
    "point": _point,
}
"""Kinds of regions that numbers describe, by their names in the grammar."""
NAMED: dict[str, Callable[[str, FieldDomain, Path], Region]] = {"nodes": _of_file, "set": _set}
"""Kinds of regions that a text names, and the folder that names of files are relative to."""
