"""Summary of a predicted design: its inputs, the range of each variable, and how far to trust it.

Tested in tests/cli/test_predict.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from simulgenvae.surrogate.predicted_quantity import (
    PredictedQuantity,  # noqa: TC001  # pydantic reads it for --json
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.export.batches import Batch


Use = Literal["train", "validation"]
"""Part of the split that a model was made with."""


@dataclass(frozen=True)
class VariableSummary:
    """Values of a variable over all predicted times and nodes; each node counts the same."""

    name: str
    unit: str
    minimum: float
    mean: float
    maximum: float


@dataclass(frozen=True)
class PredictedDesign:
    """Summary of the prediction of one design; None is what the model does not know."""

    design: str
    """Id of the design."""
    inputs: dict[str, float | str]
    """Value of each parameter; empty where designs have only images."""
    variables: tuple[VariableSummary, ...]
    """Range of each variable."""
    expected_error: float | None
    """Expected joint relative L2 error."""
    novelty: float | None
    """Distance of the design from the training runs."""
    quantities: tuple[PredictedQuantity, ...] = ()
    """Quantities of interest, in the order of their declaration."""
    input_units: dict[str, str] = field(default_factory=dict)
    """Unit of each parameter whose unit is known."""
    true_error: float | None = None
    """True joint relative L2 error, where the design is solved too."""
    used_for: Use | None = None
    """Part of the split of a design that is solved too, if the model was made with it: the true
    error is then not that of a new design."""

    @property
    def has_numbers(self) -> bool:
        """False too far outside of the trained range, where those of networks overflow."""
        if self.expected_error is not None and math.isfinite(self.expected_error):
            return True  # a node without values may be all that is predicted
        return all(math.isfinite(each.mean) for each in self.variables)


def predicted_designs(
    batch: Batch, conditions: Conditions, true_errors: Sequence[float | None] | None = None
) -> list[PredictedDesign]:
    """Return the summaries of the designs of a batch, whose ids are among the conditions.

    ``true_errors`` are those of the batch's designs, where they are solved too.
    """
    errors = true_errors or (None,) * len(batch.ids)
    rows = {name: row for row, name in enumerate(conditions.ids)}
    known = zip(conditions.names, conditions.units, strict=True)
    units = {name: unit for name, unit in known if unit}
    found = []
    for index, name in enumerate(batch.ids):
        values = conditions.select([rows[name]]).values()[0]
        scores = {key: float(score[index]) for key, score in batch.scores.items()}
        found.append(
            PredictedDesign(
                name,
                dict(zip(conditions.names, values, strict=True)),
                _variables(batch, batch.fields[index]),
                scores.get("expected_error"),
                scores.get("novelty"),
                input_units=units,
                true_error=errors[index],
            )
        )
    return found


def _variables(batch: Batch, fields: NDArray[np.floating]) -> tuple[VariableSummary, ...]:
    """Return the ranges of fields ``[T, M, V]``."""
    # Imported here, as the help of `predict` does without it.
    import numpy as np

    found = []
    for column, (name, unit) in enumerate(zip(batch.variables, batch.units, strict=True)):
        values = fields[..., column]
        # Nodes without values are NaN at all times. The mean is a sum in double precision.
        low, high = np.nanmin(values), np.nanmax(values)
        mean = np.nanmean(values, dtype=np.float64)
        found.append(VariableSummary(name, unit, float(low), float(mean), float(high)))
    return tuple(found)


def with_quantities(
    designs: list[PredictedDesign], quantities: list[tuple[PredictedQuantity, ...]]
) -> list[PredictedDesign]:
    """Return the summaries of designs with their quantities of interest, where there are any."""
    if not quantities:
        return designs
    return [
        replace(design, quantities=found) for design, found in zip(designs, quantities, strict=True)
    ]
