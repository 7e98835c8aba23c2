"""Trials of a search as a table, and as a sentence in the log.

Tested in tests/search/test_find.py.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.models.search_record import TrialRecord

STATES = {
    "finished": "finished",
    "stopped": "stopped early",
    "failed": "failed",
    "unfinished": "not finished",
}
"""Words for the end of a trial."""


def write_table(path: Path, keys: Sequence[str], trials: Iterable[TrialRecord]) -> None:
    """Write the trials to a CSV file with a column for each searched setting.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("trial", *keys, "steps", "error", "seconds", "state"))
        for trial in trials:
            values = [trial.settings.get(key, "") for key in keys]
            error = "" if trial.error is None else trial.error
            seconds = f"{trial.seconds:.1f}"
            writer.writerow((trial.number, *values, trial.steps, error, seconds, trial.state))


def describe_values(values: Mapping[str, int | float | str]) -> str:
    """Return settings as text, without the names of their groups.

    >>> describe_values({"model.width": 384, "training.end_to_end.weight_decay": 0.0123456})
    'width 384, weight_decay 0.0123'
    """
    return ", ".join(f"{key.rsplit('.', 1)[1]} {shown(value)}" for key, value in values.items())


def shown(value: float | str) -> str:
    """Return the value of a setting as text with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def describe_trial(trial: TrialRecord) -> str:
    """Return what was found in a trial as text."""
    what = "the defaults" if trial.number == 0 else describe_values(trial.settings)
    if trial.error is None:
        return f"trial {trial.number}: {what}: {STATES[trial.state]}"
    found = f"error {percent(trial.error)} after {trial.steps:,} steps"
    return f"trial {trial.number}: {what}: {found}, {STATES[trial.state]}"
