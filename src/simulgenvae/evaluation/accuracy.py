"""Accuracy in an engineer's terms: fields, peaks and quantities with intervals over the runs.

Tested in tests/evaluation/report/sections/test_headline.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.data.units import with_unit
from simulgenvae.evaluation.methods import method_titles
from simulgenvae.evaluation.report.section import Table
from simulgenvae.evaluation.results.base import FEW_RUNS, INTERVAL
from simulgenvae.utils.formatting import NONE, count, percent, percent_plus_minus, plus_minus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulgenvae.evaluation.results import EvaluationResult, OverRuns, SplitErrors

MOST_VARIABLES = 6
"""Variables that the table has rows for; the table of errors per variable has all."""


@dataclass(frozen=True)
class Accuracy:
    """Errors of one kind over the runs, of the surrogate and of the best baseline."""

    title: str
    prediction: OverRuns
    baseline: OverRuns | None
    """None where there is no baseline, or where it was not measured."""
    unit: str = ""
    """Unit of the errors; fractions have none."""
    size: float | None = None
    """Size to which errors are compared in parentheses, in the unit; None for none."""
    is_fraction: bool = False
    """True for fractions, which are shown as percentages."""

    def mean(self) -> str:
        """Return the surrogate's mean error with its interval."""
        mean = self.prediction.mean
        relative = ""
        if mean is not None and self.size:
            relative = f" ({percent(mean / self.size, 2)})"
        return self._text(mean, self.prediction.half_width) + relative

    def largest(self) -> str:
        """Return the surrogate's largest error."""
        return self._text(self.prediction.max)

    def baseline_mean(self) -> str:
        """Return the baseline's mean error with its interval."""
        if self.baseline is None:
            return NONE
        return self._text(self.baseline.mean, self.baseline.half_width)

    def _text(self, value: float | None, half: float | None = None) -> str:
        # Not by the unit: values of a variable may be in percent themselves.
        if self.is_fraction:
            return percent(value) if half is None else percent_plus_minus(value, half)
        return plus_minus(value, half, self.unit)


def accuracies(
    result: EvaluationResult, prediction: SplitErrors, baseline: SplitErrors | None
) -> Iterator[Accuracy]:
    """Yield the errors of fields and peaks of some runs, for each variable."""
    joint = "Whole field" if len(prediction.variables) == 1 else "Whole field, all variables"
    yield Accuracy(
        f"{joint}, relative to its variation",
        prediction.relative_l2,
        None if baseline is None else baseline.relative_l2,
        is_fraction=True,
    )
    data = result.data
    for name in data.variables[:MOST_VARIABLES]:
        known = result.trained_values.get(name)
        end = "lowest value" if known is not None and known.peak_is_low else "highest value"
        span = None if known is None else known.span
        unit = data.unit(name)
        for metric, title, its_unit, size in (
            ("rmse", f"{name}: root mean square error", unit, span),
            ("max_error", f"{name}: largest error anywhere in a run", unit, span),
            ("peak_value", f"{name}: peak ({end})", unit, span),
            ("peak_place", f"{name}: place of the peak", data.length_unit, data.length),
            ("peak_time", f"{name}: time of the peak", data.time_unit, data.duration),
        ):
            found = prediction.variables[name].metrics.get(metric)
            if found is None or found.mean is None:
                continue  # an earlier version, or a mesh without coordinates
            other = None if baseline is None else baseline.variables[name].metrics.get(metric)
            yield Accuracy(title, found, other, its_unit, size)


def measured_accuracies(result: EvaluationResult) -> tuple[Accuracy, ...]:
    """Return the errors on the compared split, those of declared quantities of interest last."""
    best = result.best_baseline
    baseline = None if best is None else result.compared[best.name]
    found = list(accuracies(result, result.compared["prediction"], baseline))
    if result.quantities is not None and result.quantities.declared:
        for each in result.quantities.found:
            title = f"{each.name} = {each.definition}"
            other = None if best is None else each.baselines.get(best.name)
            found.append(Accuracy(title, each.absolute_error, other, each.unit))
    return tuple(found)


def accuracy_table(found: Iterable[Accuracy], head: str, baseline: str | None) -> Table:
    """Return a table of errors, with a column for the baseline of this title if there is one."""
    heads = [head, "Surrogate: mean error", "Largest"]
    if baseline is not None:
        heads.append(f"Best baseline ({baseline})")
    rows = []
    for each in found:
        cells = (each.title, each.mean(), each.largest(), each.baseline_mean())
        rows.append(cells[: len(heads)])
    return Table(tuple(heads), tuple(rows))


def lead(result: EvaluationResult) -> str:
    """Return the main result as a sentence: error, number of runs, and the best baseline's."""
    split = result.compared_split
    best = result.best_baseline
    found = compared_sentence(
        result.compared["prediction"],
        None if best is None else result.compared[best.name],
        None if best is None else method_titles(result)[best.name],
        f"{split} run",
        " that it has not seen" if split == "test" else "",
    )
    return f"On {found}"


def compared_sentence(
    found: SplitErrors, other: SplitErrors | None, title: str | None, run: str, unseen: str = ""
) -> str:
    """Return the mean error of the surrogate, and of the best baseline, as a sentence.

    It lacks its first word.
    """
    runs = count(found.runs, run)
    text = f"{runs}{unseen}, the surrogate's field is wrong by {_joint(found)} on average"
    if other is None:
        return f"{text}."
    return (
        f"{text}; the best baseline ({title}) by {_joint(other)}. The surrogate is the better of "
        f"the two in {wins(found, other)} of {runs}."
    )


def _joint(found: SplitErrors) -> str:
    return percent_plus_minus(found.relative_l2.mean, found.relative_l2.half_width)


def folds_sentence(result: EvaluationResult) -> str | None:
    """Return the mean error of a cross-validation as a sentence; None without one."""
    if result.folds is None:
        return None
    runs = count(len(result.folds.runs), "run")
    error = _joint(result.folds.errors["prediction"])
    return (
        f"Cross-validation in {result.folds.folds} parts: {error} on {runs}, each predicted by a "
        "surrogate that was trained without it."
    )


def wins(first: SplitErrors, second: SplitErrors) -> int:
    """Return the number of runs in which the first method has the smaller error."""
    better = 0
    for run, error in first.per_run.items():
        other = second.per_run[run]
        better += error is not None and (other is None or error < other)
    return better


def about_interval(runs: int, split: str) -> str:
    """Return what ± means, and what it can tell for this number of runs."""
    named = f"{split} runs" if split else "runs"
    if runs == 1:
        return (
            f"A single {named.removesuffix('s')}: there is no interval, and its error says little "
            "about that of the next design."
        )
    meaning = (
        f"± is the {INTERVAL} of the mean over the {runs} {named}: where the mean over "
        "very many such designs can be expected."
    )
    if runs >= FEW_RUNS:
        return meaning
    return (
        f"{meaning} With only {runs} runs it rests on the assumption that errors of runs scatter "
        "normally, which so few cannot show, and designs that are predicted badly may be missing: "
        f"the error of the next design is above the largest of these with a probability of about "
        f"1 in {runs + 1}."
    )


def sizes_note(result: EvaluationResult) -> str:
    """Return what the percentages in parentheses are relative to."""
    data = result.data
    parts = ["values: the variable's range in the training runs"]
    if data.length is not None:
        length = with_unit(f"{data.length:.4g}", data.length_unit)
        parts.append(f"places: the model's length, {length}")
    parts.append(f"times: the duration, {with_unit(f'{data.duration:.4g}', data.time_unit)}")
    return f"In parentheses relative to: {'; '.join(parts)}."
