"""Kinds of cells: every one that VTK's files can hold (VTK file formats, figures 2 to 4).

Tested in tests/mesh/test_cells.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class CellKind(NamedTuple):
    """Kind of cells.

    Attributes
    ----------
    number
        VTK's cell type.
    name
        Name as in meshio, with the number of nodes where the kind has several orders.
    dimension
        0 for points, 1 for lines, 2 for faces, 3 for bodies.
    nodes
        Number of nodes; None where it differs from cell to cell.
    corners
        Name of the linear kind between the corners, and the places of its nodes in the cell; for a
        linear kind the kind itself. None for kinds whose number of corners differs.
    """

    number: int
    name: str
    dimension: int
    nodes: int | None
    corners: tuple[str, tuple[int, ...]] | None

    @property
    def is_curved(self) -> bool:
        """True if the shape functions are of second or higher order, or may be."""
        return self.number in _CURVED


LINEAR: Mapping[str, int] = {
    "line": 2,
    "triangle": 3,
    "quad": 4,
    "tetra": 4,
    "hexahedron": 8,
    "wedge": 6,
    "pyramid": 5,
}
"""Number of nodes of each linear kind, by its name."""

POLYHEDRON = 42
VERTEX = 1
_CURVED = {*range(21, 36), 37, *range(68, 74), *range(75, 81)}
LAGRANGE = range(68, 74)
BEZIER = range(75, 81)


def _linear(number: int, name: str, dimension: int) -> CellKind:
    return CellKind(number, name, dimension, LINEAR[name], (name, tuple(range(LINEAR[name]))))


def _ragged(number: int, name: str, dimension: int) -> CellKind:
    return CellKind(number, name, dimension, None, None)


def _curved(number: int, name: str, dimension: int, nodes: int | None, corners: str) -> CellKind:
    # The corners come first in every cell of higher order.
    return CellKind(number, name, dimension, nodes, (corners, tuple(range(LINEAR[corners]))))


_KINDS = (
    CellKind(0, "empty", 0, 0, None),
    CellKind(VERTEX, "vertex", 0, 1, None),
    _ragged(2, "poly_vertex", 0),
    _linear(3, "line", 1),
    _ragged(4, "poly_line", 1),
    _linear(5, "triangle", 2),
    _ragged(6, "triangle_strip", 2),
    _ragged(7, "polygon", 2),
    # Pixels and voxels list their nodes row by row, quads and hexahedra go around.
    CellKind(8, "pixel", 2, 4, ("quad", (0, 1, 3, 2))),
    _linear(9, "quad", 2),
    _linear(10, "tetra", 3),
    CellKind(11, "voxel", 3, 8, ("hexahedron", (0, 1, 3, 2, 4, 5, 7, 6))),
    _linear(12, "hexahedron", 3),
    _linear(13, "wedge", 3),
    _linear(14, "pyramid", 3),
    CellKind(15, "penta_prism", 3, 10, None),
    CellKind(16, "hexa_prism", 3, 12, None),
    _curved(21, "line3", 1, 3, "line"),
    _curved(22, "triangle6", 2, 6, "triangle"),
    _curved(23, "quad8", 2, 8, "quad"),
    _curved(24, "tetra10", 3, 10, "tetra"),
    _curved(25, "hexahedron20", 3, 20, "hexahedron"),
    _curved(26, "wedge15", 3, 15, "wedge"),
    _curved(27, "pyramid13", 3, 13, "pyramid"),
    _curved(28, "quad9", 2, 9, "quad"),
    _curved(29, "hexahedron27", 3, 27, "hexahedron"),
    _curved(30, "quad6", 2, 6, "quad"),
    _curved(31, "wedge12", 3, 12, "wedge"),
    _curved(32, "wedge18", 3, 18, "wedge"),
    _curved(33, "hexahedron24", 3, 24, "hexahedron"),
    _curved(34, "triangle7", 2, 7, "triangle"),
    _curved(35, "line4", 1, 4, "line"),
    _ragged(36, "quadratic_polygon", 2),
    _curved(37, "pyramid19", 3, 19, "pyramid"),
    _ragged(41, "convex_point_set", 3),
    _ragged(POLYHEDRON, "polyhedron", 3),
    _curved(68, "lagrange_line", 1, None, "line"),
    _curved(69, "lagrange_triangle", 2, None, "triangle"),
    _curved(70, "lagrange_quad", 2, None, "quad"),
    _curved(71, "lagrange_tetra", 3, None, "tetra"),
    _curved(72, "lagrange_hexahedron", 3, None, "hexahedron"),
    _curved(73, "lagrange_wedge", 3, None, "wedge"),
    _curved(75, "bezier_line", 1, None, "line"),
    _curved(76, "bezier_triangle", 2, None, "triangle"),
    _curved(77, "bezier_quad", 2, None, "quad"),
    _curved(78, "bezier_tetra", 3, None, "tetra"),
    _curved(79, "bezier_hexahedron", 3, None, "hexahedron"),
    _curved(80, "bezier_wedge", 3, None, "wedge"),
)

BY_NUMBER: Mapping[int, CellKind] = {kind.number: kind for kind in _KINDS}
BY_NAME: Mapping[str, CellKind] = {kind.name: kind for kind in _KINDS}

LEAST_NODES: Mapping[str, int] = {
    "poly_vertex": 1,
    "poly_line": 2,
    "triangle_strip": 3,
    "polygon": 3,
    "quadratic_polygon": 6,
    "convex_point_set": 4,
    "polyhedron": 4,
}
"""Least number of nodes of kinds without a fixed number and without an order."""


def nodes_of_order(corners: str, order: tuple[int, int, int]) -> int:
    """Return the number of nodes of a Lagrange or Bézier cell of an order in each direction."""
    p, q, r = order
    return {
        "line": p + 1,
        "triangle": (p + 1) * (p + 2) // 2,
        "quad": (p + 1) * (q + 1),
        "tetra": (p + 1) * (p + 2) * (p + 3) // 6,
        "hexahedron": (p + 1) * (q + 1) * (r + 1),
        "wedge": (p + 1) * (p + 2) // 2 * (r + 1),
    }[corners]


MORE_NODES: Mapping[str, int] = {"triangle": 7, "tetra": 15, "wedge": 21}
"""Number of nodes of Lagrange cells of second order with further nodes in faces and centre."""


def order_of(corners: str, nodes: int) -> int | None:
    """Return the order, the same in all directions, of a cell by its number of nodes.

    None where no order has this number.
    """
    if MORE_NODES.get(corners) == nodes:
        return 2
    order = 1
    while nodes_of_order(corners, (order, order, order)) < nodes:
        order += 1
    return order if nodes_of_order(corners, (order, order, order)) == nodes else None
