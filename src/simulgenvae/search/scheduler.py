"""Choice of the settings that are tried next, and of the trials that are worth a longer training.

Optuna suggests settings (TPE: Bergstra et al., "Algorithms for hyper-parameter optimization",
NeurIPS 2011) and stops trials (asynchronous successive halving: Li et al., "A system for massively
parallel hyperparameter tuning", MLSys 2020). It is imported when a search starts.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from simulgenvae.models.search_record import TrialRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    import optuna

    from simulgenvae.search.space import Space, Value
    from simulgenvae.search.trainer import Measured

REDUCTION = 3
"""Number of trials of which one, the best, gets a training that is longer by this factor."""
RUNGS = 3
"""Number of lengths of trainings; the longest is that of a network of the ensemble."""
RANDOM_TRIALS = 6
"""Number of trials after which suggestions learn from them."""


def rung_steps(steps: int) -> tuple[int, ...]:
    """Return the lengths of the trainings of a trial, of which the last is ``steps``."""
    return tuple(max(1, round(steps / REDUCTION**k)) for k in reversed(range(RUNGS)))


@dataclass
class Trial:
    """Settings that are tried, and what was found."""

    number: int
    values: dict[str, Value]
    suggested: optuna.Trial
    """Optuna's part of it."""
    errors: list[float | None] = field(default_factory=list)
    """Error of each of its trainings, which differ in length; the shortest first."""
    steps: int = 0
    """Steps of the longest."""
    all_steps: int = 0
    """Steps of all together."""
    seconds: float = 0.0
    state: Literal["finished", "stopped", "failed", "unfinished"] = "unfinished"

    @property
    def error(self) -> float | None:
        """Error after the longest training; None where it failed."""
        return self.errors[-1] if self.errors else None

    def record(self) -> TrialRecord:
        """Return what files hold of the trial."""
        return TrialRecord(
            number=self.number,
            settings=self.values,
            steps=self.steps,
            error=self.error,
            seconds=self.seconds,
            state=self.state,
        )


class Scheduler:
    """Trials of a search, and decisions about them.

    They follow from the seed and from what was found, so that a search that is repeated event by
    event decides the same.

    Parameters
    ----------
    space
        Settings that are varied.
    first
        Values of the first trials.
    steps
        Steps of a network of the ensemble.
    seed
        Seed of the suggestions.
    """

    def __init__(self, space: Space, first: list[dict[str, Value]], steps: int, seed: int) -> None:
        import optuna

        # It logs each study and trial.
        logging.getLogger("optuna").setLevel(logging.WARNING)
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION)
        self._study = optuna.create_study(pruner=pruner)
        self._sampler = optuna.samplers.TPESampler
        self._space = space
        self._first = first
        self._seed = seed
        self.rungs = rung_steps(steps)
        self.trials: list[Trial] = []

    def start(self, values: Mapping[str, Value] | None = None) -> Trial:
        """Start a trial, with values that were suggested before or with new ones."""
        number = len(self.trials)
        if values is None and number < len(self._first):
            values = self._first[number]
        if values is not None:
            self._study.enqueue_trial(dict(values))
        # A seed for each trial: suggestions do not depend on how often a search was interrupted.
        self._study.sampler = self._sampler(
            seed=(self._seed * 100_003 + number) % 2**32, n_startup_trials=RANDOM_TRIALS
        )
        suggested = self._study.ask()
        trial = Trial(number, self._space.suggest(suggested), suggested)
        self.trials.append(trial)
        return trial

    def next_steps(self, trial: Trial) -> int | None:
        """Return the length of the next training of a trial; None where it has ended."""
        return self.rungs[len(trial.errors)] if trial.state == "unfinished" else None

    def add(self, trial: Trial, steps: int, measured: Measured) -> None:
        """Take note of a training of a trial, and decide whether there will be a longer one."""
        from optuna.trial import TrialState

        rung = len(trial.errors)
        trial.errors.append(measured.error)
        trial.steps = steps
        trial.all_steps += steps
        trial.seconds += measured.seconds
        reported = math.nan if measured.error is None else measured.error
        trial.suggested.report(reported, REDUCTION**rung)
        if measured.error is None:
            trial.state = "failed"
            self._study.tell(trial.suggested, state=TrialState.PRUNED)
        elif rung + 1 == RUNGS:
            trial.state = "finished"
            self._study.tell(trial.suggested, measured.error)
        elif trial.suggested.should_prune():
            trial.state = "stopped"
            self._study.tell(trial.suggested, state=TrialState.PRUNED)

    @property
    def best(self) -> Trial | None:
        """The finished trial with the least error, the first of equal ones; None without any."""
        finished = [trial for trial in self.trials if trial.state == "finished"]
        return min(finished, key=lambda trial: trial.error or 0.0, default=None)
