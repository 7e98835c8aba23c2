"""Section about the physics checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.utils.formatting import NONE, percent, quantity

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


def _quantities(result: EvaluationResult) -> Table:
    rows = []
    for found in result.physics.quantities:
        title = quantity(found.title, found.unit)
        if found.expression is not None:
            title = f"{title} = {found.expression}"
        worst = NONE if found.worst_run is None else found.worst_run.id
        relative = found.relative_error
        absolute = percent(found.error_by_absolute.mean)
        rows.append((title, percent(relative.mean), percent(relative.max), worst, absolute))
    head = ("Quantity", "Mean error", "Largest", "Worst run", "Relative to absolute values")
    return Table(head, tuple(rows))


PHYSICS = Section("Physics checks", "report/physics.html", _quantities)
