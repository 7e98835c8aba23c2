"""OpenFOAM cases, read by VTK.

Tested in tests/data/readers/runs/test_openfoam.py.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.runs.pieces import Whole, merge_nodes
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.sets_by_place import with_sets_at
from simulgenvae.data.readers.runs.vtk_series import reading_pyvista, vtk_run
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import vtk_damage_reported
from simulgenvae.mesh.vtk_cells import from_vtk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import Series
    from simulgenvae.mesh.mesh import Mesh


_MESH = "internalMesh"
"""Name of the block with the cells."""
_HEAD_BYTES = 4000
"""Bytes of a text file that are read at once; the header of a file of points ends in them."""


def is_openfoam(folder: Path) -> bool:
    """Return whether a folder is an OpenFOAM case."""
    return (folder / "system/controlDict").is_file()


def open_openfoam(case: Path) -> Series:
    """Open the internal mesh of a case, with values of cells interpolated to their corners.

    Its patches are sets: the nodes of their faces.

    A case that was solved in parallel and not reconstructed is read from its ``processor`` folders,
    whose nodes at the same positions become one, with the mean of the cells around it.

    Raises UserError when it has no times, or is damaged.
    """
    pyvista = reading_pyvista(case)
    reconstructed = _has_times(case)
    if not (reconstructed or _has_times(case / "processor0")):
        raise UserError(f"{case}: an OpenFOAM case without times: has it been solved?")
    for part in [case] if reconstructed else case.glob("processor*"):
        _require_whole_boundary(part / "constant/polyMesh/boundary")
    with vtk_damage_reported(case):
        reader = _reader(case, reconstructed=reconstructed)
        times = from_vtk(reader.GetTimeValues()).astype(np.float64)

    def grid(step: int) -> Any:
        reader.UpdateTimeStep(times[step])
        mesh = pyvista.UnstructuredGrid(_block(reader.GetOutput(), _MESH))
        # VTK reports a damaged field on its console only, and continues without it.
        arrays = mesh.GetCellData()
        for name in map(reader.GetCellArrayName, range(reader.GetNumberOfCellArrays())):
            if arrays.HasArray(name):
                continue
            folder = _time_folder(case if reconstructed else case / "processor0", times[step])
            if _is_there(folder / name):
                raise UserError(f"{folder / name}: cannot be read: truncated or damaged")
        return mesh if reconstructed else _merged(case, mesh)

    # Not strict: what VTK only reports of a case is not taken for damage.
    series = vtk_run(case, times, grid, lambda _: vtk_damage_reported(case), from_cells=True)

    def mesh() -> Mesh:
        found = series.mesh()
        with vtk_damage_reported(case):
            return with_sets_at(found, _patches(case, times[0], reconstructed=reconstructed))

    return replace(series, mesh=mesh)


def _require_whole_boundary(file: Path) -> None:
    """Raise UserError where a list of patches is cut off or has lost a brace.

    VTK's reader then reads past the end: mostly it ends its process, and sometimes it goes on.
    """
    if not file.is_file():
        return
    open_braces = 0
    with file.open("rb") as stream:
        while block := stream.read(_HEAD_BYTES):
            open_braces += block.count(b"{") - block.count(b"}")
    if open_braces:
        raise UserError(f"{file}: cannot be read: its braces do not match, it is damaged")


def _reader(case: Path, *, reconstructed: bool) -> Any:
    """Return VTK's reader of a case, which knows the times and the names of the fields."""
    from vtkmodules.vtkIOParallel import vtkPOpenFOAMReader

    # Not PyVista's, which reads the case again after each of these choices, and copies each
    # timestep: as slow as a small timestep.
    reader: Any = vtkPOpenFOAMReader()
    reader.SetFileName(str(case / "system/controlDict"))
    reader.SetCaseType(reader.RECONSTRUCTED_CASE if reconstructed else reader.DECOMPOSED_CASE)
    reader.SkipZeroTimeOff()
    reader.CreateCellToPointOn()
    reader.UpdateInformation()
    # Patches are boundary faces, whose nodes the internal mesh has already.
    reader.DisableAllPatchArrays()
    reader.SetPatchArrayStatus(_MESH, 1)
    return reader


