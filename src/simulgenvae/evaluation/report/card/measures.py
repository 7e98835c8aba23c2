"""Sections about the uncertainty, the physics checks and the influence of the inputs.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.report.sections.uncertainty import measure_rows
from simulgenvae.utils.formatting import number, percent, quantity

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


def _measures(result: EvaluationResult) -> Table | None:
    """Return the measures on the compared split; None if nothing was measured there."""
    split = result.compared_split
    if split not in result.uncertainty.splits:
        return None
    head = ("Measure", f"{split} runs", "when right")
    return Table(head, measure_rows(result.uncertainty, (split,)))


def _quantities(result: EvaluationResult) -> Table:
    rows = []
    for found in result.physics.quantities:
        errors = (percent(found.relative_error.mean), percent(found.relative_error.max))
        absolute = percent(found.error_by_absolute.mean)
        rows.append((quantity(found.title, found.unit), *errors, absolute))
    head = ("Quantity over time", "mean error", "largest", "relative to absolute values")
    return Table(head, tuple(rows))


def _inputs(result: EvaluationResult) -> Table | None:
    found = result.sensitivity
    if found.sobol is None and found.permutation is None:
        return None
    rows = []
    for k, name in enumerate(found.inputs):
        total = None if found.sobol is None else found.sobol.field.total[k]
        rise = None if found.permutation is None else found.permutation.inputs[name].rise
        rows.append((name, number(total), percent(rise)))
    return Table(("Input", "total Sobol index", "rise of the error when exchanged"), tuple(rows))


UNCERTAINTY = Section("Uncertainty", "model_card/uncertainty.md", _measures)
PHYSICS = Section("Physics checks", "model_card/physics.md", _quantities)
INPUTS = Section("Influence of the inputs", "model_card/table.md", _inputs)
