"""Files that PyVista opens: VTK's own, ParaView collections and Exodus.

Damaged ones can end the process, so all of these formats are isolated, too.

Tested in tests/data/readers/runs/test_folder.py and test_multiblock.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulgenvae.data.readers.runs.block_choice import BlockChoice
from simulgenvae.data.readers.runs.exodus_sets import set_places
from simulgenvae.data.readers.runs.external_files import check_collection, check_hdf5
from simulgenvae.data.readers.runs.integrity import HDF5
from simulgenvae.data.readers.runs.legacy_text import require_complete_legacy
from simulgenvae.data.readers.runs.naming_files import PIECES
from simulgenvae.data.readers.runs.pieces import Whole, read_pieces, whole
from simulgenvae.data.readers.runs.run_files import (
    RunFiles,
    collection_files,
    folder_files,
    frame_files,
)
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.sets_by_place import with_sets_at
from simulgenvae.data.readers.runs.vtk_series import (
    distinct_times,
    pipeline_times,
    reading_pyvista,
    strict,
    vtk_run,
)
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import vtk_damage_reported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Series
    from simulgenvae.mesh.mesh import Mesh


def open_vtk(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open a file with a single timestep, a steady run at time 0; or blocks that are timesteps.

    Raises UserError when it is damaged.
    """
    return open_timesteps(path, [path], blocks)


def open_collection(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open a ParaView collection.

    Raises UserError when it is damaged, or names no files.
    """
    return _open_files(path, collection_files(path), blocks)


def open_timesteps(
    folder: Path, files: Sequence[Path], blocks: Sequence[str] | None = None
) -> Series:
    """Open files of one timestep each.

    Raises UserError when they are several series, or nothing distinguishes their timesteps.
    """
    # Blocks that the user names are parts of one mesh.
    is_blocks = len(files) == 1 and files[0].suffix.lower() == ".vtm" and blocks is None
    run = frame_files(files[0]) if is_blocks else None
    return _open_files(folder, run or folder_files(folder, files), blocks)


def open_exodus(path: Path, blocks: Sequence[str] | None = None) -> Series:
    """Open an Exodus file, with its node sets and side sets.

    Raises UserError when it is damaged, or holds a mesh without timesteps.
    """
    pyvista = reading_pyvista(path)

    def mesh_reader() -> Any:
        found: Any = pyvista.get_reader(path)
        # Nodes stay where the mesh has them: displacements are fields.
        found.reader.SetApplyDisplacements(False)
        return found

    with vtk_damage_reported(path):
        reader = mesh_reader()
        reader.reader.UpdateInformation()
        known = pipeline_times(reader.reader)
    if known is None:
        raise UserError(
            f"{path}: a mesh without timesteps: has the solver stopped before its first output, or "
            "does it hold only the mesh?"
        )
    times = distinct_times(path, known)
    choose = BlockChoice(path, blocks)

    def grid(step: int) -> Any:
        reader.set_active_time_value(times[step])
        return choose(reader.read())

    series = vtk_run(path, times, grid, notes=lambda: choose.notes)

    def mesh() -> Mesh:
        found = series.mesh()
        with vtk_damage_reported(path):
            return with_sets_at(found, set_places(mesh_reader().reader))

    return replace(series, mesh=mesh)


def _open_files(path: Path, run: RunFiles, blocks: Sequence[str] | None) -> Series:
    """Return the run whose timesteps are these files, each of one or of several parts."""
    pyvista = reading_pyvista(path)
    choose = BlockChoice(path, blocks)

    def grid(step: int) -> Any:
        files = run.files[step]
        if len(files) == 1:
            # `guard` below is strict about a single file.
            (file,) = files.values()
            require_complete_legacy(file)
            found = whole(read_pieces(_reader(file)))
        else:
            parts: dict[str, Whole] = {}
            for name, file in files.items():
                require_complete_legacy(file)
                with strict(file):
                    parts[name] = whole(read_pieces(_reader(file)))
            remarks = tuple(remark for part in parts.values() for remark in part.remarks)
            found = Whole(pyvista.MultiBlock({n: part.grid for n, part in parts.items()}), remarks)
        return Whole(choose(found.grid), found.remarks)

    def guard(step: int) -> AbstractContextManager[None]:
        return strict(next(iter(run.files[step].values())))

    def notes() -> list[str]:
        return [*run.notes, *run.check(), *choose.notes]

    return vtk_run(path, run.times, grid, guard, notes=notes)


def _reader(file: Path) -> Any:
    """Return VTK's own reader of a ``.vtu`` file, PyVista's of any other.

    The most usual format is read a twentieth faster without PyVista, which adds nothing to it.
    """
    if file.suffix.lower() != ".vtu":
        return reading_pyvista(file).get_reader(file)
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

    reader: Any = vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(file))
    return reader


_XML_OR_LEGACY = (b"<?xml", b"<VTKFile", b"# vtk")

EXODUS = RunFormat(
    name="Exodus",
    open=open_exodus,
    suffixes=(".exo", ".e"),
    first_bytes=(b"CDF", HDF5),
    check=check_hdf5,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
VTK = RunFormat(
    name="VTK",
    open=open_vtk,
    suffixes=(".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti"),
    first_bytes=_XML_OR_LEGACY,
    open_timesteps=open_timesteps,
    check=check_collection,
    isolated=True,
    extra="mesh",
)
VTK_PIECES = RunFormat(
    name="VTK pieces",
    open=open_vtk,
    suffixes=PIECES,
    first_bytes=_XML_OR_LEGACY,
    open_timesteps=open_timesteps,
    has_pieces=True,
    check=check_collection,
    isolated=True,
    extra="mesh",
)
VTK_BLOCKS = RunFormat(
    name="VTK multiblock",
    open=open_vtk,
    suffixes=(".vtm",),
    first_bytes=_XML_OR_LEGACY,
    open_timesteps=open_timesteps,
    has_pieces=True,
    check=check_collection,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
PARAVIEW = RunFormat(
    name="ParaView collection",
    open=open_collection,
    suffixes=(".pvd", ".series"),
    first_bytes=(*_XML_OR_LEGACY, b"{"),
    has_pieces=True,
    check=check_collection,
    isolated=True,
    has_blocks=True,
    extra="mesh",
)
