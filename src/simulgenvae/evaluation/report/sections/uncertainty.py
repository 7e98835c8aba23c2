"""Section about the predicted uncertainty, with the meaning of its numbers in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import ndtri

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.surrogate.labelled_arrays import SCORES
from simulgenvae.utils.formatting import number, percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.evaluation.results.uncertainty import Uncertainty

_NAMED = 10
"""Number of novel runs that are named; more are counted."""


@dataclass(frozen=True)
class UncertaintyView:
    """Content of the section."""

    measures: Table
    novel: tuple[tuple[str, str], ...]
    """Test runs with a novelty above 1, the most novel first: id and novelty."""
    more_novel: int
    """Number of further such runs."""

    @classmethod
    def of(cls, result: EvaluationResult) -> UncertaintyView | None:
        """Return the content for a result; None if the uncertainty was not measured."""
        found = result.uncertainty
        if not found.splits:
            return None
        names = ["validation (calibrated on)" if s == "validation" else s for s in found.splits]
        novel = _novel(found)
        return cls(
            Table(("Measure", *names, "When right"), measure_rows(found, tuple(found.splits))),
            novel[:_NAMED],
            max(0, len(novel) - _NAMED),
        )


def measure_rows(found: Uncertainty, splits: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return rows of a measure, its value on each split, and its value when all is right."""
    on = [found.splits[split] for split in splits]
    # Twice the quantile of normal errors; less if the errors of the runs differ in size.
    width = f"up to {number(2 * float(ndtri((1 + found.level) / 2)))}"
    rows = [
        (
            f"Values inside the {found.interval}",
            *(percent(one.coverage) for one in on),
            f"{100 * found.level:g} %",
        ),
        ("The same, least covered run", *(percent(one.coverage_of_runs[0]) for one in on), "–"),
        (
            "Mean width of the interval / true error",
            *(number(one.interval_width_to_rmse) for one in on),
            width,
        ),
        (
            "Standard deviation / true error (sd_ratio)",
            *(number(one.sd_ratio) for one in on),
            "1",
        ),
        (
            "Rank correlation over runs: standard deviation, error",
            *(number(one.rank_correlation_with_error) for one in on),
            "towards 1",
        ),
    ]
    for score in SCORES:
        title = f"Rank correlation over runs: {score.replace('_', ' ')}, error"
        rows.append((title, *(number(one.score_correlation(score)) for one in on), "towards 1"))
    return tuple(rows)


def _novel(found: Uncertainty) -> tuple[tuple[str, str], ...]:
    if "test" not in found.splits:
        return ()
    runs = found.splits["test"].per_run
    novelty = {run: one.novelty for run, one in runs.items() if (one.novelty or 0.0) > 1}
    ranked = sorted(novelty, key=lambda run: -(novelty[run] or 0.0))
    return tuple((run, number(novelty[run])) for run in ranked)


UNCERTAINTY = Section("Uncertainty", "report/uncertainty.html", UncertaintyView.of)
