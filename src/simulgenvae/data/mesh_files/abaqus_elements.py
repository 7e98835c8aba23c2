"""Types of elements of Abaqus and CalculiX, and the kinds of cells that they are.

Tested in tests/data/mesh_files/test_abaqus.py.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class ElementKind(NamedTuple):
    """Kind of cell, and where the element has each node of the cell."""

    name: str
    order: tuple[int, ...]


def _plain(name: str, nodes: int) -> ElementKind:
    return ElementKind(name, tuple(range(nodes)))


# Nodes between corners come in VTK's order: around the bottom, around the top, then between both.
_SOLIDS = {
    4: _plain("tetra", 4),
    5: _plain("pyramid", 5),
    6: _plain("wedge", 6),
    8: _plain("hexahedron", 8),
    10: _plain("tetra10", 10),
    15: _plain("wedge15", 15),
    20: _plain("hexahedron20", 20),
}
_FLAT = {
    3: _plain("triangle", 3),
    4: _plain("quad", 4),
    6: _plain("triangle6", 6),
    8: _plain("quad8", 8),
}
# The middle node of a beam is its second one.
_LINES = {1: _plain("line", 2), 2: ElementKind("line3", (0, 2, 1)), 3: _plain("line", 2)}
_SOLID = re.compile(r"(?:C|DC|DCC|AC|F|FC|Q|COUP|EC|EMC)3D(\d+)")
_PLANE = re.compile(r"(?:S|DS|M3D|SFM3D|R3D|F2D|(?:D?C|AC|DCC|EC)?(?:PS|PE|PEG|AX|2D))(\d+)")


def cell_kind(element: str) -> ElementKind | None:
    """Return the kind of cell of a type of element, such as ``C3D8R``; None for others.

    Others are springs, masses, connectors and elements with further nodes.
    """
    name = element.upper()
    if name in {"STRI65", "STRI3", "S8R5"}:
        return _FLAT[{"STRI65": 6, "STRI3": 3, "S8R5": 8}[name]]
    if name in {"SC6R", "SC8R"}:
        return _SOLIDS[int(name[2])]
    if found := _SOLID.match(name):
        return _SOLIDS.get(int(found[1]))
    if found := _PLANE.match(name):
        return _FLAT.get(int(found[1]))
    if found := re.match(r"B[23](\d)", name):
        return _LINES.get(int(found[1]))
    return _plain("line", 2) if re.match(r"T[23]D2", name) else None
