"""VTK's grids, from and to a mesh; the one place that imports PyVista.

Tested in tests/data/ingest/test_coordinates.py and tests/export/test_vtk.py.
"""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyvista
    from numpy.typing import NDArray

# VTK cell type → meshio name and the order of its corner nodes. Cells of second order list their
# corners first; the nodes between corners stay nodes of the mesh that belong to no cell.
_VTK_CELLS: dict[int, tuple[str, tuple[int, ...]]] = {
    3: ("line", (0, 1)),
    4: ("line", (0, 1)),  # of several pieces
    5: ("triangle", (0, 1, 2)),
    8: ("quad", (0, 1, 3, 2)),  # pixel
    9: ("quad", (0, 1, 2, 3)),
    10: ("tetra", (0, 1, 2, 3)),
    11: ("hexahedron", (0, 1, 3, 2, 4, 5, 7, 6)),  # voxel
    12: ("hexahedron", (0, 1, 2, 3, 4, 5, 6, 7)),
    13: ("wedge", (0, 1, 2, 3, 4, 5)),
    14: ("pyramid", (0, 1, 2, 3, 4)),
    21: ("line", (0, 1)),
    22: ("triangle", (0, 1, 2)),
    23: ("quad", (0, 1, 2, 3)),
    24: ("tetra", (0, 1, 2, 3)),
    25: ("hexahedron", (0, 1, 2, 3, 4, 5, 6, 7)),
    26: ("wedge", (0, 1, 2, 3, 4, 5)),
    27: ("pyramid", (0, 1, 2, 3, 4)),
}
_VTK_VERTICES = {1, 2}
_POLYLINE = 4
_CELL_TYPES = {
    "line": 3,
    "triangle": 5,
    "quad": 9,
    "tetra": 10,
    "hexahedron": 12,
    "wedge": 13,
    "pyramid": 14,
}
"""Cell types of VTK, by meshio name (VTK file formats, figure 2)."""

_READ_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    AttributeError,
    UserWarning,
)
"""Exceptions that VTK's and PyVista's readers raise on damaged files."""


def grid_mesh(grid: pyvista.UnstructuredGrid, path: Path) -> Mesh:
    """Return the nodes and cells of a grid that was read from ``path``.

    Points are left out.

    Raises
    ------
    UserError
        For a grid without nodes, and for cells other than points, lines, triangles, quads,
        tetrahedra, hexahedra, wedges and pyramids.
    """
    coords = np.array(grid.points, dtype=np.float64)
    if not len(coords):
        raise UserError(f"{path}: a mesh without nodes: the file is empty or damaged")
    cells: dict[str, list[NDArray[np.int64]]] = {}
    for kind, nodes in grid.cells_dict.items():
        if kind in _VTK_VERTICES:
            continue
        if kind not in _VTK_CELLS:
            raise UserError(f"{path}: cells of the VTK type {kind} are not supported")
        name, corners = _VTK_CELLS[int(kind)]
        table = np.asarray(nodes)
        if kind == _POLYLINE:
            # A polyline becomes the lines between its nodes.
            table = np.concatenate(
                [table[:, start : start + 2] for start in range(table.shape[1] - 1)]
            )
        cells.setdefault(name, []).append(table[:, corners].astype(np.int64))
    return Mesh(coords, {name: np.concatenate(parts) for name, parts in cells.items()})


def import_pyvista(what: str) -> Any:
    """Return the package; raise UserError, which starts with ``what``, when it is not installed."""
    try:
        import pyvista
    except ImportError as error:
        raise UserError(f"{what} needs PyVista: pip install 'simulgenvae[mesh]'") from error
    return pyvista


def mesh_grid(mesh: Mesh, what: str) -> pyvista.UnstructuredGrid:
    """Return the grid of a mesh.

    Missing coordinates are 0. Where there are no cells the nodes become vertices.

    Raises
    ------
    UserError
        Beginning with ``what``, the thing that needs the grid, when PyVista is not installed or
        the positions of the nodes are unknown.
    """
    package = import_pyvista(what)
    if mesh.coords is None:
        raise UserError(
            f"{what} needs the positions of the nodes: ingest the data with --coords or --mesh"
        )
    nodes, dimensions = mesh.coords.shape
    points = np.zeros((nodes, 3))
    points[:, :dimensions] = mesh.coords
    cells = {_CELL_TYPES[name]: table for name, table in mesh.cells.items()}
    # PyVista needs cells; type 1 is a vertex.
    grid: pyvista.UnstructuredGrid = package.UnstructuredGrid(
        cells or {1: np.arange(nodes)[:, np.newaxis]}, points
    )
    return grid


@contextmanager
def quiet_vtk() -> Iterator[None]:
    """Silence VTK, which prints pages of errors, and raise PyVista's warnings as UserWarning.

    PyVista warns when VTK could not read a file to its end.
    """
    package = import_pyvista("Reading a mesh")

    def nothing(record: logging.LogRecord) -> bool:
        return False

    # PyVista logs with the root logger itself. A filter, as `logging.disable` goes through all
    # loggers, which takes a millisecond at each timestep.
    root = logging.getLogger()
    root.addFilter(nothing)
    try:
        with package.vtk_verbosity("off"), warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield
    finally:
        root.removeFilter(nothing)


@contextmanager
def vtk_damage_reported(path: Path, failure: str = "cannot be read") -> Iterator[None]:
    """Turn exceptions of VTK's and PyVista's readers into one message about ``path``.

    Raises UserError in their place. VTK may also report an error and continue without the values;
    that passes.
    """
    try:
        with quiet_vtk():
            yield
    except _READ_ERRORS as error:
        if isinstance(error, UserWarning):
            reason = "truncated or damaged"
        else:
            # VTK's messages begin with the place in its own source code.
            said = re.sub(r"ERROR: In .*\n\S+ \(0x\w+\): ", "", str(error)).split("\n")[0]
            reason = f"{type(error).__name__}: {said}"
        raise UserError(f"{path}: {failure}: {reason}") from error
