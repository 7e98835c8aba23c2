"""Triangles between the nodes of flat cells, to draw them.

Tested in tests/mesh/test_triangles.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.mesh.curved_volumes import vtk_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.cells import Cells, Group


def flat_triangles(cells: Cells) -> NDArray[np.int64]:
    """Return the triangles `[t, 3]` of all cells with two dimensions, through all their nodes.

    Polygons are divided from their first node, cells of higher order as VTK does; without PyVista
    only the corners of the latter are used.
    """
    tables = [np.zeros((0, 3), np.int64)]
    for group in cells.groups:
        if group.kind.dimension == 2:
            tables += [group.nodes[:, places] for places in _places(group)]
    return np.concatenate(tables)


def _places(group: Group) -> list[list[int]]:
    """Return the places in the cell of the corners of each triangle."""
    count = group.nodes.shape[1]
    kind = group.kind
    if kind.name == "triangle_strip":
        return [[place, place + 1, place + 2] for place in range(count - 2)]
    around = list(range(count))
    if kind.name == "quadratic_polygon":
        sides = count // 2
        # Corners come first in the cell, then the middle of the side that follows each.
        around = np.arange(count).reshape(2, sides).T.ravel().tolist()
    elif kind.corners is not None:
        around = list(kind.corners[1])
    if kind.is_curved:
        try:
            return _divided(group)
        except ImportError:
            pass
    return [[around[0], around[k], around[k + 1]] for k in range(1, len(around) - 1)]


def _divided(group: Group) -> list[list[int]]:
    from vtkmodules.vtkCommonCore import vtkIdList

    found = vtkIdList()
    vtk_cell(group.kind, group.nodes.shape[1], None).TriangulateLocalIds(0, found)
    places = [found.GetId(index) for index in range(found.GetNumberOfIds())]
    return [places[start : start + 3] for start in range(0, len(places), 3)]
