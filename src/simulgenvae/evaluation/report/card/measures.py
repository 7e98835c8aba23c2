"""Sections about the uncertainty, the physics checks and the influence of the inputs.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.report.sections.uncertainty import measure_rows
from simulgenvae.surrogate.ensemble import interval_label, interval_warning
from simulgenvae.utils.formatting import number, percent, quantity, sentence

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class UncertaintyView:
    """Content of the section about the uncertainty."""

    measures: Table
    interval: str
    warning: str | None

    @classmethod
    def of(cls, result: EvaluationResult) -> UncertaintyView | None:
        """Return the content for the compared split; None if nothing was measured there."""
        found = result.uncertainty
        split = result.compared_split
        if split not in found.splits:
            return None
        doubt = interval_warning(found.calibration_runs, found.left_out_coverage)
        return cls(
            Table(("Measure", f"{split} runs", "when right"), measure_rows(found, (split,))),
            interval_label(found.calibration_runs),
            None if doubt is None or not found.calibration_runs else sentence(doubt),
        )


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


UNCERTAINTY = Section("Uncertainty", "model_card/uncertainty.md", UncertaintyView.of)
PHYSICS = Section("Physics checks", "model_card/physics.md", _quantities)
INPUTS = Section("Influence of the inputs", "model_card/table.md", _inputs)
