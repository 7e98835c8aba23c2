"""Accuracy of quantities of interest in words, for report, model card and terminal.

Tested in tests/evaluation/report/sections/test_quantities.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.surrogate.quantities import band_label
from simulgenvae.utils.formatting import count, percent, plus_minus

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.evaluation.results.quantities import QuantityAccuracy

MOST_SENTENCES = 6
"""Quantities that a summary has a sentence about; a table has all."""


def sentences(result: EvaluationResult) -> tuple[str, ...]:
    """Return one sentence about each of the first quantities; none in results without them."""
    if result.quantities is None:
        return ()
    found = result.quantities.found[:MOST_SENTENCES]
    label = band_label(result.quantities.calibration_runs)
    return tuple(_sentence(each, result, label) for each in found)


def _sentence(found: QuantityAccuracy, result: EvaluationResult, label: str) -> str:
    split = result.compared_split
    runs = count(len(found.runs), f"{split} run")
    # Validation runs chose the weights, and training runs were learned from.
    unseen = " that the surrogate had not seen" if split == "test" else ""
    relative = "" if found.relative_error is None else f" ({percent(found.relative_error, 2)})"
    mean = plus_minus(found.absolute_error.mean, found.absolute_error.half_width, found.unit)
    largest = measured(found.absolute_error.max, found.unit)
    off = []
    if found.place_error is not None:
        off.append(f"its place by {measured(found.place_error.mean, result.data.length_unit)}")
    if found.time_error is not None:
        off.append(f"its time by {measured(found.time_error.mean, result.data.time_unit)}")
    where = f", {' and '.join(off)}" if off else ""
    name = found.name[:1].upper() + found.name[1:]
    return (
        f"{name} of {runs}{unseen}: wrong by {mean} on average{relative}, by at most {largest} "
        f"({found.worst_run}){where}. The {label} holds {found.covered} of the {len(found.runs)} "
        "true values."
    )


def measured(value: float | None, unit: str, digits: int = 3) -> str:
    """Return a number with its unit, as in ``1.93 K``.

    >>> measured(1.9312, "K"), measured(None, "K")
    ('1.93 K', '–')
    """
    if value is None:
        return "–"
    return f"{value:.{digits}g} {unit}".rstrip()
