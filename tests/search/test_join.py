"""Several processes share the trainings of a search."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.search import search as search_module
from simulgenvae.search.exchange import Exchange, Result, Task
from simulgenvae.search.join import join_search
from simulgenvae.search.trainer import TrialTrainer
from simulgenvae.settings import StudyFolder
from simulgenvae.study import Study
from simulgenvae.surrogate.fit import fit
from tests.search.conftest import STAGES, split_of, tiny

FORK = multiprocessing.get_context("fork")
TASK = Task(trial=3, values={"model.width": 64}, steps=10)


def _take_and_wait(folder: Path, ready: Any) -> None:
    exchange = Exchange(folder)
    with exchange.helping(), exchange.taking(TASK) as free:
        ready.send(free)
        signal.pause()


def test_a_task_is_taken_by_one_and_free_again_when_that_is_killed(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "search")
    assert exchange.withdraw(TASK)  # nothing is offered
    exchange.offer(TASK)
    assert exchange.offers() == [TASK]
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_take_and_wait, args=(tmp_path / "search", there))
    process.start()
    assert here.recv() is True
    assert exchange.helpers() == 1
    assert not exchange.withdraw(TASK)
    with exchange.taking(TASK) as free:
        assert not free
    process.kill()
    process.join()
    assert exchange.helpers() == 0
    with exchange.taking(TASK) as free:
        assert free
        exchange.finish(TASK, Result(error=0.5, seconds=1.0))
    assert not exchange.withdraw(TASK)  # it is done
    assert exchange.result(TASK) == Result(error=0.5, seconds=1.0)
    exchange.forget(TASK)
    assert exchange.offers() == []
    assert exchange.result(TASK) is None
    exchange.offer(TASK)
    (tmp_path / "search/trial-3-10.json").write_text('{"trial": 3, "values": {"a": []}}')
    with pytest.raises(UserError, match=r"trial-3-10\.json is no file of a search"):
        exchange.offers()
    exchange.clear()
    exchange.finish(TASK, Result(error=0.5, seconds=1.0))  # too late
    assert not (tmp_path / "search").exists()


def _decide(dataset: Dataset, folder: Path, ready: Path, go: Path) -> None:
    """Search, but wait for one file before the first training and for another one in the third."""
    torch.set_num_threads(1)
    search_module.MOST_TRIALS = 6
    measure = TrialTrainer.measure
    calls = 0

    def waiting(self: TrialTrainer, settings: Any, steps: int) -> Any:
        nonlocal calls
        calls += 1
        _wait_until(go.exists if calls > 2 else ready.exists)
        return measure(self, settings, steps)

    TrialTrainer.measure = waiting  # type: ignore[method-assign]
    study = Study(folder)
    with study.working("train"):
        fit(dataset, tiny(), split=split_of(dataset, 8), study=study, budget="1h")


def _help(dataset: Dataset, folder: Path) -> int:
    torch.set_num_threads(1)
    return join_search(dataset, split_of(dataset, 8), tiny(), STAGES, StudyFolder(folder))


def _wait_until(done: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


def test_several_search_together_and_one_may_be_killed(make_waves: Any, tmp_path: Path) -> None:
    dataset = make_waves(15)
    ready = tmp_path / "ready"
    go = tmp_path / "go"
    study = Study(tmp_path / "study")
    study.folder.mkdir()
    exchange = Exchange(study.search_exchange)
    with pytest.raises(UserError, match="--join: no search is going on"):
        _help(dataset, study.folder)
    decides = FORK.Process(target=_decide, args=(dataset, study.folder, ready, go))
    decides.start()
    _wait_until(study.search_history.exists)
    with pytest.raises(UserError, match="belongs to another training"):
        join_search(dataset, split_of(dataset, 8), tiny({"width": 48}), STAGES, study)
    helpers = [FORK.Process(target=_help, args=(dataset, study.folder)) for _ in range(2)]
    for helper in helpers:
        helper.start()
    _wait_until(lambda: exchange.helpers() == 2)
    os.kill(helpers[0].pid, signal.SIGKILL)
    helpers[0].join()
    assert exchange.helpers() == 1
    ready.touch()
    # The one that decides waits, so that this is the work of the other helper.
    _wait_until(lambda: list(study.search_exchange.glob("*.result")))
    go.touch()
    for process in (decides, helpers[1]):
        process.join(60)
        assert process.exitcode == 0
    record = study.load_surrogate().info.search
    assert len(record.trials) == 6
    assert {trial.state for trial in record.trials} <= {"finished", "stopped"}
    assert not study.search_exchange.exists()
    # When the search has ended, there is nothing to do.
    assert _help(dataset, study.folder) == 0
