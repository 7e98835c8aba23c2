from __future__ import annotations

import io
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training import log as log_module
from simulgenvae.training.log import TrainingLog, shown_error
from simulgenvae.training.phases import READING, Phase, Phases
from simulgenvae.training.schedules import kl_weight
from simulgenvae.utils.log_file import LogFile
from simulgenvae.utils.progress import progress_on
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


def _run(folder: Path, stages: dict[str, range], value: float) -> None:
    with TrainingLog(folder) as log:
        for name, steps in stages.items():
            log.start_stage(name, 100, steps.start)
            for step in steps:
                log.scalars(name, step, {"loss": value})


def _read(folder: Path, stage: str) -> dict[int, float]:
    events = EventAccumulator(str(folder / stage))
    events.Reload()
    scalars = events.Scalars(f"{stage}/loss")
    assert len({each.step for each in scalars}) == len(scalars)
    return {each.step: each.value for each in scalars}


def test_a_resumed_run_takes_the_place_of_what_was_logged_after_its_checkpoint(
    tmp_path: Path,
) -> None:
    _run(tmp_path, {"vae": range(10), "conditioner": range(6)}, 1.0)
    time.sleep(
        1.0 - time.time() % 1.0
    )  # event files are read in the order of their names, which hold whole seconds
    _run(tmp_path, {"conditioner": range(3, 8)}, 2.0)
    assert _read(tmp_path, "vae") == dict.fromkeys(range(10), 1.0)
    assert _read(tmp_path, "conditioner") == dict.fromkeys(range(3), 1.0) | dict.fromkeys(
        range(3, 8), 2.0
    )


def test_the_file_of_an_earlier_training_stays_until_training_begins(tmp_path: Path) -> None:
    """A training may still be refused while the data are read."""
    file = tmp_path / "training.log"
    file.write_text("earlier\n")
    begun = []
    with (
        LogFile(file, "training"),
        TrainingLog(None, begun=lambda: begun.append(file.read_text())) as log,
    ):
        log.message("the device")
        log.start_phase(READING, 1)
        assert file.read_text() == "earlier\n"
        log.start_stage("vae", 10, 0)
        log.start_stage("end_to_end", 10, 0)
        lines = [line[10:] for line in file.read_text().splitlines()]
    assert begun == ["earlier\n"]
    assert lines[0].startswith("training starts")
    assert lines[1] == "the device"
    assert "reading" in lines[2]
    assert "vae" in lines[3]


def test_lines_do_not_wait_where_reading_takes_long(tmp_path: Path) -> None:
    with LogFile(tmp_path / "training.log", "training"), TrainingLog(None, every=0.0) as log:
        log.message("the device")
        assert "the device" in (tmp_path / "training.log").read_text()


def test_the_kl_weight_is_logged_for_the_stage_that_takes_it(
    tmp_path: Path, make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(steps=41, init_beta_divisor=2.0))
    loop = problem.loop()
    with TrainingLog(tmp_path) as loop.context.log:
        loop.run([problem.stage("vae"), problem.stage("conditioner")])
    events = {stage: EventAccumulator(str(tmp_path / stage)) for stage in ("vae", "conditioner")}
    for each in events.values():
        each.Reload()
    weights = [(scalar.step, scalar.value) for scalar in events["vae"].Scalars("vae/kl_weight")]
    assert weights == [(step, pytest.approx(kl_weight(step, 41, 2.0))) for step in (0, 20, 40)]
    assert "conditioner/kl_weight" not in events["conditioner"].Tags()["scalars"]


def test_without_folder_and_console_nothing_is_written_or_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TrainingLog(None) as log:
        log.start_stage("vae", 10, 0)
        log.advance_to(5)
        log.scalars("vae", 5, {"loss": 1.0})
        log.message("text")
    assert capsys.readouterr().out == ""


PHASES = Phases(
    (
        Phase("reading", "reading", 0.1, "reading"),
        Phase("vae", "VAE", 0.4, "network"),
        Phase("end_to_end", "network 1 of 1", 0.5, "network"),
    )
)


def _entry(step: int, error: float | None, stage: str = "vae") -> HistoryEntry:
    return HistoryEntry(
        stage=stage,
        step=step,
        train_loss=0.0123,
        train_error=0.02,
        validation_error=0.05,
        joint_error=error,
    )


def _train(log: TrainingLog) -> None:
    """Show a training that an earlier process has begun."""
    with log:
        log.plan(PHASES)
        log.start_stage("vae", 100, 50)
        log.validation(best := _entry(75, 0.0312), best, "error")
        log.validation(_entry(100, 0.0456), best, "error")
        log.finished(best, "error")
        log.start_stage("end_to_end", 200, 0)
        log.loss(100, 0.5)


def test_a_bar_shows_phase_share_error_and_time_of_the_whole() -> None:
    out = io.StringIO()
    with progress_on(Console(file=out, force_terminal=True, width=120)):
        _train(TrainingLog(None))
    text = out.getvalue()
    assert "phase 2 of 3: VAE" in text
    assert "phase 3 of 3: network 1 of 1" in text
    assert "75%" in text
    assert "about 1 s left" in text
    assert "VAE is trained: error 3.12 %" in text
    assert "loss" not in text


def test_lines_show_phase_share_error_and_time_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tenth of the training takes 10 s, and reading, which is over, a time that nobody knows."""
    now = iter([100.0, 110.0, 120.0])
    monkeypatch.setattr(log_module, "time", SimpleNamespace(monotonic=lambda: next(now)))
    out = io.StringIO()
    with progress_on(Console(file=out, width=40)):
        _train(TrainingLog(None, every=0.0))
    assert [line[10:] for line in out.getvalue().splitlines()] == [
        "phase 2 of 3: VAE  30 % done",
        "phase 2 of 3: VAE  40 % done  error 3.12 %",
        "phase 2 of 3: VAE  50 % done  error 4.56 %, best 3.12 %  about 50 s left",
        "VAE is trained: error 3.12 %",
        "phase 3 of 3: network 1 of 1  50 % done  about 50 s left",
        "phase 3 of 3: network 1 of 1  75 % done  about 25 s left",
    ]


def test_developers_see_steps_and_losses_too() -> None:
    out = io.StringIO()
    with progress_on(Console(file=out, width=40), detailed=True):
        _train(TrainingLog(None))
    lines = out.getvalue().splitlines()
    assert lines[1].endswith("(step 75 of 100, loss 0.0123  validation 5 %  training 2 %)")


def test_what_is_not_planned_does_not_stop_a_training() -> None:
    with TrainingLog(None) as log:
        log.plan(PHASES)
        log.start_stage("vae", 100, 0)
        log.start_stage("added", 100, 0)
        log.advance_to(50)


@pytest.mark.parametrize(("stage", "power"), [("vae", 1), ("conditioner", 2)])
def test_an_error_that_is_not_of_fields_is_relative_to_a_standard_deviation(
    stage: str, power: int
) -> None:
    entry = _entry(1, None, stage).model_copy(update={"validation_error": 0.05**power})
    assert shown_error(entry) == "5 %"
