"""Reading in another process: a file that ends it does not end this one."""

from __future__ import annotations

import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from vtkmodules.vtkIOHDF import vtkHDFWriter

from simulgenvae.data.readers.runs import vtk_subprocess
from simulgenvae.data.readers.runs.one_run import open_series
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh


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


class Overwriting:
    """Run whose reader writes every timestep into the same arrays; its nodes move at one time."""

    count = 6
    moves_at = 4

    def __init__(self) -> None:
        self.asked: list[range] = []
        self._coords = np.zeros((3, 3))
        self._values = np.zeros(3)
        self._opened = vtk_subprocess._Opened(
            Series(Path("run"), np.arange(6.0), self._read, lambda: Mesh(np.zeros((3, 3))))
        )

    def _read(self, step: int) -> Snapshot:
        if step == self.count:
            raise UserError("run: cannot be read")
        self._coords[:] = float(step >= self.moves_at)
        self._values[:] = step
        return Snapshot(self._coords, {"T": self._values})

    def ask(self, steps: range) -> list[vtk_subprocess._Answer]:
        self.asked.append(steps)
        question = vtk_subprocess._Question(0, Path("run"), "snapshots", steps, None, (), 60)
        answer: list[vtk_subprocess._Answer] = self._opened.answer(question)
        return answer


def test_small_timesteps_come_together_and_are_those_of_the_file() -> None:
    run = Overwriting()
    batches = vtk_subprocess._Batches(6, run.ask)
    found = [batches.snapshot(step) for step in range(6)]
    assert run.asked == [range(1), range(1, 6)]
    for step, snapshot in enumerate(found):
        np.testing.assert_array_equal(snapshot.fields["T"], step)
        np.testing.assert_array_equal(snapshot.coords, float(step >= 4))
    # Nodes that stay are one array.
    assert found[0].coords is found[3].coords


def test_timesteps_in_another_order_are_those_of_the_file() -> None:
    batches = vtk_subprocess._Batches(6, Overwriting().ask)
    for step in (0, 1, 5, 0, 2, 3, 5, 4):
        snapshot = batches.snapshot(step)
        np.testing.assert_array_equal(snapshot.fields["T"], step)
        np.testing.assert_array_equal(snapshot.coords, float(step >= 4))


def test_a_timestep_that_cannot_be_read_does_not_take_those_before_it_along() -> None:
    run = Overwriting()
    run.count = 3
    batches = vtk_subprocess._Batches(6, run.ask)
    for step in range(3):
        np.testing.assert_array_equal(batches.snapshot(step).fields["T"], step)
    with pytest.raises(UserError, match="run: cannot be read"):
        batches.snapshot(3)


def test_large_timesteps_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vtk_subprocess, "_BATCH_BYTES", 3 * 8)
    run = Overwriting()
    batches = vtk_subprocess._Batches(6, run.ask)
    for step in range(6):
        batches.snapshot(step)
    assert run.asked == [range(step, step + 1) for step in range(6)]


def open_endless(path: Path) -> Series:
    """Read as VTK does with some damaged files: forever, and deaf to Python's signals."""
    while True:
        pass


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="Windows has no such limit")
def test_a_file_that_is_read_forever_is_given_up(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vtk_subprocess, "_SECONDS", 1)
    with pytest.raises(UserError, match=r"endless: cannot be read: VTK's reader does not end with"):
        vtk_subprocess.open_isolated(tmp_path / "endless", open_endless)
    monkeypatch.undo()
    assert len(open_series(file).read(0).coords) == 24
