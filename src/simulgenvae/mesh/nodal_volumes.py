"""Nodal volumes of a mesh: the length, area or volume that belongs to each node.

The measure of each cell is lumped to its nodes by the integrals of its shape functions (row-sum
lumping: Hinton, Rock & Zienkiewicz 1976). Those of lines, triangles and tetrahedra are equal. Every
other linear cell is treated as a quadrilateral or hexahedron, some corners of which may coincide,
with two Gauss points per direction. That gives exactly the linear shape functions of wedges, and
the rational ones of pyramids. :mod:`~simulgenvae.mesh.curved_volumes` has the cells of higher
order, and :mod:`~simulgenvae.mesh.polyhedral_volumes` polygons and polyhedra.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import BEZIER, POLYHEDRON
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.curved_volumes import curved_volumes, measure_of
from simulgenvae.mesh.polyhedral_volumes import add_polygons, add_polyhedra, add_prisms
from simulgenvae.mesh.vtk import import_pyvista

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.mesh.cells import Group
    from simulgenvae.mesh.mesh import Mesh

_CORNERS: Mapping[str, tuple[int, ...]] = {
    "quad": (0, 1, 2, 3),
    "pyramid": (0, 1, 2, 3, 4, 4, 4, 4),
    "wedge": (0, 1, 2, 2, 3, 4, 5, 5),
    "hexahedron": (0, 1, 2, 3, 4, 5, 6, 7),
}
"""Node of the cell at each corner of the quadrilateral or hexahedron."""

_SIMPLICES = ("line", "triangle", "tetra")
"""Cells whose shape functions have equal integrals."""

_SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
_SIGNS: Mapping[int, NDArray[np.float64]] = {
    2: np.array(_SQUARE),
    3: np.array([(x, y, z) for z, (x, y) in product((-1.0, 1.0), _SQUARE)]),
}
"""Corners of the reference cell, in meshio's order."""

_KINDS = {1: "length", 2: "area", 3: "volume"}
_EXPONENTS = {2: "²", 3: "³"}
_CELLS_AT_ONCE = 50_000
_CURVED_AT_ONCE = 10_000
_FLAT = 1e-12  # fraction of the bounding cube below which a volume is only rounding


@dataclass(frozen=True, eq=False)
class NodalVolumes:
    """Weights of the nodes in an integral over the domain.

    Attributes
    ----------
    values
        Weights `[M]`, not negative.
    kind
        ``length``, ``area`` or ``volume``, or ``equal`` when the mesh has none of them and every
        node has the weight 1/M.
    note
        Sentence that says what an integral is.
    unit
        Unit of the weights, such as ``m²``; where that of the positions is unknown, the kind. Empty
        for ``equal``.
    """

    values: NDArray[np.float64]
    kind: str
    note: str
    unit: str = ""

    @classmethod
    def of(cls, mesh: Mesh, nodes: int) -> Self:
        """Return the weights from the cells of the highest dimension.

        Nodes on a line need no cells: neighbours are connected.
        """
        if mesh.coords is None:
            return cls._equal(nodes, "the coordinates of the nodes are not known")
        cells = mesh.cells
        if not cells and mesh.coords.shape[1] == 1 and nodes > 1:
            order = np.argsort(mesh.coords[:, 0], kind="stable")
            cells = Cells.from_tables({"line": np.column_stack([order[:-1], order[1:]])})
        dimension = cells.dimension
        if not dimension:
            return cls._equal(nodes, "the mesh has no cells")
        values = np.zeros(nodes)
        for group in cells.groups:
            if group.kind.dimension == dimension:
                reason = _add_group(values, mesh.coords, cells, group)
                if reason:
                    return cls._equal(nodes, reason)
        kind = _KINDS[dimension]
        extent = float(np.ptp(mesh.coords, axis=0).max())
        if not (np.isfinite(values).all() and values.sum() > _FLAT * extent**dimension):
            return cls._equal(nodes, f"the cells of the mesh have no {kind}")
        bare = np.count_nonzero(values == 0)
        without = (
            f"; {bare} of {nodes} nodes belong to no such cell and do not count" if bare else ""
        )
        unit = _power(mesh.unit, dimension)
        total = f"{values.sum():.6g} {unit}".rstrip()
        note = f"Integrals are over the {kind} of the mesh, {total}{without}."
        return cls(values, kind, note, unit or kind)

    @classmethod
    def _equal(cls, nodes: int, why: str) -> Self:
        note = f"Integrals are means over the nodes, each with the same weight: {why}."
        return cls(np.full(nodes, 1.0 / nodes), "equal", note)


