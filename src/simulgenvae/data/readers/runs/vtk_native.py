"""Files that VTK's own reader classes open: VTKHDF, CGNS, EnSight, XDMF and LS-DYNA.

Damaged ones can end the process, so all of these formats are isolated: see
:mod:`~simulgenvae.data.readers.runs.vtk_subprocess`.

Tested in tests/data/readers/runs/test_vtkhdf.py, test_cgns.py, test_ensight.py, test_xdmf.py and
test_lsdyna.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulgenvae.data.readers.runs.block_choice import BlockChoice
from simulgenvae.data.readers.runs.cgns_content import check_content
from simulgenvae.data.readers.runs.ensight_case import VariableTimes
from simulgenvae.data.readers.runs.ensight_names import plain_case
from simulgenvae.data.readers.runs.external_files import (
    ADF,
    check_case,
    check_cgns,
    check_d3plot,
    check_hdf5,
    check_xdmf,
)
from simulgenvae.data.readers.runs.integrity import HDF5
from simulgenvae.data.readers.runs.pieces import Whole, whole, wrapped
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.vtk_series import (
    distinct_times,
    pipeline_times,
    reading_pyvista,
    strict,
    vtk_run,
)
from simulgenvae.data.readers.runs.xdmf import plain_xdmf
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from simulgenvae.data.prediction_labels import PredictionLabels
    from simulgenvae.data.readers.runs.series import Series


def open_vtkhdf(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open a VTKHDF file."""
    return _open(path, lambda: _pyvista_reader(path, ".vtkhdf").reader, blocks)


def open_cgns(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open the first base of a CGNS file, without its boundary patches."""

    def reader() -> Any:
        wrapped = _pyvista_reader(path, ".cgns")
        # Patches are faces of cells that are read already: their nodes would be there twice.
        wrapped.load_boundary_patch = False
        return wrapped.reader

    return _open(path, reader, blocks, remarks=check_content(path))


def open_ensight(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open an EnSight case."""
    case = plain_case(path)
    written = VariableTimes(case)

    def check_grid(reader: Any, data: Any, time: float) -> None:
        written.correct(data, time)
        _require_variables(path, reader, data, written, time)

    return _open(path, lambda: _pyvista_reader(case.path, ".case").reader, blocks, check_grid)


def open_xdmf(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open an XDMF file."""
    plain = plain_xdmf(path)

    def reader() -> Any:
        from vtkmodules.vtkIOXdmf2 import vtkXdmfReader

        found = vtkXdmfReader()
        found.SetReadFromInputString(True)
        found.SetInputString(plain.text)
        return found

    return _open(path, reader, blocks, notes=plain.notes, labels=plain.labels)


def open_d3plot(path: Path, blocks: Sequence[str] | None = None) -> Series:
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

    remarks = []
    if not any(path.parent.glob("d3plot[0-9]*")):
        remarks.append(
            "all states are in d3plot itself, as converters write it: whether the last one is "
            "complete is not known"
        )
    return _open(path, reader, blocks, remarks=remarks)


def _pyvista_reader(path: Path, suffix: str) -> Any:
    """Return PyVista's wrapper of a reader; its class for times knows not all of these formats."""
    return reading_pyvista(path).get_reader(path, force_ext=suffix)


def _open(
    path: Path,
    make_reader: Callable[[], Any],
    blocks: Sequence[str] | None,
    check_grid: Callable[[Any, Any, float], None] | None = None,
    notes: Sequence[str] = (),
    remarks: Sequence[str] = (),
    labels: PredictionLabels | None = None,
) -> Series:
    """Open a file with a reader of VTK; ``check_grid`` is called with reader, grid and time."""
    reading_pyvista(path)
    # Only the metadata are read here: the values follow timestep by timestep.
    with strict(path):
        reader = make_reader()
        reader.UpdateInformation()
        steps = pipeline_times(reader)
    times = distinct_times(path, [0.0] if steps is None else steps)
    choose = BlockChoice(path, blocks)

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
            check_grid(reader, data, float(times[step]))
        found = whole(data)
        return Whole(choose(found.grid), found.remarks)

    return vtk_run(
        path,
        times,
        grid,
        notes=lambda: [*notes, *choose.notes],
        remarks=remarks,
        labels=labels,
    )


def _require_variables(
    path: Path, reader: Any, data: Any, written: VariableTimes, time: float
) -> None:
    """Raise UserError when variables of an EnSight case were left out.

    VTK's reader does so where their files are damaged or missing.
    """
    announced = [reader.GetPointArrayName(k) for k in range(reader.GetNumberOfPointArrays())]
    announced += [reader.GetCellArrayName(k) for k in range(reader.GetNumberOfCellArrays())]
    found: set[str] = set()
    for block in data.recursive_iterator(skip_none=True):
        found.update(block.array_names)
    names = [written.original(name) for name in announced]
    missing = [name for name in names if name not in found and written.has(name, time)]
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
    has_blocks=True,
    extra="mesh",
)
CGNS = RunFormat(
    name="CGNS",
    open=open_cgns,
    suffixes=(".cgns",),
    first_bytes=(HDF5, ADF),
    check=check_cgns,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
ENSIGHT = RunFormat(
    name="EnSight",
    open=open_ensight,
    suffixes=(".case", ".encas"),
    first_bytes=(b"FORMAT", b"#", b"\n", b"\r\n"),
    check=check_case,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
XDMF = RunFormat(
    name="XDMF",
    open=open_xdmf,
    suffixes=(".xdmf", ".xmf"),
    first_bytes=(b"<?xml", b"<Xdmf", b"<!DOC"),
    check=check_xdmf,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
# A d3plot starts with the title of the run, which may be any text.
LSDYNA = RunFormat(
    name="LS-DYNA",
    open=open_d3plot,
    suffixes=("d3plot",),
    check=check_d3plot,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
