"""Runs that VTK reads: from a reader's grids to snapshots, under a guard against damaged files.

The formats are in :mod:`vtk_files`, :mod:`vtk_native` and :mod:`openfoam`. Tested in their tests,
tests/data/readers/runs/test_folder.py, test_multiblock.py and others.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.runs.cell_means import cell_means
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, vtk_damage_reported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_NUMBERING = re.compile("vtk|ObjectId$|(Global|Pedigree)(Node|Element)Id$|UserID$")
"""Names of arrays that VTK's readers add: numbers of nodes and cells, no results."""


def vtk_run(
    path: Path,
    times: NDArray[np.float64],
    grid: Callable[[int], Any],
    guard: Callable[[int], AbstractContextManager[None]] | None = None,
    *,
    notes: Callable[[], Sequence[str]] = tuple,
) -> Series:
    """Return the run at ``path`` whose timesteps VTK reads.

    Parameters
    ----------
    path
        File or folder of the run.
    times
        Times of the timesteps, `[T]`.
    grid
        Function that reads the grid of a timestep by its number.
    guard
        Context that turns VTK's failures at a timestep into messages; by default :func:`strict`
        for ``path``.
    notes
        Function that returns lines for the user.
    """
    guarded = guard or (lambda _: strict(path))

    def snapshot(step: int) -> Snapshot:
        with guarded(step):
            data = grid(step)
            return Snapshot(np.asarray(data.points), _point_fields(data), _units(data))

    def mesh() -> Mesh:
        with guarded(0):
            unstructured = grid(0).cast_to_unstructured_grid()
        return grid_mesh(unstructured, path)

    return Series(path, times, snapshot, mesh, notes=notes)


def pipeline_times(reader: Any) -> tuple[float, ...] | None:
    """Return the times that a reader announces to VTK's pipeline; None for a steady state."""
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

    information = reader.GetOutputInformation(0)
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return information.Get(key) if information.Has(key) else None


def distinct_times(path: Path, times: Sequence[float]) -> NDArray[np.float64]:
    """Return times that a reader of VTK is asked for.

    Raises UserError when one occurs twice: VTK would read its first timestep both times.
    """
    found = np.array(times, dtype=np.float64)
    ordered = np.sort(found)
    again = ordered[1:][np.diff(ordered) <= 0]
    if len(again):
        raise UserError(
            f"{path}: the time {again[0]:g} occurs more than once, as after a restart: write each "
            "time once"
        )
    return found


def combine_blocks(data: Any) -> Any:
    """Return the blocks of a file as one grid: with the nodes of one block after another."""
    if not (hasattr(data, "combine") and hasattr(data, "n_blocks")):
        return data
    # Combining copies: a file with a single block, the usual case, is spared that.
    is_single = data.n_blocks == 1 and hasattr(data[0], "n_points")
    return data[0] if is_single else data.combine()


def _point_fields(grid: Any) -> dict[str, NDArray[Any]]:
    """Return the fields at the nodes; a field of cells becomes the mean of the cells around."""
    found = _numbers(grid.GetPointData())
    for name, values in found.items():
        if len(values) != grid.n_points:
            raise ValueError(f"{len(values)} values of {name} at {grid.n_points} nodes")
    # A field that exists at nodes and in cells is the one at the nodes.
    of_cells = [name for name in _numbers(grid.GetCellData()) if name not in found]
    if of_cells:
        moved = _numbers(cell_means(grid).GetPointData())
        found |= {name: moved[name] for name in of_cells}
    return found


def _numbers(data: Any) -> dict[str, NDArray[Any]]:
    """Return the numeric arrays of nodes or cells, without those that VTK itself adds."""
    # PyVista's own mapping of arrays by name is slower, and this is called at every timestep.
    from vtkmodules.util import numpy_support

    as_numpy: Callable[[Any], NDArray[Any]] = numpy_support.vtk_to_numpy
    found: dict[str, NDArray[Any]] = {}
    for index in range(data.GetNumberOfArrays()):
        array = data.GetArray(index)  # None for an array of texts
        if array is not None and array.GetName() and not _NUMBERING.match(array.GetName()):
            found[array.GetName()] = as_numpy(array)
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
