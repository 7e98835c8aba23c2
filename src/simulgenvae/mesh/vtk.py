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
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk_cells import cells_grid, grid_cells
from simulgenvae.utils.damage import no_longer_there
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyvista

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

    Raises UserError for a grid without nodes, and for cells of types that VTK's files cannot hold.
    """
    coords = np.array(grid.points, dtype=np.float64)
    if not len(coords):
        raise UserError(f"{path}: a mesh without nodes: the file is empty or damaged")
    return Mesh(coords, grid_cells(grid, path))


def import_pyvista(what: str) -> Any:
    """Return the package; raise UserError, which starts with ``what``, when it is not installed."""
    try:
        import pyvista
    except ImportError as error:
        raise UserError(f"{what} needs PyVista: {install_command('pyvista')}") from error
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
    import_pyvista(what)
    if mesh.coords is None:
        raise UserError(
            f"{what} needs the positions of the nodes: ingest the data with --coords or --mesh"
        )
    nodes, dimensions = mesh.coords.shape
    points = np.zeros((nodes, 3))
    points[:, :dimensions] = mesh.coords
    # VTK needs cells.
    return cells_grid(points, mesh.cells or Cells.vertices(nodes))


@contextmanager
def quiet_vtk() -> Iterator[None]:
    """Silence VTK, which prints pages of errors, and raise PyVista's warnings as UserWarning.

    PyVista warns when VTK could not read a file to its end.
    """
    import_pyvista("Reading a mesh")
    from vtkmodules.vtkCommonCore import vtkLogger

    def nothing(record: logging.LogRecord) -> bool:
        return False

    # PyVista logs with the root logger itself. A filter, as `logging.disable` goes through all
    # loggers, which takes a millisecond at each timestep.
    root = logging.getLogger()
    root.addFilter(nothing)
    # PyVista's vtk_verbosity looks its own options up each time, which takes a tenth of a
    # millisecond at each timestep.
    verbosity = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield
    finally:
        vtkLogger.SetStderrVerbosity(vtkLogger.ConvertToVerbosity(verbosity))
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
    except FileNotFoundError as error:
        raise no_longer_there(error.filename or path) from error
    except _READ_ERRORS as error:
        # VTK's own readers raise no FileNotFoundError.
        if not path.exists():
            raise no_longer_there(path) from error
        if isinstance(error, UserWarning):
            reason = "truncated or damaged"
        else:
            # VTK's messages begin with the place in its own source code.
            said = re.sub(r"ERROR: In .*\n\S+ \(0x\w+\): ", "", str(error)).split("\n")[0]
            reason = f"{type(error).__name__}: {said}"
        raise UserError(f"{path}: {failure}: {reason}") from error
