"""What a search does with the time that is left."""

from __future__ import annotations

from typing import Any

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.search.clock import Clock
from simulgenvae.search.history import History, Prepared, Started, Trained
from simulgenvae.search.search import Search
from simulgenvae.training.identity import TrainingIdentity
from tests.search.conftest import tiny

BUDGET = 1000.0


@pytest.fixture
def make_search(make_trainer: Any, make_waves: Any) -> Any:
    """Return a maker of searches whose networks take some seconds a step, in one part of runs."""
    dataset: Dataset = make_waves(15)
    settings = tiny()
    trainer = make_trainer(settings, dataset=dataset, validation=8)

    def make(pace: float, *events: Any, said: list[str] | None = None) -> Search:
        history = History(None)
        history.begin(BUDGET, TrainingIdentity(settings, "", (), (), ()))
        for event in (Prepared(spent=0, rest=0, seconds_per_step={"modulated": pace}), *events):
            history.add(event)
        say = (said if said is not None else []).append
        clock = Clock(BUDGET, history.spent)
        return Search(settings, trainer, history, clock, None, None, say)

    return make


STARTED = Started(
    spent=1,
    values={
        "training.end_to_end.weight_decay": 0.05,
        "training.end_to_end.learning_rate": 0.005,
    },
)


def test_trials_follow_each_other(make_search: Any) -> None:
    search = make_search(1.0)
    first = search.next_task()
    assert (first.trial, first.steps) == (0, 1)
    search = make_search(1.0, STARTED, Trained(spent=2, trial=0, steps=1, error=0.5, seconds=1))
    assert search.next_task().steps == 3


def test_no_trial_is_started_that_cannot_be_finished(make_search: Any) -> None:
    # A step takes 70 s: there is time for one step of a new trial, but not for three of this one.
    slow = Trained(spent=200, trial=0, steps=1, error=0.5, seconds=70)
    search = make_search(1.0, STARTED, slow)
    assert search.next_task() is None
    assert [trial.state for trial in search.end().trials] == ["unfinished"]


def test_a_machine_that_becomes_slower_still_trains(make_search: Any) -> None:
    said: list[str] = []
    slow = Trained(spent=200, trial=0, steps=1, error=0.5, seconds=150)
    search = make_search(1.0, STARTED, slow, said=said)
    assert search.next_task() is None
    assert search.end().chosen == {}
    assert said[-2].startswith("the machine has become slower: the training takes about 56 min")


def test_without_time_for_the_defaults_there_is_no_search(make_search: Any) -> None:
    said: list[str] = []
    # 9 steps, 9 of the refit and 4.5 of the encoder, each of 40 s, and 14 for trials.
    assert make_search(40.0, said=said).next_task() is None
    assert said == [
        "no search: the training with the defaults takes about 15 min of the 17 min that are left"
    ]
    assert make_search(1000.0, said=said).next_task() is None
    assert len(said) == 1  # the training itself does not fit, which is said at the end
