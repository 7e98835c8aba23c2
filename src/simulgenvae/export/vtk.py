"""Writer of ParaView collections: one design as a ``.pvd`` of ``.vtu`` grids, one per timestep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.export.export_format import ExportFormat
from simulgenvae.export.field_data import field_data
from simulgenvae.export.point_data import PointField, point_fields
from simulgenvae.export.positions import Positions
from simulgenvae.export.vtk_polyhedra import face_elements, with_faces, without_faces
from simulgenvae.mesh.vtk import mesh_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import pyvista
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh


def _paths(path: Path) -> tuple[Path, ...]:
    return (path, series_folder(path))


def series_folder(path: Path) -> Path:
    """Return the folder with the grids of the collection ``NAME.pvd``: ``NAME_vtu``."""
    return path.with_name(f"{path.stem}_vtu")


def write_pvd(batch: Batch, index: int, mesh: Mesh, path: Path) -> None:
    """Write the design ``index`` of a batch as ``NAME.pvd`` and the folder ``NAME_vtu``.

    The folder has ``0000.vtu`` …, one for each timestep. Point data: as
    :func:`~simulgenvae.export.point_data` says, units as VTK's ``UNITS_LABEL``. Field data: those
    of :func:`~simulgenvae.export.field_data.field_data`, and the time. Nodes without cells become
    vertices; missing coordinates are 0. Nodes of a mesh that moves are where they are predicted.
    Faces of polyhedra are in the layout of :mod:`~simulgenvae.export.vtk_polyhedra`.

    Raises UserError when PyVista is not installed, or when node positions are unknown.
    """
    grid = mesh_grid(mesh, f"{path.name}, as every .pvd,")
    folder = series_folder(path)
    folder.mkdir()
    for name, values in field_data(batch, index, mesh).items():
        _add_field_data(grid, name, values)
    fields = list(point_fields(batch, index))
    positions = Positions(batch, index, grid.points)
    faces = face_elements(mesh.cells)
    if faces:
        without_faces(grid)
    files = []
    # One grid for all timesteps: only its arrays change, and its points where they move.
    for step, time in enumerate(batch.times.tolist()):
        # The name by which VTK's readers know the time of a file.
        _add_field_data(grid, "TimeValue", (time,))
        if positions.move:
            grid.points = positions(step)
        for field in fields:
            _set_field(grid, field, step)
        file = folder / f"{step:04d}.vtu"
        text = _vtu(grid)
        file.write_text(with_faces(text, faces) if faces else text, encoding="utf-8")
        files.append(f"{folder.name}/{file.name}")
    _write_collection(path, files, batch.times)


PARAVIEW = ExportFormat(
    name="ParaView collection",
    suffix=".pvd",
    write_one=write_pvd,
    paths=_paths,
    files=lambda steps: 1 + steps,
)


def _add_field_data(
    grid: pyvista.UnstructuredGrid, name: str, values: Sequence[float | str]
) -> None:
    # PyVista takes no texts with letters such as those of µm.
    from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

    is_text = any(isinstance(value, str) for value in values)
    array = vtkStringArray() if is_text else vtkDoubleArray()
    array.SetName(_attribute(name))
    for value in values:
        array.InsertNextValue(value)  # type: ignore[arg-type]
    grid.GetFieldData().AddArray(array)


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


def _write_collection(path: Path, files: Sequence[str], times: NDArray[np.float64]) -> None:
    """Write a collection of one file per timestep."""
    from xml.sax.saxutils import quoteattr

    entries = []
    for time, file in zip(times.tolist(), files, strict=True):
        # repr keeps every digit of the time, so that equal times stay equal.
        entries.append(f'    <DataSet timestep="{time!r}" part="0" file={quoteattr(file)}/>\n')
    with path.open("w", encoding="utf-8") as target:
        target.write('<?xml version="1.0"?>\n')
        target.write('<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n')
        target.writelines(["  <Collection>\n", *entries, "  </Collection>\n", "</VTKFile>\n"])
