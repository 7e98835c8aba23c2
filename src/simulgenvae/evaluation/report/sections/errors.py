"""Section about the errors of all methods, joint and per variable, in tables.

Tested in tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.methods import methods
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.report.variable_table import variable_cells, variable_head
from simulgenvae.evaluation.results import STATISTICS
from simulgenvae.utils.formatting import percent, quantity

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class Errors:
    """Tables of the section."""

    methods: Table
    variables: Table

    @classmethod
    def of(cls, result: EvaluationResult) -> Errors:
        """Return the tables of a result."""
        return cls(_methods(result), _variables(result))


def _methods(result: EvaluationResult) -> Table:
    head = ["Method"]
    for split in result.splits:
        head += [f"{split}: {statistic}" for statistic in STATISTICS]
    rows = []
    shown = methods(result)
    for method in shown:
        row = [method.title]
        for split in result.splits:
            error = result.errors[method.name][split].relative_l2
            row += map(percent, error.statistics)
        rows.append(tuple(row))
    return Table(tuple(head), tuple(rows), highlighted=shown[0].title)


def _variables(result: EvaluationResult) -> Table:
    rows = []
    shown = methods(result)
    for variable in result.data.variables:
        unit = result.data.unit(variable)
        for method in shown:
            found = result.compared[method.name].variables[variable]
            named = (method.title, quantity(variable, unit))
            rows.append((*named, *variable_cells(found)))
    head = ("Method", "Variable", *variable_head())
    return Table(head, tuple(rows), highlighted=shown[0].title)


ERRORS = Section("Errors", "report/errors.html", Errors.of)
