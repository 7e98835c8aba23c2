"""Head of the report: what was measured, the error in an engineer's terms, verdict and warnings.

Tested in tests/evaluation/report/test_report.py and
tests/evaluation/report/sections/test_headline.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.accuracy import (
    about_interval,
    accuracy_table,
    folds_sentence,
    lead,
    measured_accuracies,
    sizes_note,
)
from simulgenvae.evaluation.methods import method_titles
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.results import SPLITS
from simulgenvae.evaluation.results.base import FEW_RUNS
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.utils.formatting import (
    NONE,
    count,
    milliseconds,
    percent,
    percent_plus_minus,
    plus_minus,
)

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult

_NAMES = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Card:
    """A large number and what it is."""

    value: str
    text: str


@dataclass(frozen=True)
class Headline:
    """Content of the head."""

    versions: str
    runs: str
    lead: str
    folds: str | None
    """Sentence about the cross-validation; None without one."""
    cards: tuple[Card, ...]
    accuracy: Table
    notes: tuple[str, ...]
    verdict: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, result: EvaluationResult) -> Headline:
        """Return the head of a result."""
        split = result.compared_split
        compared = result.compared["prediction"].runs
        best = result.best_baseline
        baseline = None if best is None else method_titles(result)[best.name]
        notes = [sizes_note(result)]
        if compared >= FEW_RUNS:
            notes.insert(0, about_interval(compared, split))
        return cls(
            _versions(result),
            _runs(result),
            lead(result),
            folds_sentence(result),
            _cards(result),
            accuracy_table(measured_accuracies(result), f"On {compared} {split} runs", baseline),
            tuple(notes),
            Verdict.of(result).sentence(),
            _warnings(result),
        )


def _versions(result: EvaluationResult) -> str:
    trained = result.training.versions.get("simulgenvae", "")
    measured = result.version or trained
    if not measured:
        return "SimulGenVAE"
    if trained in {"", measured}:
        return f"SimulGenVAE {measured}"
    return f"SimulGenVAE {measured}, trained with {trained}"


def _runs(result: EvaluationResult) -> str:
    sizes = [f"{len(result.split.ids(split))} {_NAMES[split]}" for split in SPLITS]
    return f"{count(result.data.runs, 'run')}: {', '.join(sizes)}"


def _cards(result: EvaluationResult) -> tuple[Card, ...]:
    split = result.compared_split
    best = result.best_baseline
    errors = result.compared["prediction"]
    cards = [
        Card(
            percent_plus_minus(errors.relative_l2.mean, errors.relative_l2.half_width),
            f"mean error of the field, {count(errors.runs, f'{split} run')}",
        )
    ]
    first = result.data.variables[0]
    peak = errors.variables[first].metrics.get("peak_value")
    if peak is not None:
        text = plus_minus(peak.mean, peak.half_width, result.data.unit(first))
        cards.append(Card(text, f"mean error of the peak of {first}"))
    cards += [
        Card(
            NONE if best is None else percent(best.relative_l2),
            f"best baseline: {'none' if best is None else method_titles(result)[best.name]}",
        ),
        Card(
            percent(result.uncertainty.coverage(split)),
            f"of the values of {split} runs are inside their {result.uncertainty.interval}",
        ),
        Card(milliseconds(result.timing.seconds_for_one_run), "to predict one new design"),
    ]
    return tuple(cards)


def _warnings(result: EvaluationResult) -> tuple[str, ...]:
    split = result.compared_split
    runs = result.compared["prediction"].runs
    uncertainty = result.uncertainty
    warnings = []
    if runs < FEW_RUNS:
        advice = (
            "" if result.folds is not None else " simulgenvae evaluate --folds 5 measures more."
        )
        warnings.append(about_interval(runs, split) + advice)
    if uncertainty.warning is not None and uncertainty.coverage(split) is not None:
        warnings.append(uncertainty.warning)
    if split != "test":
        warnings.append(
            f"There are no test runs: the figures below are for {split} runs, which training has "
            "used."
        )
    return tuple(warnings)


HEADLINE = Section("Accuracy of the surrogate", "report/headline.html", Headline.of)
