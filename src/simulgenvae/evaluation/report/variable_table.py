"""Columns of the tables of errors per variable: one for each metric, and R².

Tested in tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.metrics import METRICS
from simulgenvae.utils.formatting import NONE

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import VariableErrors


def variable_head() -> tuple[str, ...]:
    """Return the heads of the columns."""
    return (*(metric.title for metric in METRICS.values()), "R²")


def variable_cells(found: VariableErrors) -> tuple[str, ...]:
    """Return the cells of one variable."""
    cells = []
    for name, metric in METRICS.items():
        over_runs = found.metrics.get(name)
        cells.append(NONE if over_runs is None else metric.cell(over_runs))
    r2 = NONE if found.r2 is None else f"{found.r2:.5f}"
    return (*cells, r2)
