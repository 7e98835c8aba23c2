"""The result of an evaluation as a table for the terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from simulgenvae.evaluation.presentation import method_names, percent, sentence, shown_errors
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.surrogate.ensemble import interval_label, interval_warning


def summary_table(metrics: dict[str, Any]) -> Table:
    """Joint relative error of every method on the runs that nothing has seen; ``metrics`` is that
    of ``evaluate``."""
    split, names = metrics["compared_split"], method_names(metrics)
    best, ratio = metrics["best_reference"], metrics["ratio_to_best_reference"]
    notes = []
    if ratio is not None:
        notes.append(f"{ratio:.2f} of the best baseline's error ({names[best['name']]})")
    notes += [
        Verdict.from_metrics(metrics).sentence(),
        *_of_uncertainty(metrics["uncertainty"], split),
    ]
    notes += metrics["notes"]
    title = (
        f"Joint relative L2 error on {metrics['errors']['prediction'][split]['runs']} {split} runs"
    )
    table = Table(title=title, caption=Text("\n".join(notes)) if notes else None)
    table.add_column("Method")
    for measure in ("mean", "median", "max"):
        table.add_column(measure, justify="right")
    for name, by_split in shown_errors(metrics).items():
        error = by_split[split]["relative_l2"]
        cells = [percent(error[measure]) for measure in ("mean", "median", "max")]
        table.add_row(names[name], *cells, style="bold" if name == "prediction" else None)
    return table


def _of_uncertainty(uncertainty: dict[str, Any], split: str) -> list[str]:
    """How many values are inside their interval, and what to know of it."""
    covered, runs = uncertainty.get(split, {}).get("coverage"), uncertainty["calibration_runs"]
    if covered is None:
        return []
    doubt = interval_warning(runs, uncertainty["left_out_coverage"])
    inside = f"{percent(covered)} of the values are inside their {interval_label(runs)}"
    return [inside] if doubt is None else [inside, sentence(doubt)]
