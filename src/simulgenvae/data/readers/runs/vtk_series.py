"""Runs that VTK reads itself: its own files, ParaView collections, Exodus, OpenFOAM cases and those
of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.readers.runs.external_files import require_inside
from simulgenvae.data.readers.runs.integrity import HDF5
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, quiet_vtk

GRIDS = (".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti", ".vtm")
"""Files of one timestep."""
_NETCDF, _VTK = (b"CDF", HDF5), (b"<?xml", b"<VTKFile", b"# vtk")
CHECKED: dict[str, tuple[bytes, ...]] = {
    ".vtkhdf": (HDF5,),
    ".cgns": (HDF5,),
    ".case": (b"FORMAT", b"#", b"\n", b"\r\n"),
    ".xdmf": (b"<?xml", b"<Xdmf", b"<!DOC"),
    ".xmf": (b"<?xml", b"<Xdmf", b"<!DOC"),
    "d3plot": (b"",),  # begins with the title of the run
}
"""What files begin with whose readers are not to be trusted with damaged ones."""
BEGINNINGS = {".exo": _NETCDF, ".e": _NETCDF} | dict.fromkeys((*GRIDS, ".pvd"), _VTK) | CHECKED
"""What files of each kind begin with; the kind of a file is its ending, or its name where it has
none."""
_NUMBERING = re.compile("vtk|ObjectId$|(Global|Pedigree)(Node|Element)Id$|UserID$")
"""Names of what VTK's readers add: numbers of nodes and cells, no results."""
_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    AttributeError,
    UserWarning,
)
"""What VTK's and pyvista's readers raise on damaged files."""


def open_vtk(path: Path) -> Series:
    """A file of one of the kinds in :data:`BEGINNINGS`: a transient, or a single timestep at time
    0.

    Raises UserError when it is damaged, or refers to files outside of its folder.
    """
    pyvista = _pyvista(path)
    require_inside(path)
    with _damaged(path):
        reader: Any = pyvista.get_reader(path)
        timed = isinstance(reader, pyvista.TimeReader)
        times = np.array(reader.time_values if timed else [0.0], dtype=np.float64)

    def grid(step: int) -> Any:
        if timed:
            reader.set_active_time_point(step)
        return _whole(reader.read())

    return _series(path, times, grid)


def open_numbered(folder: Path, files: Sequence[Path]) -> Series:
    """Files of one timestep each; times are the numbers at the end of their names."""
    pyvista = _pyvista(folder)
    for file in files:
        require_inside(file)
    numbers = [re.search(r"(\d+(?:\.\d+)?)$", file.stem) for file in files]
    if len(files) > 1 and None in numbers:
        unnumbered = files[numbers.index(None)]
        raise UserError(
            f"{unnumbered}: the files of a run are its timesteps, and their names must end with "
            "numbers"
        )
    times = np.array([float(number[1]) if number else 0.0 for number in numbers])
    order = np.argsort(times, kind="stable")
    times, files = times[order], [files[index] for index in order]

    return _series(
        folder,
        times,
        lambda step: _whole(pyvista.read(files[step])),
        lambda step: _strict(files[step]),
    )


def open_checked(path: Path) -> Series:
    """A file of one of the kinds in :data:`CHECKED`. Damaged ones can end the process: see
    :mod:`careless`."""
    pyvista = _pyvista(path)
    require_inside(path)
    with _strict(path):
        reader = _checked_reader(path)
        reader.UpdateInformation()
        steps = _pipeline_times(reader)
    times = np.array([0.0] if steps is None else steps)

    def grid(step: int) -> Any:
        if hasattr(
            reader, "SetStep"
        ):  # vtkHDFReader takes the time itself for files of one block alone
            reader.SetStep(step)
        if steps is None:
            reader.Update()
        else:
            reader.UpdateTimeStep(times[step])
        data = pyvista.wrap(reader.GetOutputDataObject(0))
        if path.suffix.lower() == ".case":
            _require_variables(path, reader, data)
        return _whole(data)

    return _series(path, times, grid)


def _require_variables(path: Path, reader: Any, data: Any) -> None:
    """VTK's EnSight reader leaves out variables of damaged and missing files: UserError for
    these."""
    told = [reader.GetPointArrayName(number) for number in range(reader.GetNumberOfPointArrays())]
    told += [reader.GetCellArrayName(number) for number in range(reader.GetNumberOfCellArrays())]
    found = {
        name for block in data.recursive_iterator(skip_none=True) for name in block.array_names
    }
    missing = [name for name in told if name not in found]
    if missing:
        raise UserError(
            f"{path}: the files of {', '.join(missing)} are missing, truncated or damaged"
        )


def _checked_reader(path: Path) -> Any:
    """VTK's own reader: PyVista knows no times of some of these kinds."""
    if path.name == "d3plot":
        from vtkmodules.vtkIOLSDyna import vtkLSDynaReader

        reader = vtkLSDynaReader()
        reader.SetDatabaseDirectory(str(path.parent))
        reader.DeformedMeshOff()  # where the nodes go is a field
        return reader
    wrapped: Any = _pyvista(path).get_reader(
        path, force_ext={".xmf": ".xdmf"}.get(path.suffix.lower(), path.suffix.lower())
    )
    if path.suffix.lower() == ".cgns":
        wrapped.load_boundary_patch = False  # faces of cells that are there already
    return wrapped.reader


