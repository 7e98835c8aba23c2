"""Which trials come next, and which are stopped."""

from __future__ import annotations

import math

from simulgenvae.search.scheduler import Scheduler, Trial, rung_steps
from simulgenvae.search.space import Space
from simulgenvae.search.trainer import Measured
from simulgenvae.settings import Settings

RATE = "training.end_to_end.learning_rate"


def scheduler(seed: int = 0) -> Scheduler:
    settings = Settings()
    space = Space.of(settings, "field")
    return Scheduler(space, space.defaults(settings), 900, seed)


def error_of(trial: Trial, steps: int) -> float:
    """Return an error that is least at a learning rate of 0.01, and falls with the steps."""
    rate = trial.values[RATE]
    assert isinstance(rate, float)
    return 0.01 + abs(math.log(rate / 0.01)) / 10 + 1 / steps


def run(found: Scheduler, count: int) -> None:
    while len(found.trials) < count:
        trial = found.start()
        while (steps := found.next_steps(trial)) is not None:
            found.add(trial, steps, Measured(error_of(trial, steps), 1.0))


def test_trainings_become_longer() -> None:
    assert rung_steps(900) == (100, 300, 900)
    assert rung_steps(2) == (1, 1, 2)


def test_the_defaults_are_tried_first_and_to_the_end() -> None:
    found = scheduler()
    run(found, 2)
    defaults, other = found.trials
    assert defaults.values["training.end_to_end.weight_decay"] == 0.05
    assert (defaults.state, defaults.steps, len(defaults.errors)) == ("finished", 900, 3)
    assert other.values["model.decoder"] == "field"


def test_the_best_is_found_and_others_are_stopped_early() -> None:
    found = scheduler()
    run(found, 40)
    states = [trial.state for trial in found.trials]
    assert states.count("stopped") > states.count("finished") > 1
    best = found.best
    assert best is not None
    assert 0.007 < float(best.values[RATE]) < 0.014
    assert best.error == min(trial.errors[2] for trial in found.trials if len(trial.errors) == 3)
    used = sum(trial.all_steps for trial in found.trials)
    assert used < 0.5 * 40 * sum(rung_steps(900))


def test_the_default_wins_when_nothing_is_better() -> None:
    found = scheduler()
    while len(found.trials) < 5:
        trial = found.start()
        while (steps := found.next_steps(trial)) is not None:
            found.add(trial, steps, Measured(0.1, 1.0))
    assert found.best is found.trials[0]


def test_a_trial_that_fails_ends_and_is_not_chosen() -> None:
    found = scheduler()
    run(found, 1)
    trial = found.start()
    found.add(trial, 100, Measured(None, 1.0))
    assert trial.state == "failed"
    assert found.next_steps(trial) is None
    late = found.start()
    found.add(late, 100, Measured(1e-6, 1.0))
    found.add(late, 300, Measured(1e-6, 1.0))
    found.add(late, 900, Measured(None, 1.0))
    assert late.state == "failed"
    assert found.best is found.trials[0]
    assert late.record().error is None


def test_what_is_repeated_goes_on_as_before() -> None:
    whole = scheduler()
    run(whole, 20)
    repeated = scheduler()
    for trial in whole.trials[:9]:
        again = repeated.start(trial.values)
        assert again.values == trial.values
        for steps, error in zip(rung_steps(900), trial.errors, strict=False):
            repeated.add(again, steps, Measured(error, 1.0))
        assert again.state == trial.state
    run(repeated, 20)
    assert [each.record() for each in repeated.trials] == [each.record() for each in whole.trials]


def test_the_seed_changes_what_is_tried() -> None:
    first = scheduler(0)
    other = scheduler(1)
    run(first, 4)
    run(other, 4)
    assert first.trials[1].values == other.trials[1].values
    assert first.trials[3].values != other.trials[3].values
