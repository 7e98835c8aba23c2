from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.schedules import kl_weight
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
        log.step(5, "loss 1")
        log.scalars("vae", 5, {"loss": 1.0})
        log.message("text")
    assert capsys.readouterr().out == ""


def test_bars_show_stage_steps_and_status() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120)
    with progress_on(console), TrainingLog(None) as log:
        log.start_stage("conditioner", 10, 0)
        log.step(5, "loss 0.25")
        log.message("a message")
    text = out.getvalue()
    assert all(part in text for part in ("conditioner", "5/10", "loss 0.25", "a message"))


def test_lines_name_errors_as_shares_of_the_standard_deviation_whatever_the_stage_counts() -> None:
    out = io.StringIO()
    with progress_on(Console(file=out, width=40)), TrainingLog(None, every=0.0) as log:
        for stage, power in (("vae", 1), ("conditioner", 2)):
            log.start_stage(stage, 100, 0)
            entry = HistoryEntry(
                stage=stage,
                step=50,
                train_loss=0.0123,
                train_error=0.02**power,
                validation_error=0.05**power,
            )
            log.validation(entry, best=0.04**power)
            log.loss(60, 0.0321)
            log.start_stage(stage, 100, 0)
            log.loss(1, 0.5)
    errors = "validation 5 %  training 2 %  best 4 %"
    for stage in ("vae", "conditioner"):
        found = [line[10:] for line in out.getvalue().splitlines() if line[10:].startswith(stage)]
        assert found[::3] == [f"{stage}  step 0 of 100"] * 2
        assert found[1] == f"{stage}  step 50 of 100  loss 0.0123  {errors}"
        assert found[2].startswith(f"{stage}  step 60 of 100  loss 0.0321  {errors}  0 s left")
        assert found[4] == f"{stage}  step 1 of 100  loss 0.5"
