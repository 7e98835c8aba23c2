"""Section about quantities of interest: true and predicted values of every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.quantity_words import measured
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.surrogate.quantities import band_label
from simulgenvae.utils.formatting import percent, plus_minus, quantity

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import DataSummary, EvaluationResult
    from simulgenvae.evaluation.results.quantities import QuantityAccuracy, RunQuantity


@dataclass(frozen=True)
class QuantityTable:
    """Values of one quantity in every run."""

    title: str
    definition: str
    runs: Table


@dataclass(frozen=True)
class QuantitiesView:
    """Content of the section."""

    band: str
    """Name of the bands."""
    summary: Table
    tables: tuple[QuantityTable, ...]

    @classmethod
    def of(cls, result: EvaluationResult) -> QuantitiesView | None:
        """Return the content for a result; None for one of an earlier version."""
        if result.quantities is None:
            return None
        found = result.quantities.found
        label = band_label(result.quantities.calibration_runs)
        tables = tuple(
            QuantityTable(quantity(each.name, each.unit), each.definition, _runs(each))
            for each in found
        )
        return cls(
            label, Table(_HEAD, tuple(_summary(each, result.data) for each in found)), tables
        )


_HEAD = (
    "Quantity",
    "Definition",
    "Mean error",
    "In %",
    "Largest",
    "Worst run",
    "Inside band",
    "Place off by",
    "Time off by",
)


def _summary(found: QuantityAccuracy, data: DataSummary) -> tuple[str, ...]:
    place, time = found.place_error, found.time_error
    error = found.absolute_error
    return (
        quantity(found.name, found.unit),
        found.definition,
        plus_minus(error.mean, error.half_width, found.unit),
        percent(found.relative_error),
        measured(found.absolute_error.max, found.unit),
        found.worst_run,
        f"{found.covered} of {len(found.runs)}",
        measured(None if place is None else place.mean, data.length_unit),
        measured(None if time is None else time.mean, data.time_unit),
    )


def _runs(found: QuantityAccuracy) -> Table:
    head = ("Run", "True", "Predicted", "Error", "Band", "Inside")
    rows = []
    for name, run in found.runs.items():
        rows.append((name, *_run(run)))
    return Table(head, tuple(rows))


def _run(run: RunQuantity) -> tuple[str, ...]:
    digits = 5
    return (
        measured(run.truth, "", digits),
        measured(run.prediction, "", digits),
        f"{run.error:+.3g}",
        f"{measured(run.lower, '', digits)} to {measured(run.upper, '', digits)}",
        "yes" if run.covered else "no",
    )


QUANTITIES = Section("Quantities of interest", "report/quantities.html", QuantitiesView.of)
