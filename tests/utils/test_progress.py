from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

import simulgenvae.utils.progress
from simulgenvae.data.dataset import Dataset
from simulgenvae.settings import StudyFolder
from simulgenvae.utils.log_file import LogFile
from simulgenvae.utils.progress import WorkLog, duration, progress_off, progress_on

TIME = r"\d\d:\d\d:\d\d"
ROOT = Path(__file__).parents[2]


def _lines(text: str) -> list[str]:
    """Lines without their time of day, each of which has one."""
    found = [re.fullmatch(f"{TIME}  (.*)", line) for line in text.splitlines()]
    assert all(found), text
    return [line[1] for line in found if line]


def _console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    shown = io.StringIO()
    return Console(file=shown, force_terminal=terminal, width=120), shown


def _work(log: WorkLog, first: int = 0) -> None:
    with log:
        log.start("vae", 2_000, first, unit="step")
        for done in range(first + 1, first + 4):
            log.step(done, f"loss 0.{done}", f"loss 0.{done}  validation 4 %")
        log.message("a message")


def test_without_a_terminal_lines_are_printed_when_due() -> None:
    console, shown = _console()
    with progress_on(console):
        _work(WorkLog(every=0.0))
    *lines, message = _lines(shown.getvalue())
    assert [line.split("  ")[1] for line in lines] == [f"step {n} of 2,000" for n in (1, 2, 3)]
    assert re.fullmatch("vae  step 2 of 2,000  loss 0.2  validation 4 %  .+ left", lines[1])
    assert message == "a message"


def test_short_work_prints_nothing_without_a_terminal() -> None:
    console, shown = _console()
    with progress_on(errors=console), WorkLog(transient=True) as log:
        log.start("Evaluating", 2)
        log.advance("Reading")
        log.advance("Fitting")
    assert shown.getvalue() == ""


def test_nothing_is_shown_unless_progress_is_on(capsys: pytest.CaptureFixture[str]) -> None:
    _work(WorkLog(every=0.0))
    with progress_on():
        with progress_off():
            _work(WorkLog(every=0.0))
        assert capsys.readouterr() == ("", "")
        _work(WorkLog(every=0.0))
        assert "a message" in capsys.readouterr().out
        _work(WorkLog(every=0.0, transient=True))
        assert "a message" in capsys.readouterr().err


def test_short_work_writes_no_line_into_the_file_of_a_training(tmp_path: Path) -> None:
    with LogFile(tmp_path / "a.log", "training"):
        _work(WorkLog(every=0.0, transient=True))
    assert not (tmp_path / "a.log").exists()


def test_pieces_without_a_status_name_what_follows() -> None:
    console, shown = _console()
    with progress_on(console), WorkLog(every=0.0) as log:
        log.start("Evaluating", 2)
        log.advance("Fitting references")
        log.advance("Encoding")
    assert _lines(shown.getvalue()) == [
        "Evaluating  1 of 2  Fitting references",
        "Evaluating  2 of 2  Encoding",
    ]


def test_on_a_terminal_there_are_bars_and_the_file_has_the_lines(tmp_path: Path) -> None:
    console, shown = _console(terminal=True)
    with progress_on(console), LogFile(path := tmp_path / "output/a.log", "training"):
        _work(WorkLog(every=0.0))
    assert "3/2000" in shown.getvalue()
    assert "step 2 of" not in shown.getvalue()
    assert "a message" in shown.getvalue()
    assert "  a message" not in shown.getvalue(), "no time of day"
    assert shown.getvalue().count(f"Progress is also written to {path}") == 1
    begin, _, line, _, message, end = _lines(path.read_text())
    assert begin.startswith("training starts, ")
    assert line.startswith("vae  step 2 of 2,000  loss 0.2  validation 4 %")
    assert (message, end) == ("a message", "finished")


def test_time_left_comes_from_the_pace_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(
        simulgenvae.utils.progress, "time", SimpleNamespace(monotonic=lambda: now[0])
    )
    console, shown = _console()
    with progress_on(console), WorkLog(every=0.0) as log:
        log.start("vae", 1_000, 400, unit="step")
        now[0] += 1_000.0  # something is compiled
        log.step(401)
        now[0] += 19.8
        log.step(500)
        now[0] += 100.0
        log.step(1_000)
    assert _lines(shown.getvalue()) == [
        "vae  step 401 of 1,000",
        "vae  step 500 of 1,000  2 min left",
        "vae  step 1,000 of 1,000",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (99, "99 s"), (100, "2 min"), (7_200, "2 h")]
)
def test_durations_have_a_unit_that_suits_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@contextmanager
def _running(
    command: Sequence[object], folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start a program; give it and the file of its output, and press Ctrl-C at the end."""
    output = folder / "printed.txt"
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, output
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _waited(process: subprocess.Popen[bytes], output: Path, text: str) -> None:
    """Until the output has the text, while the program goes on."""
    deadline = time.monotonic() + 60
    while text not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)
    assert process.poll() is None


VALIDATION = (
    f"^{TIME}  phase 2 of 6: VAE  [0-9]+ % done  reconstruction error [0-9.,]+ %(, best [0-9.,]+ %)?"
    r"  about [0-9]+ (s|min|h) left  \(step [0-9,]+ of 100,000, loss [0-9.e-]+  validation "
    r"[0-9.e+]+ %  training [0-9.e+]+ %\)$"
)


def test_a_training_whose_output_is_a_file_can_be_followed(
    tmp_path: Path, make_waves: Callable[..., Dataset]
) -> None:
    study = StudyFolder(tmp_path)
    make_waves(runs=6, timesteps=3, nodes=8).save(study.dataset)
    small = (
        "model.filters=[16,8]",
        "model.width=8",
        "model.latent_dim=2",
        "model.hierarchical_dim=1",
    )
    long = (
        "training.end_to_end.from_scratch=false",
        "training.vae.steps=100000",
        "training.vae.patience=100000",
    )
    changes = [f"--set={each}" for each in (*small, *long)]
    with _running(["-m", "simulgenvae.cli.main", "train", tmp_path, "-v", *changes], tmp_path) as (
        process,
        output,
    ):
        _waited(process, output, ", loss")
        assert ", loss" in study.training_log.read_text()
    printed, written = output.read_text(), study.training_log.read_text()
    assert process.returncode == 130
    assert printed.count(f"Progress is also written to {study.training_log}") == 1
    for text in (printed, written):
        begin = f"^{TIME}  phase 2 of 6: VAE  [0-9]+ % done  \\(step 0 of 100,000\\)$"
        assert re.search(begin, text, re.MULTILINE)
        assert re.search(VALIDATION, text, re.MULTILINE)
    assert _lines(written)[-1].startswith("interrupted: Stopped; everything is saved.")


def _free_port() -> str:
    """Return a port that no other test takes, as they all would the usual one."""
    with socket.create_server(("", 0)) as free:
        return str(free.getsockname()[1])


def test_a_training_in_two_processes_can_be_followed_at_the_launcher(
    classic_study: Path,
) -> None:
    settings = classic_study / "input_data/condition.txt"
    settings.write_text(settings.read_text().replace("Training_epochs 2", "Training_epochs 100000"))
    with _running(
        [ROOT / "launch_ddp.py", "--gpus", "2", "--master_port", _free_port()], classic_study
    ) as (
        process,
        output,
    ):
        _waited(process, output, ": VAE")
        _waited(process, StudyFolder(classic_study).training_log, "reconstruction error")
    assert len(re.findall(": VAE  [0-9]+ % done\n", output.read_text())) == 1
