"""Runs that VTK reads: from a reader's grids to snapshots, under a guard against damaged files.

The formats are in :mod:`vtk_files`, :mod:`vtk_native` and :mod:`openfoam`. Tested in their tests,
tests/data/readers/runs/test_folder.py, test_multiblock.py and others.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.pieces import shared_between_blocks, whole
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.data.readers.runs.vtk_arrays import numbers
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, vtk_damage_reported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def vtk_run(
    path: Path,
    times: NDArray[np.float64],
    grid: Callable[[int], Any],
    guard: Callable[[int], AbstractContextManager[None]] | None = None,
) -> Series:
    """Return the run at ``path`` whose timesteps VTK reads.

    Parameters
    ----------
    path
        File or folder of the run.
    times
        Times of the timesteps, `[T]`.
    grid
        Function that reads the grid of a timestep, or its blocks or pieces, by its number.
    guard
        Context that turns VTK's failures at a timestep into messages; by default :func:`strict`
        for ``path``.
    """
    guarded = guard or (lambda _: strict(path))

    def snapshot(step: int) -> Snapshot:
        with guarded(step):
            data = combine_blocks(whole(grid(step)).grid)
            return Snapshot(np.asarray(data.points), _point_fields(data), _units(data))

    def mesh() -> Mesh:
        with guarded(0):
            found = whole(grid(0))
            remarks = (*found.remarks, *shared_between_blocks(found.grid))
            unstructured = combine_blocks(found.grid).cast_to_unstructured_grid()
        read = grid_mesh(unstructured, path)
        return Mesh(read.coords, read.cells, remarks)

    return Series(path, times, snapshot, mesh)


def combine_blocks(data: Any) -> Any:
    """Return the blocks of a file as one grid: with the nodes of one block after another."""
    if not (hasattr(data, "combine") and hasattr(data, "n_blocks")):
        return data
    # Combining copies: a file with a single block, the usual case, is spared that.
    is_single = data.n_blocks == 1 and hasattr(data[0], "n_points")
    return data[0] if is_single else data.combine()


def _point_fields(grid: Any) -> dict[str, NDArray[Any]]:
    """Return the fields at the nodes; a field of cells becomes the mean of the cells around."""
    found = numbers(grid.GetPointData())
    for name, values in found.items():
        if len(values) != grid.n_points:
            raise ValueError(f"{len(values)} values of {name} at {grid.n_points} nodes")
    # A field that exists at nodes and in cells is the one at the nodes.
    of_cells = [name for name in numbers(grid.GetCellData()) if name not in found]
    if of_cells:
        moved = numbers(grid.cell_data_to_point_data().GetPointData())
        lost = [name for name in of_cells if name not in moved]
        if lost:
            raise ValueError(f"VTK has no values at nodes for {listed(lost)} in cells")
        found |= {name: moved[name] for name in of_cells}
    return found


def _units(grid: Any) -> dict[str, str]:
    """Return the units of the fields at nodes, as far as the file has them."""
    from vtkmodules.vtkCommonCore import vtkDataArray

    data = grid.GetPointData()
    key = vtkDataArray.UNITS_LABEL()
    units: dict[str, str] = {}
    for index in range(data.GetNumberOfArrays()):
        array = data.GetAbstractArray(index)
        if array.HasInformation() and array.GetInformation().Has(key):
            units[array.GetName()] = array.GetInformation().Get(key).strip()
    return units


def reading_pyvista(path: Path) -> Any:
    """Return the PyVista package; raise UserError that names ``path`` when it is not installed."""
    return import_pyvista(f"{path}: reading it")


@contextmanager
def strict(path: Path) -> Iterator[None]:
    """Turn exceptions of VTK's readers, and errors that VTK only reports, into one message."""
    catcher = reading_pyvista(path).VtkErrorCatcher(raise_errors=True, send_to_logging=False)
    with vtk_damage_reported(path), catcher:
        yield
