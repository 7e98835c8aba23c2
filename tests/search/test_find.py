"""Searches from a dataset to the surrogate, interrupted and killed."""

from __future__ import annotations

import csv
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.figures.make import CAPTIONS
from simulgenvae.evaluation.report.embedded import EmbeddedFigures
from simulgenvae.evaluation.report.model_card import model_card
from simulgenvae.evaluation.report.report import render_report
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.search import search as search_module
from simulgenvae.search import trainer as trainer_module
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.stages import STAGES
from tests.search.conftest import split_of, tiny

RATE = "training.end_to_end.learning_rate"
TRIALS = 4
DECAY = "training.end_to_end.weight_decay"


@pytest.fixture(autouse=True)
def _few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """End searches by the number of trials, not by the time that a busy machine takes."""
    monkeypatch.setattr(search_module, "MOST_TRIALS", TRIALS)


@pytest.fixture(scope="session")
def waves(make_waves: Any) -> Dataset:
    """Return runs of which eight are for validation: trials need not hold out others."""
    return make_waves(15)


def searched(
    dataset: Dataset, folder: Path, settings: Settings | None = None, **more: Any
) -> Surrogate:
    folder.mkdir(exist_ok=True)
    more = {"budget": "1h"} | more
    split = split_of(dataset, 8)
    return fit(dataset, settings or tiny(), split=split, study=StudyFolder(folder), **more)


def weights(surrogate: Surrogate) -> dict[str, torch.Tensor]:
    return surrogate.networks.state_dict()