def _pipeline_times(reader: Any) -> tuple[float, ...] | None:
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

    information, key = reader.GetOutputInformation(0), vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return information.Get(key) if information.Has(key) else None


def open_openfoam(case: Path) -> Series:
    """An OpenFOAM case: its internal mesh, with point values that OpenFOAM's cells give their
    corners.

    A case that was solved in parts and not put together is read from its ``processor`` folders.
    """
    pyvista = _pyvista(case)
    together, parts = (_has_times(folder) for folder in (case, case / "processor0"))
    if not (together or parts):
        raise UserError(f"{case}: an OpenFOAM case without times: has it been solved?")
    with _damaged(case):
        reader: Any = pyvista.POpenFOAMReader(case / "system/controlDict")
        reader.case_type = "reconstructed" if together else "decomposed"
        reader.skip_zero_time = False
        reader.cell_to_point_creation = True
        reader.disable_all_patch_arrays()
        reader.enable_patch_array("internalMesh")
        times = np.array(reader.time_values, dtype=np.float64)

    def grid(step: int) -> Any:
        reader.set_active_time_point(step)
        return reader.read()["internalMesh"]

    return _series(case, times, grid, lambda _: _damaged(case))


def _has_times(folder: Path) -> bool:
    """Whether a case, or a part of one, has results beyond those of the start."""
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return any(re.fullmatch(r"[\d.]+(e[-+]?\d+)?", name) and float(name) > 0 for name in names)


def _series(
    path: Path,
    times: NDArray[np.float64],
    grid: Callable[[int], Any],
    guard: Callable[[int], AbstractContextManager[None]] | None = None,
) -> Series:
    """A run whose ``grid`` VTK reads, step by step, under a guard that names what is damaged: by
    default ``path``, and all that VTK reports."""
    guarded = guard or (lambda _: _strict(path))

    def snapshot(step: int) -> Snapshot:
        with guarded(step):
            data = grid(step)
            return Snapshot(np.asarray(data.points), _point_fields(data), _units(data))

    def mesh() -> Mesh:
        with guarded(0):
            unstructured = grid(0).cast_to_unstructured_grid()
        return grid_mesh(unstructured, path)

    return Series(path, times, snapshot, mesh)


def _whole(data: Any) -> Any:
    """Blocks put together, nodes of one after those of the other."""
    if not (hasattr(data, "combine") and hasattr(data, "n_blocks")):
        return data
    alone = data.n_blocks == 1 and hasattr(data[0], "n_points")
    return data[0] if alone else data.combine()


def _point_fields(grid: Any) -> dict[str, NDArray[Any]]:
    """Numbers at nodes; what is known of cells alone becomes the mean of the cells around a
    node."""
    found = _numbers(grid.GetPointData())
    for name, values in found.items():
        if len(values) != grid.n_points:
            raise ValueError(f"{len(values)} values of {name} at {grid.n_points} nodes")
    of_cells = [name for name in _numbers(grid.GetCellData()) if name not in found]
    if of_cells:
        moved = _numbers(grid.cell_data_to_point_data().GetPointData())
        found |= {name: moved[name] for name in of_cells}
    return found


def _numbers(data: Any) -> dict[str, NDArray[Any]]:
    """The arrays of nodes or cells that hold numbers, but for what VTK adds itself. PyVista's own
    way is slower."""
    from vtkmodules.util import numpy_support

    as_numpy: Callable[[Any], NDArray[Any]] = numpy_support.vtk_to_numpy
    arrays = (data.GetArray(index) for index in range(data.GetNumberOfArrays()))  # None for texts
    found = {
        array.GetName(): as_numpy(array)
        for array in arrays
        if array is not None and array.GetName()
    }
    return {name: values for name, values in found.items() if not _NUMBERING.match(name)}


def _units(grid: Any) -> dict[str, str]:
    """Of the fields at nodes that say theirs."""
    from vtkmodules.vtkCommonCore import vtkDataArray

    data, key = grid.GetPointData(), vtkDataArray.UNITS_LABEL()
    arrays = [data.GetAbstractArray(index) for index in range(data.GetNumberOfArrays())]
    known = [
        array for array in arrays if array.HasInformation() and array.GetInformation().Has(key)
    ]
    return {array.GetName(): array.GetInformation().Get(key).strip() for array in known}


def _pyvista(path: Path) -> Any:
    return import_pyvista(f"{path}: reading it")


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """What VTK says of a damaged file, in the user's words."""
    try:
        with quiet_vtk():
            yield
    except _ERRORS as error:
        said = re.sub(r"ERROR: In .*\n\S+ \(0x\w+\): ", "", str(error)).split("\n")[
            0
        ]  # not where in VTK's program
        reason = (
            "truncated or damaged"
            if isinstance(error, UserWarning)
            else f"{type(error).__name__}: {said}"
        )
        raise UserError(f"{path}: cannot be read: {reason}") from error


@contextmanager
def _strict(path: Path) -> Iterator[None]:
    """As :func:`_damaged`, and what VTK reports, before it goes on without it, is an error too."""
    with _damaged(path), _pyvista(path).VtkErrorCatcher(raise_errors=True, send_to_logging=False):
        yield
