"""Section about the sensitivity of the prediction to its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.utils.formatting import NONE, number, percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.evaluation.results.sensitivity import OutputIndices, Sensitivity

IDLE = 0.01
"""Total Sobol index below which an input is said to hardly change the field."""


@dataclass(frozen=True)
class Influence:
    """Content of the section."""

    inputs: Table | None
    """Indices and errors of each input; None if there are neither."""
    idle: tuple[str, ...]
    """Inputs that hardly change the predicted field."""
    quantities: Table | None
    """Total indices of the quantities of interest."""
    outputs: Table | None
    """Total indices of single outputs."""

    @classmethod
    def of(cls, result: EvaluationResult) -> Influence:
        """Return the content for a result."""
        found = result.sensitivity
        return cls(_inputs(found), idle_inputs(found), _quantities(found), _outputs(found))


def _inputs(found: Sensitivity) -> Table | None:
    head = ["Input"]
    columns: list[list[str]] = [list(found.inputs)]
    if found.sobol is not None:
        field = found.sobol.field
        head += ["First order", "Total"]
        columns.append(_with_errors(field.first, field.first_standard_error))
        columns.append(_with_errors(field.total, field.total_standard_error))
    if found.permutation is not None:
        exchanged = [found.permutation.inputs[name] for name in found.inputs]
        head += [f"Error when exchanged ({found.split})", "Rise"]
        columns.append([percent(one.error) for one in exchanged])
        columns.append([percent(one.rise) for one in exchanged])
    if len(columns) == 1:
        return None
    return Table(tuple(head), tuple(zip(*columns, strict=True)))


def _with_errors(values: tuple[float | None, ...], errors: tuple[float | None, ...]) -> list[str]:
    cells = []
    for value, error in zip(values, errors, strict=True):
        cells.append(NONE if value is None or error is None else f"{value:.2f} ± {error:.2f}")
    return cells


def idle_inputs(found: Sensitivity) -> tuple[str, ...]:
    """Return the inputs whose total index is below one percent."""
    if found.sobol is None:
        return ()
    totals = zip(found.inputs, found.sobol.field.total, strict=True)
    return tuple(name for name, total in totals if total is not None and total < IDLE)


def _quantities(found: Sensitivity) -> Table | None:
    if found.sobol is None or not found.sobol.quantities:
        return None
    rows = [(name, *_totals(indices, found)) for name, indices in found.sobol.quantities.items()]
    return Table(("Quantity", *found.inputs), tuple(rows))


def _totals(indices: OutputIndices, found: Sensitivity) -> list[str]:
    return [number(value) for value in indices.total or (None,) * len(found.inputs)]


def _outputs(found: Sensitivity) -> Table | None:
    if found.sobol is None:
        return None
    fractions = enumerate(found.sobol.variance_fractions, start=1)
    of_variance = {f"component {k}": f" ({percent(part)} of the variance)" for k, part in fractions}
    rows = []
    for name, indices in found.sobol.outputs.items():
        rows.append((name + of_variance.get(name, ""), *_totals(indices, found)))
    return Table(("Output", *found.inputs), tuple(rows))


SENSITIVITY = Section("Sensitivity", "report/sensitivity.html", Influence.of)
