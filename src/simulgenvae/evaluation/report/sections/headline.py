"""Headline of the report: quantities of interest in words, six numbers, the verdict and warnings.

Tested in tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.methods import method_titles
from simulgenvae.evaluation.quantity_words import sentences
from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.utils.formatting import NONE, milliseconds, number, percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class Card:
    """A large number and what it is."""

    value: str
    text: str


@dataclass(frozen=True)
class Headline:
    """Content of the headline."""

    quantities: tuple[str, ...]
    """Sentences about the quantities of interest."""
    cards: tuple[Card, ...]
    verdict: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, result: EvaluationResult) -> Headline:
        """Return the headline of a result."""
        verdict = Verdict.of(result).sentence()
        return cls(sentences(result), _cards(result), verdict, _warnings(result))


def _cards(result: EvaluationResult) -> tuple[Card, ...]:
    split = result.compared_split
    best = result.best_baseline
    return (
        Card(
            percent(result.mean_error("prediction")),
            f"mean error of the prediction on {split} runs",
        ),
        Card(
            NONE if best is None else percent(best.relative_l2),
            f"best baseline: {'none' if best is None else method_titles(result)[best.name]}",
        ),
        Card(
            NONE if best is None else number(best.prediction_ratio),
            "error relative to that of the best baseline",
        ),
        Card(
            result.combination.weight_text,
            "weight of the Gaussian processes in the prediction; the networks have the rest",
        ),
        Card(
            percent(result.uncertainty.coverage(split)),
            f"of the values of {split} runs are inside their {result.uncertainty.interval}",
        ),
        Card(milliseconds(result.timing.seconds_for_one_run), "to predict one new design"),
    )


def _warnings(result: EvaluationResult) -> tuple[str, ...]:
    split = result.compared_split
    uncertainty = result.uncertainty
    warnings = list(result.notes)
    if uncertainty.warning is not None and uncertainty.coverage(split) is not None:
        warnings.append(uncertainty.warning)
    if split != "test":
        warnings.append(
            f"There are no test runs: the figures below are for {split} runs, which training has "
            "used."
        )
    return tuple(warnings)


HEADLINE = Section("Evaluation of the surrogate", "report/headline.html", Headline.of)