def _patches(case: Path, time: float, *, reconstructed: bool) -> dict[str, NDArray[Any]]:
    """Return the positions of the nodes of each patch.

    VTK leaves out the patches between the parts of a case that processors solve.
    """
    reader = _reader(case, reconstructed=reconstructed)
    # Only positions are needed: values would take the memory of a timestep.
    reader.DisableAllCellArrays()
    reader.DisableAllPointArrays()
    reader.EnableAllPatchArrays()
    reader.SetPatchArrayStatus(_MESH, 0)
    reader.UpdateTimeStep(time)
    found: dict[str, NDArray[Any]] = {}
    for blocks in _named_blocks(reader.GetOutput()).values():
        if hasattr(blocks, "GetNumberOfBlocks"):
            for name, patch in _named_blocks(blocks).items():
                if patch.GetNumberOfPoints():
                    found[name] = from_vtk(patch.GetPoints().GetData())
    return found


def _named_blocks(blocks: Any) -> dict[str, Any]:
    """Return VTK's blocks by their names, without empty ones."""
    found = {}
    for number in range(blocks.GetNumberOfBlocks()):
        if blocks.GetBlock(number) is not None and blocks.HasMetaData(number):
            found[blocks.GetMetaData(number).Get(blocks.NAME()) or ""] = blocks.GetBlock(number)
    return found


def _block(blocks: Any, name: str) -> Any:
    """Return VTK's block of a name; raise KeyError when there is none."""
    for number in range(blocks.GetNumberOfBlocks()):
        if blocks.GetMetaData(number).Get(blocks.NAME()) == name:
            return blocks.GetBlock(number)
    raise KeyError(name)


def _time_folder(case: Path, time: float) -> Path:
    """Return the folder of a time; its name may have fewer digits than the number."""
    names = [entry.name for entry in case.iterdir() if is_time(entry.name)]
    return case / min(names, key=lambda name: abs(float(name) - time))


def _is_there(field: Path) -> bool:
    """Return whether the file of a field exists, compressed or not."""
    return field.is_file() or field.with_name(f"{field.name}.gz").is_file()


def is_time(name: str) -> bool:
    """Return whether a folder of this name is a time."""
    return re.fullmatch(r"[\d.]+(e[-+]?\d+)?", name) is not None


def _merged(case: Path, mesh: Any) -> Whole:
    """Return the mesh of a decomposed case, one part after another, with shared nodes once."""
    counts = [_points(part) for part in sorted(case.glob("processor*"), key=_number)]
    if sum(counts) != mesh.n_points:
        return Whole(
            mesh,
            (f"nodes that the {len(counts)} parts of the case share are stored once in each part",),
        )
    piece = np.repeat(np.arange(len(counts)), counts)
    return merge_nodes(mesh, piece, means_of_cells=True)


def _number(part: Path) -> int:
    digits = part.name.removeprefix("processor")
    return int(digits) if digits.isdigit() else -1


def _points(part: Path) -> int:
    """Return the number of points of a part of the mesh; 0 where the file does not say."""
    file = part / "constant/polyMesh/points"
    packed = file.with_name("points.gz")
    if file.is_file():
        with file.open("rb") as plain:
            head = plain.read(_HEAD_BYTES)
    elif packed.is_file():
        with gzip.open(packed) as unpacked:
            head = unpacked.read(_HEAD_BYTES)
    else:
        return 0
    # The number is the first line after the header that has nothing else.
    found = re.search(rb"^\s*(\d+)\s*$", head[head.find(b"}") :], re.MULTILINE)
    return int(found[1]) if found else 0


def _has_times(folder: Path) -> bool:
    """Return whether a case, or a processor's part of one, has results after the start."""
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return any(is_time(name) and float(name) > 0 for name in names)


OPENFOAM = RunFormat(
    name="OpenFOAM", open=open_openfoam, is_case=is_openfoam, isolated=True, extra="mesh"
)
