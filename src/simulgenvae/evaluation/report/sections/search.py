"""Section about the search for settings; absent where there was none.

Tested in tests/search/test_record.py and tests/search/test_find.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.search.table import STATES, describe_values, shown
from simulgenvae.utils.formatting import NONE, count, number, percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.models.search_record import SearchRecord


@dataclass(frozen=True)
class SearchView:
    """Content of the section."""

    measured_on: str
    """Runs on which trials were measured."""
    chosen: str
    """Sentence about the choice."""
    trials: Table

    @classmethod
    def of(cls, result: EvaluationResult) -> SearchView | None:
        """Return the content for a result; None if no trial was made."""
        found = result.training.search
        if found is None or not found.trials:
            return None
        runs = count(found.held_out, "validation run")
        if found.parts > 1:
            runs = f"{found.held_out} runs, held out in {found.parts} parts"
        return cls(runs, choice(found), _trials(found))


def choice(found: SearchRecord) -> str:
    """Return a sentence about what a search has chosen."""
    values = describe_values(found.chosen) or "nothing"
    if found.best is None:
        return f"No trial was finished. Changed for the time that was left: {values}."
    if found.best == 0:
        return (
            f"None of {count(len(found.trials), 'trial')} was better than the defaults "
            f"({percent(found.default_error)}). Changed for the time that was left: {values}."
        )
    return (
        f"Trial {found.best} was the best: {percent(found.best_error)}, where the defaults have "
        f"{percent(found.default_error)}. Changed by the search: {values}."
    )


def _trials(found: SearchRecord) -> Table:
    keys = found.keys
    rows = []
    for trial in found.trials:
        values = [shown(trial.settings[key]) if key in trial.settings else NONE for key in keys]
        measured = (f"{trial.steps:,}", percent(trial.error), number(trial.seconds))
        rows.append((str(trial.number), *values, *measured, STATES[trial.state]))
    names = [key.rsplit(".", 1)[1] for key in keys]
    head = ("Trial", *names, "Steps", "Error", "Seconds", "")
    return Table(head, tuple(rows), None if found.best is None else str(found.best))


SEARCH = Section("Search for settings", "report/search.html", SearchView.of, folded=True)
