"""Reading in another process: a file that ends it does not end this one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from vtkmodules.vtkIOHDF import vtkHDFWriter

from simulgenvae.data.readers.runs import vtk_subprocess
from simulgenvae.data.readers.runs.folder import open_series
from simulgenvae.errors import UserError


@pytest.fixture
def file(tmp_path: Path, box: SimpleNamespace) -> Path:
    writer = vtkHDFWriter()
    writer.SetFileName(str(tmp_path / "run.vtkhdf"))
    writer.SetInputData(box.block(1.0, 0.0))
    writer.Write()
    return tmp_path / "run.vtkhdf"


def test_a_run_whose_reader_dies_is_named_and_the_next_is_read(file: Path) -> None:
    series = open_series(file)
    process = vtk_subprocess._reader._process
    assert process is not None
    process.kill()
    process.wait()
    with pytest.raises(
        UserError, match=r"run\.vtkhdf: cannot be read: VTK's reader ends abnormally \(code -9\)"
    ):
        series.read(0)
    assert len(series.read(0).coords) == 24


def test_files_that_changed_are_read_anew(file: Path) -> None:
    assert len(open_series(file).read(0).coords) == 24
    file.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UserError, match="truncated or damaged"):
        open_series(file)


def test_runs_that_are_read_in_turns_are_opened_again(tmp_path: Path, box: SimpleNamespace) -> None:
    for run in range(6):
        box.block(float(run), 0.0).save(tmp_path / f"r{run}.vtu")
    every = [open_series(tmp_path / f"r{run}.vtu") for run in range(6)]
    for _ in range(2):
        for run, series in enumerate(every):
            assert series.read(0).fields["rho"][0] == run
    assert len(vtk_subprocess._reader._opened) <= 4


def test_a_run_that_cannot_be_read_is_opened_again(file: Path) -> None:
    series = open_series(file)
    content = file.read_bytes()
    file.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UserError, match="truncated or damaged"):
        open_series(file)
    with pytest.raises(UserError, match="truncated or damaged"):
        series.read(0)
    file.write_bytes(content)
    assert len(series.read(0).coords) == 24


def test_what_opens_a_run_is_sent_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[vtk_subprocess._Question] = []
    make = vtk_subprocess._Reader._question

    def remembered(*arguments: object) -> vtk_subprocess._Question:
        asked.append(make(*arguments))  # type: ignore[arg-type]
        return asked[-1]

    monkeypatch.setattr(vtk_subprocess._Reader, "_question", remembered)
    series = open_series(file)
    series.read(0)
    series.mesh()
    assert [question.opening is not None for question in asked] == [True, False, False]
