"""Times inside VTK's files: each kind of file and encoding gives the number exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista
from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

from simulgenvae.data.readers.runs.file_times import time_inside

TIME = 0.1 + 0.2


def _grid(name: str = "TimeValue") -> pyvista.UnstructuredGrid:
    made = pyvista.ImageData(dimensions=(3, 3, 1)).cast_to_unstructured_grid()
    made["T"] = np.arange(9.0)
    made.add_field_data([TIME], name)
    return made


@pytest.mark.parametrize("name", ["TimeValue", "TIME", "Time"])
@pytest.mark.parametrize("mode", ["Ascii", "Binary", "Appended"])
def test_xml_in_each_encoding(tmp_path: Path, name: str, mode: str) -> None:
    writer = vtkXMLUnstructuredGridWriter()
    getattr(writer, f"SetDataModeTo{mode}")()
    writer.SetInputData(_grid(name))
    writer.SetFileName(str(tmp_path / "a.vtu"))
    writer.Write()
    assert time_inside(tmp_path / "a.vtu") == TIME


@pytest.mark.parametrize(("binary", "near"), [(True, 0.0), (False, 1e-9)])
def test_legacy_files(tmp_path: Path, binary: bool, near: float) -> None:
    _grid("TIME").save(tmp_path / "a.vtk", binary=binary)
    assert time_inside(tmp_path / "a.vtk") == pytest.approx(TIME, abs=near)


def test_blocks(tmp_path: Path) -> None:
    blocks = pyvista.MultiBlock([_grid()])
    blocks.add_field_data([2.5], "TimeValue")
    blocks.save(tmp_path / "a.vtm")
    assert time_inside(tmp_path / "a.vtm") == 2.5


def test_field_data_behind_the_mesh(tmp_path: Path) -> None:
    _grid().save(tmp_path / "a.vtu", binary=False)
    text = (tmp_path / "a.vtu").read_text()
    start, end = text.index("<FieldData>"), text.index("</FieldData>") + len("</FieldData>")
    data = text[start:end]
    filler = "<!--" + "x" * 2**17 + "-->"
    moved = text[:start] + filler + text[end:].replace("</Piece>", "</Piece>" + data)
    (tmp_path / "a.vtu").write_text(moved)
    assert time_inside(tmp_path / "a.vtu") == pytest.approx(TIME, abs=1e-9)


@pytest.mark.parametrize("suffix", [".vtu", ".vtk"])
def test_files_without_time(tmp_path: Path, suffix: str) -> None:
    made = _grid()
    made.clear_field_data()
    made["TIME"] = np.arange(9.0)
    made.save(tmp_path / f"a{suffix}")
    assert time_inside(tmp_path / f"a{suffix}") is None