def same(one: Surrogate, other: Surrogate) -> bool:
    pairs = zip(weights(one).values(), weights(other).values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def whole(waves: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Surrogate]:
    """Return a study that was searched without an interruption, and its surrogate."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "MOST_TRIALS", TRIALS)
        return folder, searched(waves, folder)


def test_the_best_settings_are_trained_and_kept(
    whole: tuple[Path, Surrogate], waves: Dataset, tmp_path: Path
) -> None:
    folder, surrogate = whole
    record = surrogate.info.search
    assert len(record.trials) == TRIALS
    finished = [trial for trial in record.trials if trial.state == "finished"]
    assert record.best_error == min(trial.error for trial in finished)
    assert record.default_error == record.trials[0].error
    assert record.best_error <= record.default_error
    best = record.trials[record.best].settings
    assert surrogate.settings.training.end_to_end.learning_rate == best[RATE]
    assert surrogate.settings.training.end_to_end.weight_decay == best[DECAY]
    # What is read again says the same, and training with these settings gives the same.
    read = Surrogate.load(StudyFolder(folder))
    assert read.info.search == record
    assert read.settings == surrogate.settings
    assert same(fit(waves, read.settings, split=split_of(waves, 8)), surrogate)


def test_the_trials_are_a_table(whole: tuple[Path, Surrogate]) -> None:
    folder, surrogate = whole
    with (folder / "output/search.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["trial", DECAY, RATE, "steps", "error", "seconds", "state"]
    for row, trial in zip(rows, surrogate.info.search.trials, strict=True):
        assert float(row[RATE]) == trial.settings[RATE]
        assert float(row["error"]) == trial.error
        assert row["state"] == trial.state


def test_each_trial_has_a_line_in_the_log(whole: tuple[Path, Surrogate]) -> None:
    lines = (whole[0] / "output/training.log").read_text().splitlines()
    trials = [line for line in lines if "trial " in line and "of the budget left" in line]
    assert len(trials) == TRIALS
    assert "trial 0: the defaults: error" in trials[0]
    assert "after 9 steps, finished" in trials[0]
    assert sum("search begins:" in line for line in lines) == 1
    assert sum(f"search ended: of {TRIALS} trials" in line for line in lines) == 1


def _search_until_killed(dataset: Dataset, folder: Path) -> None:
    torch.set_num_threads(1)
    searched(dataset, folder)


def _killed_when(done: Callable[[Path], bool], dataset: Dataset, folder: Path) -> None:
    """Search in a process that is killed as soon as something is done."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_search_until_killed, args=(dataset, folder))
    process.start()
    end = time.monotonic() + 60
    while not done(folder) and process.is_alive() and time.monotonic() < end:
        time.sleep(0.002)
    assert process.is_alive(), "it ended before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def _lines(count: int) -> Callable[[Path], bool]:
    def written(folder: Path) -> bool:
        path = folder / "checkpoints/search.jsonl"
        return path.exists() and path.read_bytes().count(b"\n") >= count

    return written


@pytest.mark.parametrize("lines", [1, 6])
def test_a_killed_search_ends_as_if_nothing_had_happened(
    whole: tuple[Path, Surrogate], waves: Dataset, tmp_path: Path, lines: int
) -> None:
    """In the preparation, and between the trainings of a trial."""
    _killed_when(_lines(lines), waves, tmp_path / "study")
    before = (tmp_path / "study/checkpoints/search.jsonl").read_bytes()
    # The budget is that of the search that is continued.
    resumed = searched(waves, tmp_path / "study", resume=True, budget=None)
    after = (tmp_path / "study/checkpoints/search.jsonl").read_bytes()
    assert after.startswith(before[: before.rfind(b"\n") + 1])
    record = resumed.info.search
    expected = whole[1].info.search
    assert record.chosen == expected.chosen
    for trial, other in zip(record.trials, expected.trials, strict=True):
        assert trial.model_copy(update={"seconds": other.seconds}) == other
    assert same(resumed, whole[1])


def test_a_training_killed_after_its_search_continues(
    whole: tuple[Path, Surrogate], waves: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    _killed_when(lambda path: (path / "checkpoints/last.safetensors").exists(), waves, folder)
    assert b'"ended"' in (folder / "checkpoints/search.jsonl").read_bytes()
    resumed = searched(waves, folder, resume=True, budget=None)
    assert resumed.info.search.chosen == whole[1].info.search.chosen
    assert same(resumed, whole[1])


def test_a_training_without_a_budget_forgets_the_search(
    whole: tuple[Path, Surrogate], waves: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    shutil.copytree(whole[0], folder)
    surrogate = searched(waves, folder, budget=None)
    assert surrogate.info.search is None
    assert not (folder / "output/search.csv").exists()
    assert not (folder / "checkpoints/search.jsonl").exists()
    with pytest.raises(UserError, match="--resume would continue has no search"):
        searched(waves, folder, resume=True)


def test_the_runs_are_prepared_once(
    waves: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole_read = Dataset.read

    def counting(self: Dataset, index: int, out: Any) -> None:
        read.append(index)
        whole_read(self, index, out)

    monkeypatch.setattr(Dataset, "read", counting)
    fit(waves, tiny(), split=split_of(waves, 8))
    without = len(read)
    read.clear()
    searched(waves, tmp_path / "study")
    assert len(read) == without


def test_what_the_user_has_written_stays(waves: Dataset, tmp_path: Path) -> None:
    written = tiny(learning_rate=0.0123)
    surrogate = searched(waves, tmp_path / "study", written)
    assert all(set(trial.settings) == {DECAY} for trial in surrogate.info.search.trials)
    assert surrogate.settings.training.end_to_end.learning_rate == 0.0123


def test_nothing_left_to_search_is_a_training(waves: Dataset, tmp_path: Path) -> None:
    written = tiny(learning_rate=0.0123, weight_decay=0.05)
    surrogate = searched(waves, tmp_path / "study", written)
    assert surrogate.info.search.trials == ()
    assert surrogate.settings == written
    assert "nothing to search" in (tmp_path / "study/output/training.log").read_text()


def test_spare_time_is_for_longer_trainings_and_more_networks(
    waves: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "MOST_TRIALS", 1)
    monkeypatch.setitem(STAGES, "end_to_end", replace(STAGES["end_to_end"], pace=1 / 3))
    open_size = tiny(steps=None, members=None, weight_decay=0.05)
    surrogate = searched(waves, tmp_path / "study", open_size)
    own = surrogate.settings.training.end_to_end
    record = surrogate.info.search
    assert record.longer_steps == 3 * record.trials[0].steps == 15
    assert own.steps == (15 if record.longer_error < record.best_error else None)
    assert own.members == 6


def test_too_little_time_gives_a_smaller_training_or_none(
    waves: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setitem(STAGES, "end_to_end", replace(STAGES["end_to_end"], pace=1 / 3))
    speed = {"seconds": 6.0}
    monkeypatch.setattr(
        trainer_module.TrialTrainer, "seconds_per_step", lambda *_: speed["seconds"]
    )
    # 5 steps of 6 s each, as many for a refit, and half of them for the encoder: one network takes
    # 75 s, two of them 135 s.
    surrogate = searched(waves, tmp_path / "one", tiny(steps=None, members=None), budget=100)
    own = surrogate.settings.training.end_to_end
    assert (own.steps, own.members) == (None, 1)
    assert surrogate.info.search.trials == ()
    log = (tmp_path / "one/output/training.log").read_text()
    assert "the time is too short for the usual training of 3 networks with 5 steps" in log
    surrogate = searched(waves, tmp_path / "fewer", tiny(steps=None, members=None), budget=40)
    own = surrogate.settings.training.end_to_end
    assert 1 <= own.steps < 4
    speed["seconds"] = 600.0
    for settings in (tiny(steps=None, members=None), tiny()):
        with pytest.raises(UserError, match=r"--budget: 20 s are too short .* Give at least"):
            searched(waves, tmp_path / "none", settings, budget=20)


@pytest.mark.parametrize(
    "more",
    [{"from_scratch": False}, {"decoder": "frozen"}, {"vae_path": "vae"}, {"enabled": False}],
)
def test_other_trainings_have_no_search(waves: Dataset, more: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="--budget searches settings of the training of all"):
        fit(waves, tiny(**more), split=split_of(waves, 8), budget="1h", stages=["end_to_end"])


@pytest.mark.matrix  # it takes the whole budget
def test_the_budget_is_kept(
    waves: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "MOST_TRIALS", 1000)
    start = time.monotonic()
    surrogate = searched(waves, tmp_path / "study", tiny(steps=20), budget="20s")
    assert 10 < time.monotonic() - start < 40
    assert len(surrogate.info.search.trials) > 1


def test_nothing_is_pickled(whole: tuple[Path, Surrogate]) -> None:
    content = (whole[0] / "checkpoints/search.jsonl").read_bytes()
    assert all(line.startswith(b"{") for line in content.splitlines())
    assert np.frombuffer(content, np.uint8).max() < 128


def test_the_report_has_a_section_only_where_there_was_a_search(
    whole: tuple[Path, Surrogate], waves: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(whole[0], tmp_path / "study")
    study = StudyFolder(tmp_path / "study")
    result = evaluate(waves, whole[1], study, figures=False)
    assert EvaluationResult.read(study.metrics_file).training.search == whole[1].info.search
    assert "Search for settings" in study.model_card_file.read_text(encoding="utf-8")
    page = render_report(result, EmbeddedFigures.of({"search.png": b"\x89PNG"}))
    assert "<summary>Search for settings</summary>" in page
    assert CAPTIONS["search"] in page
    training = result.training.model_copy(update={"search": None})
    without = result.model_copy(update={"training": training})
    assert "Search for settings" not in render_report(without) + model_card(without)


def test_ranks_search_together(
    waves: Dataset, whole: tuple[Path, Surrogate], tmp_path: Path, run_ranks: Any
) -> None:
    def work() -> tuple[Any, float]:
        torch.set_num_threads(1)
        surrogate = searched(waves, tmp_path / "study")
        total = sum(float(value.double().sum()) for value in weights(surrogate).values())
        return surrogate.info.search, total

    (record, total), (other, same_total) = run_ranks(2, work)
    assert record == other
    assert total == same_total
    assert record.trials[0].state == "finished"
    assert record.trials[1].settings == pytest.approx(whole[1].info.search.trials[1].settings)
