"""Types of elements of Gmsh, and the kinds of cells that they are.

Tested in tests/data/mesh_files/test_gmsh.py.
"""

from __future__ import annotations

from typing import NamedTuple

POINT = 15
"""Type of an element that is one node: it is in groups, and is no cell."""


class ElementKind(NamedTuple):
    """Kind of cell, its dimension, and where the element has each node of the cell."""

    name: str
    dimension: int
    order: tuple[int, ...]


def _plain(name: str, dimension: int, nodes: int) -> ElementKind:
    return ElementKind(name, dimension, tuple(range(nodes)))


# Gmsh counts the edges of solids of second order in another order than VTK.
BY_TYPE = {
    1: _plain("line", 1, 2),
    2: _plain("triangle", 2, 3),
    3: _plain("quad", 2, 4),
    4: _plain("tetra", 3, 4),
    5: _plain("hexahedron", 3, 8),
    6: _plain("wedge", 3, 6),
    7: _plain("pyramid", 3, 5),
    8: _plain("line3", 1, 3),
    9: _plain("triangle6", 2, 6),
    10: _plain("quad9", 2, 9),
    11: ElementKind("tetra10", 3, (0, 1, 2, 3, 4, 5, 6, 7, 9, 8)),
    POINT: _plain("vertex", 0, 1),
    16: _plain("quad8", 2, 8),
    17: ElementKind("hexahedron20", 3, (*range(8), 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15)),
    18: ElementKind("wedge15", 3, (*range(6), 6, 9, 7, 12, 14, 13, 8, 10, 11)),
    19: ElementKind("pyramid13", 3, (*range(5), 5, 8, 10, 6, 7, 9, 11, 12)),
}
"""Kinds of cells by the number that Gmsh gives the type."""