def _power(unit: str, dimension: int) -> str:
    """Return the unit of a length, area or volume; empty where that of positions is unknown."""
    if not unit or dimension == 1:
        return unit
    base = unit if unit.isalpha() else f"({unit})"
    return f"{base}{_EXPONENTS[dimension]}"


def _add_group(
    values: NDArray[np.float64], coords: NDArray[np.float64], cells: Cells, group: Group
) -> str:
    """Add the nodal volumes of some cells to ``values`` `[M]`; return why where there are none."""
    kind = group.kind
    if kind.is_curved:
        return _add_curved(values, coords, cells, group)
    if kind.corners is not None:
        name, places = kind.corners
        # In pieces: a Jacobian of each cell needs several times the memory of the cells.
        for start in range(0, len(group.rows), _CELLS_AT_ONCE):
            part = group.nodes[start : start + _CELLS_AT_ONCE, list(places)]
            if name in _SIMPLICES:
                _add_simplices(values, coords, part)
            else:
                _add(values, coords, part, _CORNERS[name])
    elif kind.name in {"poly_line", "triangle_strip"}:
        size = 2 if kind.name == "poly_line" else 3
        for start in range(group.nodes.shape[1] - size + 1):
            _add_simplices(values, coords, group.nodes[:, start : start + size])
    elif kind.name == "polygon":
        add_polygons(values, coords, group.nodes)
    elif kind.name == "quadratic_polygon":
        # The corners come first, then the nodes between them.
        sides = group.nodes.shape[1] // 2
        around = np.stack([group.nodes[:, :sides], group.nodes[:, sides:]], axis=2)
        add_polygons(values, coords, around.reshape(group.nodes.shape))
    elif kind.number == POLYHEDRON:
        add_polyhedra(values, coords, cells.at(group.rows))
    elif kind.name.endswith("prism"):
        add_prisms(values, coords, group)
    else:
        return f"cells of the kind {kind.name} have no known faces"
    return ""


def _add_curved(
    values: NDArray[np.float64], coords: NDArray[np.float64], cells: Cells, group: Group
) -> str:
    if group.kind.number in BEZIER and cells.rational_weights is not None:
        return "the integrals of rational Bézier cells are not known"
    try:
        import_pyvista("Integrating over cells of higher order")
    except UserError as error:
        return str(error)
    degrees = None if cells.degrees is None else cells.degrees[group.rows]
    if degrees is None or group.kind.nodes is not None:
        # All at once: kinds with a fixed number of nodes have a single order.
        orders = np.zeros((1, 3), np.int64)
        place = np.zeros(len(group.rows), np.int64)
    else:
        orders, place = np.unique(degrees, axis=0, return_inverse=True)
    for number, (p, q, r) in enumerate(orders.tolist()):
        chosen = group.nodes[place == number]
        for start in range(0, len(chosen), _CURVED_AT_ONCE):
            part = chosen[start : start + _CURVED_AT_ONCE]
            shares = curved_volumes(coords, part, group.kind, (p, q, r) if p else None)
            np.add.at(values, part, shares)
    return ""


def _add_simplices(
    values: NDArray[np.float64], coords: NDArray[np.float64], cells: NDArray[np.int64]
) -> None:
    """Add the integral of every shape function of lines, triangles or tetrahedra ``[K, d + 1]``."""
    spans = coords[cells[:, 1:]] - coords[cells[:, :1]]
    shares = measure_of(np.swapaxes(spans, 1, 2)) / math.factorial(cells.shape[1])
    np.add.at(values, cells, shares[:, None])


def _add(
    values: NDArray[np.float64],
    coords: NDArray[np.float64],
    cells: NDArray[np.int64],
    corners: tuple[int, ...],
) -> None:
    """Add the integral of every shape function of ``cells [K, nodes]`` to ``values [M]``."""
    at = cells[:, list(corners)]
    # 4 or 8 corners have 2 or 3 dimensions.
    signs = _SIGNS[len(corners).bit_length() - 1]
    dimension = signs.shape[1]
    # The Gauss points of order 2 are at ±1/√3, with weight 1.
    for point in product((-(3.0**-0.5), 3.0**-0.5), repeat=dimension):
        factors = 0.5 * (1.0 + signs * np.array(point))  # [corners, dimension]
        shape = factors.prod(axis=1)
        # Shape functions are products of one linear factor for each direction: in the slope along
        # d, the factor along d is replaced by its slope ±1/2.
        slopes = np.column_stack(
            [
                0.5 * signs[:, d] * np.delete(factors, d, axis=1).prod(axis=1)
                for d in range(dimension)
            ]
        )
        jacobian = np.einsum("kcx,cd->kxd", coords[at], slopes)
        # add.at, because `values[at] += …` would count a node once that belongs to several cells.
        np.add.at(values, at, measure_of(jacobian)[:, None] * shape)
