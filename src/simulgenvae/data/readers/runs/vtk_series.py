"""Runs that VTK reads: from a reader's grids to snapshots, under a guard against damaged files.

The formats are in :mod:`vtk_files`, :mod:`vtk_native` and :mod:`openfoam`. Tested in their tests,
tests/data/readers/runs/test_folder.py, test_multiblock.py and others.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.prediction_labels import DESIGN, KINDS, SLASH, PredictionLabels
from simulgenvae.data.readers.runs.blocks import one_grid
from simulgenvae.data.readers.runs.cell_means import cell_means
from simulgenvae.data.readers.runs.pieces import shared_between_blocks, whole
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.data.readers.runs.vtk_arrays import field_data, numbers
from simulgenvae.errors import UserError
from simulgenvae.mesh.components import whole_fields
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, vtk_damage_reported

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


_ENDINGS = tuple(f"_{kind}" for kind in KINDS)


def vtk_run(
    path: Path,
    times: NDArray[np.float64],
    grid: Callable[[int], Any],
    guard: Callable[[int], AbstractContextManager[None]] | None = None,
    *,
    from_cells: bool = False,
    notes: Callable[[], Sequence[str]] = tuple,
    remarks: Sequence[str] = (),
    labels: PredictionLabels | None = None,
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
    from_cells
        Whether the reader itself adds values at nodes for the values in cells.
    notes
        Function that returns lines for the user.
    remarks
        Lines on content of the file that is not read.
    labels
        What the file of a prediction says about itself; by default its field data.
    """
    guarded = guard or (lambda _: strict(path))
    changes = _CellChanges(path)

    def snapshot(step: int) -> Snapshot:
        with guarded(step):
            found = one_grid(whole(grid(step)).grid)
            at_nodes = _at_nodes(found.grid)
            in_cells = numbers(found.grid.GetCellData())
            twice = [] if from_cells else [name for name in in_cells if name in at_nodes]
            others = {n: values for n, values in in_cells.items() if n not in at_nodes}
            said = labels or _labels(found.grid.GetFieldData())
            units = _units(found.grid) if said is None else _labelled_units(said)
            fields = {**at_nodes, **_means(found.grid, others)}
            if said is not None:
                fields = {_original(name, units): values for name, values in fields.items()}
            return Snapshot(
                np.asarray(found.grid.points),
                fields,
                units,
                set(in_cells if from_cells else others),
                found.left_out,
                (*remarks, *found.remarks, *map(_at_both_places, twice)),
                said,
                changes.checksum(found.grid),
            )

    def mesh() -> Mesh:
        with guarded(0):
            found = whole(grid(0))
            remarks = (*found.remarks, *shared_between_blocks(found.grid))
            unstructured = one_grid(found.grid).grid.cast_to_unstructured_grid()
        read = grid_mesh(unstructured, path)
        return Mesh(read.coords, read.cells, remarks)

    return Series(path, times, snapshot, mesh, notes=notes)


class _CellChanges:
    """Checksums of the cells of timesteps at which nodes are elsewhere than before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._coords: NDArray[Any] | None = None

    def checksum(self, grid: Any) -> int | None:
        """Return the checksum of the cells of a timestep; None where its nodes have stayed."""
        coords = np.asarray(grid.points)
        if self._coords is not None and np.array_equal(self._coords, coords):
            return None
        is_first = self._coords is None
        # A copy: a reader may write its next timestep into the same array.
        self._coords = np.array(coords)
        if is_first:
            return None
        return grid_mesh(grid.cast_to_unstructured_grid(), self._path).cells.checksum()


def pipeline_times(reader: Any) -> tuple[float, ...] | None:
    """Return the times that a reader announces to VTK's pipeline; None for a steady state."""
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

    information = reader.GetOutputInformation(0)
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return information.Get(key) if information.Has(key) else None


def distinct_times(path: Path, times: Sequence[float]) -> NDArray[np.float64]:
    """Return the times at which a reader of VTK is to read, as an array.

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


def _at_both_places(name: str) -> str:
    return f"{name}: at nodes and in cells: the values at nodes are taken"


def _at_nodes(grid: Any) -> dict[str, NDArray[Any]]:
    found = numbers(grid.GetPointData())
    for name, values in found.items():
        if len(values) != grid.n_points:
            raise ValueError(f"{len(values)} values of {name} at {grid.n_points} nodes")
    return found


def _means(grid: Any, of_cells: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return fields with values in cells at the nodes: the mean of the cells around each."""
    if not of_cells:
        return {}
    cells = grid.copy(deep=False)
    for name, values in of_cells.items():
        # VTK would round the means of whole numbers.
        if values.dtype.kind in "iu":
            cells.cell_data[name] = values.astype(np.float64)
    moved = numbers(cell_means(cells).GetPointData())
    lost = [name for name in of_cells if name not in moved]
    if lost:
        raise ValueError(f"VTK has no values at nodes for {listed(lost)} in cells")
    return {name: moved[name] for name in of_cells}


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


def _labels(data: Any) -> PredictionLabels | None:
    """Return the labels in field data; None for files of other programs."""
    # Asked first, as this is called at every timestep.
    if data.GetAbstractArray(DESIGN) is None:
        return None
    return PredictionLabels.of_arrays(field_data(data))


def _original(name: str, known: Container[str]) -> str:
    """Return the name that a field of a prediction has, where its file cannot hold that name."""
    whole_name = name.replace(SLASH, "/")
    return whole_name if whole_name in known else name


def _labelled_units(labels: PredictionLabels) -> dict[str, str]:
    """Return the units of the fields of a prediction, and of what belongs to them."""
    units: dict[str, str] = {}
    for whole_name, columns in whole_fields(labels.variables).items():
        for ending in ("", *_ENDINGS):
            name = f"{whole_name}{ending}"
            units[name] = labels.units[columns[0]]
            # XDMF has the components of symmetric tensors as fields of their own.
            for column in columns:
                component = labels.variables[column].removeprefix(whole_name)
                units[f"{name}{component}"] = labels.units[column]
    return units


@contextmanager
def strict(path: Path) -> Iterator[None]:
    """Turn exceptions of VTK's readers, and errors that VTK only reports, into one message."""
    catcher = reading_pyvista(path).VtkErrorCatcher(raise_errors=True, send_to_logging=False)
    with vtk_damage_reported(path), catcher:
        yield
