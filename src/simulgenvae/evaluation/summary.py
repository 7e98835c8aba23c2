"""The result of an evaluation as a table for the terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from simulgenvae.evaluation.presentation import method_names, percent


def summary_table(metrics: dict[str, Any]) -> Table:
    """Joint relative error of every method on the runs that nothing has seen; ``metrics`` is that of ``evaluate``."""
    split, names = metrics["compared_split"], method_names(metrics["data"])
    best, ratio = metrics["best_reference"], metrics["ratio_to_best_reference"]
    covered, level = metrics["uncertainty"].get(split, {}).get("coverage"), 100 * metrics["uncertainty"]["level"]
    notes = []
    if ratio is not None:
        notes.append(f"{ratio:.2f} of the best reference's error ({names[best['name']]})")
    if covered is not None:
        notes.append(f"{percent(covered)} of the values are inside their {level:g} % interval")
    notes += metrics["notes"]
    title = f"Joint relative L2 error on {metrics['errors']['prediction'][split]['runs']} {split} runs"
    table = Table(title=title, caption=Text("\n".join(notes)) if notes else None)
    table.add_column("Method")
    for measure in ("mean", "median", "max"):
        table.add_column(measure, justify="right")
    for name, by_split in metrics["errors"].items():
        error = by_split[split]["relative_l2"]
        cells = [percent(error[measure]) for measure in ("mean", "median", "max")]
        table.add_row(names[name], *cells, style="bold" if name == "prediction" else None)
    return table
