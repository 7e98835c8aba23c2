"""Time inside a VTK file: field data ``TimeValue`` (VTK, foamToVTK) or ``TIME`` (deal.II, VisIt).

Only the beginning of a file is read, as a run may have thousands of large files.

Tested in tests/data/readers/runs/test_file_times.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.mesh.vtk import import_pyvista, quiet_vtk

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 2**16
"""Bytes at the beginning of a file that are searched: writers put field data before the mesh."""
_TAIL = 2**13
"""Bytes at its end: some writers put field data behind the mesh."""
_NAMES = ("TimeValue", "TIME", "Time", "time")
_IN_XML = re.compile(rb'Name="(TimeValue|TIME|Time|time)"')
_IN_LEGACY = re.compile(rb"\n(?:TimeValue|TIME|Time|time) 1 1 (\w+)\s*\n")
_LEGACY_TYPES = {b"double": ">f8", b"float": ">f4", b"int": ">i4", b"vtktypeint64": ">i8"}


def time_inside(path: Path) -> float | None:
    """Return the time that a VTK file says that it has; None where it says none.

    A damaged file has none here; it is refused when it is read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if head.startswith(b"# vtk"):
            return _legacy_time(head)
        tail = b""
        if b"</VTKFile>" not in head:
            file.seek(-min(_TAIL, file.seek(0, 2)), 2)
            tail = file.read()
    if _IN_XML.search(head) is None and (b"FieldData" not in tail or not _IN_XML.search(tail)):
        return None
    return _xml_time(path, head)


def _legacy_time(head: bytes) -> float | None:
    found = _IN_LEGACY.search(head)
    if found is None:
        return None
    kind = _LEGACY_TYPES.get(found[1].lower())
    rest = head[found.end() :]
    try:
        # The third line of a legacy file is its encoding.
        if head.split(b"\n", 3)[2].strip() == b"ASCII":
            return float(rest.split(None, 1)[0])
        return None if kind is None else float(np.frombuffer(rest, kind, count=1)[0])
    except (ValueError, IndexError):
        return None


def _xml_time(path: Path, head: bytes) -> float | None:
    """Return what VTK's readers find; encodings and compressors are left to them."""
    start = re.search(rb"<VTKFile[^>]*>", head)
    data = re.search(rb"<FieldData>.*?</FieldData>", head, re.DOTALL)
    with quiet_vtk():
        # From a whole file the reader would parse the values, too, before it finds the end.
        if start is not None and data is not None and b'"appended"' not in data[0]:
            return _time_of_field_data(start[0], data[0])
        return _announced_time(path)


def _time_of_field_data(start: bytes, data: bytes) -> float | None:
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

    # A file of an empty grid with this field data: VTK then parses nothing else.
    opening = re.sub(rb'(?<=\stype=")\w+', b"UnstructuredGrid", start)
    piece = b'<Piece NumberOfPoints="0" NumberOfCells="0"/>'
    grid = b"<UnstructuredGrid>%s%s</UnstructuredGrid></VTKFile>" % (data, piece)
    reader: Any = vtkXMLUnstructuredGridReader()
    reader.SetReadFromInputString(True)
    reader.SetInputString((opening + grid).decode("latin-1"))
    reader.Update()
    found = reader.GetOutput().GetFieldData()
    for name in _NAMES:
        values = found.GetArray(name)
        if values is not None and values.GetNumberOfValues() == 1:
            return float(values.GetTuple1(0))
    return None


def _announced_time(path: Path) -> float | None:
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

    reader = import_pyvista(f"{path}: reading it").get_reader(path).reader
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    for name in _NAMES:
        reader.SetActiveTimeDataArrayName(name)
        reader.UpdateInformation()
        information = reader.GetOutputInformation(0)
        if information.Has(key) and information.Get(key):
            return float(information.Get(key)[0])
    return None
