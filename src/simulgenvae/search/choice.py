"""Choice at the end of a search: settings, and the size of the training in the time that is left.

Tested in tests/search/test_find.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.models.search_record import SearchRecord
from simulgenvae.search.space import DECODER, MEMBERS, SECOND, STEPS, Value, value_of
from simulgenvae.search.time_plan import LONGER, Pace, Size, TimePlan
from simulgenvae.utils.formatting import count, percent
from simulgenvae.utils.progress import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulgenvae.search.clock import Clock
    from simulgenvae.search.scheduler import Trial
    from simulgenvae.search.trainer import TrialTrainer
    from simulgenvae.settings import Settings


@dataclass(frozen=True)
class Outcome:
    """Findings of a search."""

    trials: Sequence[Trial]
    best: Trial | None
    pace: Pace
    """Pace of the ensemble with the best settings."""
    longer: float | None
    """Error after a longer training with these; None where there was none, infinite where it
    failed."""


def choose(
    outcome: Outcome,
    settings: Settings,
    trainer: TrialTrainer,
    plan: TimePlan,
    clock: Clock,
    say: Callable[[str], None],
) -> SearchRecord:
    """Choose settings and the size of the training for the time that is left, and say so.

    Raises
    ------
    UserError
        When there is too little time for any useful training.
    """
    best = outcome.best
    size = _size(outcome, plan, clock, say)
    chosen = {} if best is None else _changed(settings, best.values)
    if size.steps != plan.usual.steps:
        chosen[STEPS] = size.steps
    if size.members != plan.usual.members:
        chosen[MEMBERS] = size.members
    trials = tuple(trial.record() for trial in outcome.trials)
    finished = bool(trials) and trials[0].state == "finished"
    longer = outcome.longer if best is not None else None
    record = SearchRecord(
        budget=clock.budget,
        held_out=trainer.held_out,
        parts=trainer.parts,
        trials=trials,
        best=None if best is None else best.number,
        chosen=chosen,
        default_error=trials[0].error if finished else None,
        best_error=None if best is None else best.error,
        longer_steps=None if longer is None else LONGER * plan.usual.steps,
        longer_error=None if longer is None or math.isinf(longer) else longer,
    )
    say(_conclusion(record, size))
    return record


def _size(outcome: Outcome, plan: TimePlan, clock: Clock, say: Callable[[str], None]) -> Size:
    """Return the size of the training."""
    size = plan.usual
    best = outcome.best
    if (
        best is not None
        and best.error is not None
        and outcome.longer is not None
        and outcome.longer < best.error
    ):
        size = size._replace(steps=LONGER * size.steps)
    left = clock.left
    pace = outcome.pace
    if plan.fits(pace, size, left):
        return plan.with_more_members(pace, size, left)
    smaller = plan.reduced(pace, left)
    usual = plan.usual
    if smaller is None and outcome.trials:
        # The machine has become slower since the first trial, for which there was enough time.
        smaller = plan.least
        say(
            f"the machine has become slower: the training takes about "
            f"{duration(plan.seconds(pace, smaller))}, which is more than the "
            f"{duration(max(0.0, left))} that are left of the budget"
        )
    elif smaller is None:
        needed = clock.spent + plan.least_seconds(pace)
        raise UserError(
            f"--budget: {duration(clock.budget)} are too short for this study. Give at least "
            f"{duration(1.1 * needed)}, or train without a budget."
        )
    elif smaller != usual:
        say(
            f"the time is too short for the usual training of {count(usual.members, 'network')} "
            f"with {usual.steps:,} steps, which takes about {duration(plan.seconds(pace, usual))}: "
            f"{duration(left)} are left"
        )
    return smaller


def _changed(settings: Settings, values: dict[str, Value]) -> dict[str, Value]:
    """Return what differs from the settings of the user."""
    changed = {key: value for key, value in values.items() if value != value_of(settings, key)}
    if DECODER in changed:
        # The ensemble keeps both kinds of networks.
        changed[SECOND] = settings.model.decoder
    return changed


def _conclusion(record: SearchRecord, size: Size) -> str:
    training = f"training {count(size.members, 'network')} with {size.steps:,} steps"
    if record.best is None:
        return f"{training} and the default settings"
    trials = count(len(record.trials), "trial")
    if record.best == 0:
        return f"search ended: of {trials} none is better than the defaults; {training} each"
    return (
        f"search ended: of {trials} number {record.best} is the best with "
        f"{percent(record.best_error)} (defaults {percent(record.default_error)}); {training} "
        "each, with its settings"
    )
