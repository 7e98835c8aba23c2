"""Files that VTK's own reader classes open: VTKHDF, CGNS, EnSight, XDMF and LS-DYNA.

Damaged ones can end the process, so all of these formats are isolated: see
:mod:`~simulgenvae.data.readers.runs.vtk_subprocess`.

Tested in tests/data/readers/runs/test_vtkhdf.py, test_cgns.py, test_ensight.py, test_xdmf.py and
test_lsdyna.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.runs.external_files import (
    check_case,
    check_d3plot,
    check_hdf5,
    check_xdmf,
)
from simulgenvae.data.readers.runs.integrity import HDF5
from simulgenvae.data.readers.runs.pieces import wrapped
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.vtk_series import (
    reading_pyvista,
    strict,
    vtk_run,
)
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Series


def open_vtkhdf(path: Path) -> Series:
    """Open a VTKHDF file."""
    return _open(path, lambda: _pyvista_reader(path, ".vtkhdf").reader)


def open_cgns(path: Path) -> Series:
    """Open the first base of a CGNS file, without its boundary patches."""

    def reader() -> Any:
        wrapped = _pyvista_reader(path, ".cgns")
        # Patches are faces of cells that are read already: their nodes would be there twice.
        wrapped.load_boundary_patch = False
        return wrapped.reader

    return _open(path, reader)


def open_ensight(path: Path) -> Series:
    """Open an EnSight case."""
    return _open(path, lambda: _pyvista_reader(path, ".case").reader, _require_variables)


def open_xdmf(path: Path) -> Series:
    """Open an XDMF file."""
    return _open(path, lambda: _pyvista_reader(path, ".xdmf").reader)


def open_d3plot(path: Path) -> Series:
    """Open the results of LS-DYNA, ``d3plot`` and the files that follow it."""

    def reader() -> Any:
        from vtkmodules.vtkIOLSDyna import vtkLSDynaReader

        found = vtkLSDynaReader()
        found.SetDatabaseDirectory(str(path.parent))
        # The mesh stays as it is before deformation, and the displacement is a field.
        found.DeformedMeshOff()
        # Elements that the solver deletes stay: otherwise the mesh would change during the run.
        found.RemoveDeletedCellsOff()
        return found

    return _open(path, reader)


def _pyvista_reader(path: Path, suffix: str) -> Any:
    """Return PyVista's wrapper of a reader; its class for times knows not all of these formats."""
    return reading_pyvista(path).get_reader(path, force_ext=suffix)


def _open(
    path: Path,
    make_reader: Callable[[], Any],
    check_grid: Callable[[Path, Any, Any], None] | None = None,
) -> Series:
    """Open a file with a reader of VTK; ``check_grid`` is called with reader and grid."""
    reading_pyvista(path)
    # Only the metadata are read here: the values follow timestep by timestep.
    with strict(path):
        reader = make_reader()
        reader.UpdateInformation()
        steps = _pipeline_times(reader)
    times = np.array([0.0] if steps is None else steps)

    def grid(step: int) -> Any:
        # vtkHDFReader itself takes a time only for files of one block.
        if hasattr(reader, "SetStep"):
            reader.SetStep(step)
        if steps is None:
            reader.Update()
        else:
            reader.UpdateTimeStep(times[step])
        data = wrapped(reader.GetOutputDataObject(0))
        if check_grid is not None:
            check_grid(path, reader, data)
        return data

    return vtk_run(path, times, grid)


def _pipeline_times(reader: Any) -> tuple[float, ...] | None:
    """Return the times that a reader announces to VTK's pipeline; None for a steady state."""
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

    information = reader.GetOutputInformation(0)
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return information.Get(key) if information.Has(key) else None


def _require_variables(path: Path, reader: Any, data: Any) -> None:
    """Raise UserError when variables of an EnSight case were left out.

    VTK's reader does so where their files are damaged or missing.
    """
    announced = [reader.GetPointArrayName(k) for k in range(reader.GetNumberOfPointArrays())]
    announced += [reader.GetCellArrayName(k) for k in range(reader.GetNumberOfCellArrays())]
    found: set[str] = set()
    for block in data.recursive_iterator(skip_none=True):
        found.update(block.array_names)
    missing = [name for name in announced if name not in found]
    if missing:
        raise UserError(
            f"{path}: the files of {', '.join(missing)} are missing, truncated or damaged"
        )


VTKHDF = RunFormat(
    name="VTKHDF",
    open=open_vtkhdf,
    suffixes=(".vtkhdf",),
    first_bytes=(HDF5,),
    check=check_hdf5,
    isolated=True,
    extra="mesh",
)
CGNS = RunFormat(
    name="CGNS",
    open=open_cgns,
    suffixes=(".cgns",),
    first_bytes=(HDF5,),
    check=check_hdf5,
    isolated=True,
    extra="mesh",
)
ENSIGHT = RunFormat(
    name="EnSight",
    open=open_ensight,
    suffixes=(".case",),
    first_bytes=(b"FORMAT", b"#", b"\n", b"\r\n"),
    check=check_case,
    isolated=True,
    extra="mesh",
)
XDMF = RunFormat(
    name="XDMF",
    open=open_xdmf,
    suffixes=(".xdmf", ".xmf"),
    first_bytes=(b"<?xml", b"<Xdmf", b"<!DOC"),
    check=check_xdmf,
    isolated=True,
    extra="mesh",
)
# A d3plot starts with the title of the run, which may be any text.
LSDYNA = RunFormat(
    name="LS-DYNA",
    open=open_d3plot,
    suffixes=("d3plot",),
    check=check_d3plot,
    isolated=True,
    extra="mesh",
)
