"""Writer of ParaView collections: a ``.pvd`` of ``.vtu`` grids, one per design and timestep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.export.export_format import ExportFormat
from simulgenvae.export.point_data import PointField, point_fields
from simulgenvae.export.target import safe_name
from simulgenvae.mesh.vtk import mesh_grid
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyvista
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh


def _files(path: Path) -> tuple[Path, ...]:
    return (path, series_folder(path))


def series_folder(path: Path) -> Path:
    """Return the folder with the grids of the collection ``NAME.pvd``: ``NAME_vtu``."""
    return path.with_name(f"{path.stem}_vtu")


def write_pvd(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write ``NAME.pvd`` and the folder ``NAME_vtu``.

    The folder has ``ID.pvd``, the transient of one design, and ``ID/0000.vtu`` … for every design;
    ``NAME.pvd`` shows all of them at once, as parts 0, 1, … of each timestep. Point data: as
    :func:`~simulgenvae.export.point_data` says, units as VTK's ``UNITS_LABEL``. Field data: novelty
    and expected error. Nodes without cells become vertices; missing coordinates are 0.

    Raises UserError when PyVista is not installed, when node positions are unknown, or when
    ``NAME_vtu`` is there and holds anything but such files.
    """
    folder = series_folder(path)
    _require_series(folder)
    grid = mesh_grid(mesh, f"{path.name}, as every .pvd,")
    series: list[tuple[str, list[str]]] = []
    times: NDArray[np.float64] = np.zeros(0)
    # The collection replaces the old one only after its folder: it never names missing files.
    with atomic_write(path) as collection, atomic_write(folder) as temporary:
        temporary.mkdir()
        # Names of folders, which must differ even for ids such as "a/b" and "a b".
        used: set[str] = set()
        for batch in batches:
            times = batch.times
            for index, run in enumerate(batch.ids):
                name = safe_name(run, used)
                files = _write_run(grid, batch, index, temporary / name)
                _write_collection(temporary / f"{name}.pvd", [(name, files)], times)
                series.append((f"{folder.name}/{name}", files))
        _write_collection(collection, series, times)


PARAVIEW = ExportFormat(name="ParaView collection", suffix=".pvd", write=write_pvd, paths=_files)


def _require_series(folder: Path) -> None:
    """Raise UserError when the folder has files that are not from an earlier collection."""
    # The whole folder is replaced, so nothing else may be in it.
    foreign = [
        file for file in folder.rglob("*") if not (file.is_dir() or file.suffix in {".vtu", ".pvd"})
    ]
    if folder.is_symlink() or foreign or (folder.exists() and not folder.is_dir()):
        what = foreign[0] if foreign else folder
        raise UserError(
            f"{what} is no file of an earlier prediction, so {folder} stays; choose another name"
        )


def _write_run(grid: pyvista.UnstructuredGrid, batch: Batch, index: int, folder: Path) -> list[str]:
    """Write one grid per timestep of one run, and return the names of their files."""
    folder.mkdir()
    for name, scores in batch.scores.items():
        grid.field_data[name] = scores[[index]]
    files = []
    fields = list(point_fields(batch, index))
    # One grid for all timesteps and designs: only its arrays change.
    for step in range(batch.times.size):
        for field in fields:
            _set_field(grid, field, step)
        file = folder / f"{step:04d}.vtu"
        file.write_text(_vtu(grid), encoding="utf-8")
        files.append(file.name)
    return files


def _set_field(grid: pyvista.UnstructuredGrid, field: PointField, step: int) -> None:
    from vtkmodules.vtkCommonCore import vtkDataArray

    name = _attribute(field.name)
    values = field.values[step]
    grid.point_data[name] = values[:, 0] if values.shape[1] == 1 else values
    if field.unit:
        grid.GetPointData().GetArray(name).GetInformation().Set(
            vtkDataArray.UNITS_LABEL(), _attribute(field.unit)
        )


def _attribute(name: str) -> str:
    """Return a name as the value of an XML attribute, as VTK does not escape it."""
    # Imported here, as it brings Python's web client.
    from xml.sax.saxutils import escape

    return escape(name, {'"': "&quot;"})


def _vtu(grid: pyvista.UnstructuredGrid) -> str:
    """Return the grid as the text of a compressed ``.vtu`` file.

    It is made in memory, because VTK ends the process when a disk is full.
    """
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

    writer = vtkXMLUnstructuredGridWriter()
    writer.SetInputData(grid)
    writer.SetDataModeToBinary()
    # The fastest level: that of VTK takes four times as long for files that are 5 % smaller.
    writer.SetCompressionLevel(1)
    writer.SetWriteToOutputString(True)
    writer.Write()
    return str(writer.GetOutputString())


def _write_collection(
    path: Path, series: Iterable[tuple[str, list[str]]], times: NDArray[np.float64]
) -> None:
    """Write a collection of files: one folder per part, one file per timestep."""
    from xml.sax.saxutils import quoteattr

    entries = []
    for part, (folder, files) in enumerate(series):
        for time, file in zip(times.tolist(), files, strict=True):
            name = quoteattr(f"{folder}/{file}")
            # repr keeps every digit of the time, so that equal times stay equal.
            entries.append(f'    <DataSet timestep="{time!r}" part="{part}" file={name}/>\n')
    with path.open("w", encoding="utf-8") as target:
        target.write('<?xml version="1.0"?>\n')
        target.write('<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n')
        target.writelines(["  <Collection>\n", *entries, "  </Collection>\n", "</VTKFile>\n"])
