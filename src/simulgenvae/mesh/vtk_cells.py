"""Cells of VTK's unstructured grids, from and to :class:`~simulgenvae.mesh.cells.Cells`.

Tested in tests/mesh/test_vtk_cells.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import BEZIER, BY_NAME, BY_NUMBER, LAGRANGE
from simulgenvae.mesh.cells import Cells, Ragged

if TYPE_CHECKING:
    from pathlib import Path

    import pyvista
    from numpy.typing import NDArray

_PIXELS = (BY_NAME["pixel"], BY_NAME["voxel"])
_DEGREES = "HigherOrderDegrees"
_WEIGHTS = "RationalWeights"


def grid_cells(grid: pyvista.UnstructuredGrid, path: Path) -> Cells:
    """Return the cells of a grid that was read from ``path``.

    A vertex for each node in order, as VTK writes points without cells, is no cell. Pixels and
    voxels are quads and hexahedra with their nodes in another order, and become these; so do
    polylines of two nodes and polyvertices of one.

    Raises UserError for types of cells that VTK's files cannot hold.
    """
    types = np.array(grid.celltypes, dtype=np.uint8)
    unknown = sorted(set(np.unique(types).tolist()) - BY_NUMBER.keys())
    if unknown:
        raise UserError(f"{path}: cells of the VTK type {unknown[0]} are not supported")
    nodes = ragged(grid.GetCells())
    for pixel in _PIXELS:
        rows = np.flatnonzero(types == pixel.number)
        if pixel.corners is not None and len(rows):
            name, order = pixel.corners
            types[rows] = BY_NAME[name].number
            # All cells of the kind at once, by the place of the first node of each.
            places = nodes.offsets[rows][:, None]
            nodes.values[places + np.arange(len(order))] = nodes.values[places + np.array(order)]
    for long, short, count in (("poly_line", "line", 2), ("poly_vertex", "vertex", 1)):
        types[(types == BY_NAME[long].number) & (nodes.counts == count)] = BY_NAME[short].number
    if (types == 1).all() and np.array_equal(nodes.values, np.arange(grid.n_points)):
        return Cells.none()
    faces, polyhedra = _faces(grid, len(types))
    is_ordered = np.isin(types, [*LAGRANGE, *BEZIER])
    degrees = grid.GetCellData().GetHigherOrderDegrees() if is_ordered.any() else None
    weights = grid.GetPointData().GetRationalWeights() if is_ordered.any() else None
    return Cells(
        types,
        nodes,
        faces,
        polyhedra,
        None if degrees is None else from_vtk(degrees).reshape(len(types), -1).astype(np.int64),
        None if weights is None else from_vtk(weights).astype(np.float64).ravel(),
    )


def cells_grid(points: NDArray[np.floating[Any]], cells: Cells) -> pyvista.UnstructuredGrid:
    """Return the grid of nodes at ``points`` `[M, 3]`, with their cells."""
    import pyvista

    grid = pyvista.UnstructuredGrid()
    grid.points = points
    types = to_vtk(cells.types)
    if len(cells.faces.values):
        faces_of = Ragged(cells.polyhedra, np.arange(len(cells.faces.counts), dtype=np.int64))
        grid.SetPolyhedralCells(
            types, _cell_array(cells.nodes), _cell_array(faces_of), _cell_array(cells.faces)
        )
    else:
        grid.SetCells(types, _cell_array(cells.nodes))
    if cells.degrees is not None:
        degrees = to_vtk(cells.degrees.astype(np.float64))
        degrees.SetName(_DEGREES)
        grid.GetCellData().SetHigherOrderDegrees(degrees)
    if cells.rational_weights is not None:
        weights = to_vtk(cells.rational_weights)
        weights.SetName(_WEIGHTS)
        grid.GetPointData().SetRationalWeights(weights)
    return grid


def _faces(grid: pyvista.UnstructuredGrid, cells: int) -> tuple[Ragged, NDArray[np.int64]]:
    """Return the faces of the polyhedra, in the order of the cells, and where each has its own."""
    places = grid.GetPolyhedronFaceLocations()
    faces = grid.GetPolyhedronFaces()
    if places is None or faces is None or not places.GetNumberOfCells():
        return Ragged.empty(), np.zeros(cells + 1, np.int64)
    faces_of = ragged(places)
    # Files may number faces in another order, or let two cells share one.
    return ragged(faces).at(faces_of.values), faces_of.offsets


def ragged(array: Any) -> Ragged:
    """Return the rows of VTK's ``vtkCellArray``."""
    return Ragged(
        from_vtk(array.GetOffsetsArray()).astype(np.int64),
        from_vtk(array.GetConnectivityArray()).astype(np.int64),
    )


def _cell_array(rows: Ragged) -> Any:
    from vtkmodules.vtkCommonDataModel import vtkCellArray

    array = vtkCellArray()
    array.SetData(to_vtk(rows.offsets), to_vtk(rows.values))
    return array


def to_vtk(values: NDArray[Any], kind: int | None = None) -> Any:
    """Return a copy of values as an array of VTK, of one of VTK's types of numbers if given."""
    from vtkmodules.util import numpy_support

    convert: Any = numpy_support.numpy_to_vtk
    return convert(values, deep=True, array_type=kind)


def from_vtk(array: Any) -> NDArray[Any]:
    """Return the values of one of VTK's arrays, without a copy."""
    from vtkmodules.util import numpy_support

    convert: Any = numpy_support.vtk_to_numpy
    found: NDArray[Any] = convert(array)
    return found
