"""Table of an evaluation for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from simulgenvae.evaluation.accuracy import about_interval, folds_sentence, lead
from simulgenvae.evaluation.methods import method_titles, methods
from simulgenvae.evaluation.metrics import METRICS
from simulgenvae.evaluation.quantity_words import sentences
from simulgenvae.evaluation.results import STATISTICS
from simulgenvae.evaluation.results.base import FEW_RUNS
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


def summary_table(result: EvaluationResult) -> Table:
    """Return the joint relative error of every method on the compared split, with all notes."""
    split = result.compared_split
    runs = result.compared["prediction"].runs
    caption = Text("\n".join(_notes(result)))
    title = f"Joint relative L2 error on {runs} {split} runs"
    table = Table("Method", title=title, caption=caption, caption_justify="left")
    for statistic in STATISTICS:
        table.add_column(statistic, justify="right")
    for method in methods(result):
        error = result.compared[method.name].relative_l2
        cells = map(percent, error.statistics)
        style = "bold" if method.name == "prediction" else None
        table.add_row(method.title, *cells, style=style)
    return table


def _notes(result: EvaluationResult) -> list[str]:
    notes = [lead(result), *sentences(result)]
    folds = folds_sentence(result)
    if folds is not None:
        notes.append(folds)
    runs = result.compared["prediction"].runs
    if runs < FEW_RUNS:
        notes.append(about_interval(runs, result.compared_split))
    best = result.best_baseline
    if best is not None and best.prediction_ratio is not None:
        title = method_titles(result)[best.name]
        notes.append(f"{best.prediction_ratio:.2f} of the best baseline's error ({title})")
    notes.append(Verdict.of(result).sentence())
    notes += _of_metrics(result)
    notes += _of_uncertainty(result)
    notes += result.notes
    return notes


def _of_metrics(result: EvaluationResult) -> list[str]:
    """Return one line for each metric that the table does not show."""
    lines = []
    variables = result.compared["prediction"].variables
    for name, metric in METRICS.items():
        if not metric.in_summary:
            continue
        cells = []
        for variable, errors in variables.items():
            if name in errors.metrics:
                cells.append(f"{metric.cell(errors.metrics[name])} ({variable})")
        if cells:
            lines.append(f"{metric.title} of the prediction: {', '.join(cells)}")
    return lines


def _of_uncertainty(result: EvaluationResult) -> list[str]:
    """Return how many values are inside their interval, and a warning if that says little."""
    uncertainty = result.uncertainty
    covered = uncertainty.coverage(result.compared_split)
    if covered is None:
        return []
    lines = [f"{percent(covered)} of the values are inside their {uncertainty.interval}"]
    if uncertainty.warning is not None:
        lines.append(uncertainty.warning)
    return lines
