"""Sobol indices of the predicted field, of single outputs and of quantities of interest.

Outputs are the amplitudes of the leading principal components of the predicted trajectories, and
each variable's mean and maximum over space and time. The indices of the amplitudes, weighted by
their variance, say what moves the field as a whole (Lamboni, Monod & Makowski 2011, generalised
sensitivity indices). Quantities of interest have indices of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.errors import UserError
from simulgenvae.evaluation.analyses.sobol.designs import conditions_at, saltelli
from simulgenvae.evaluation.analyses.sobol.indices import indices, standard_errors, varies
from simulgenvae.evaluation.analyses.sobol.outputs import FieldOutputs
from simulgenvae.evaluation.results.sensitivity import FieldIndices, OutputIndices, SobolIndices

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.images import Images

Predict = Callable[[Conditions], NDArray[np.float32]]
"""Function from n designs to fields ``[n, t, m, V]``."""

BUDGET = 1024
"""Largest number of predictions of an analysis."""

_FEWEST = 16
"""Designs of a Sobol sequence below which indices say nothing."""
_SNAPSHOTS = 512
"""Designs from which principal components are made."""


@dataclass(frozen=True, eq=False)
class QuantityOutputs:
    """Quantities of interest whose indices are wanted."""

    names: tuple[str, ...]
    predict: Callable[[Conditions], NDArray[np.float64]]
    """Function from n designs to the Q quantities, ``[n, Q]``."""
    sizes: NDArray[np.float64]
    """Size of each quantity where its fields have the size of their variables, ``[Q]``."""
    budget: int
    """Largest number of predictions; those of the fields bound it too."""


def sobol(
    predict: Predict,
    scaler: ConditionScaler,
    images: Images | None,
    variables: Sequence[str],
    notes: list[str],
    *,
    quantities: QuantityOutputs | None = None,
    budget: int = BUDGET,
    seed: int = 0,
) -> SobolIndices | None:
    """Return first-order and total indices of every input, with standard errors for the field.

    An index is a fraction of the output's variance: ``first`` what the input explains without the
    others, ``total`` what it explains with all its interactions. They are estimates: with few
    designs slightly below 0 or above 1. The result is None where there are none; a note is then
    added that says why.

    Parameters
    ----------
    predict
        Function from designs to fields.
    scaler
        Trained ranges of the parameters.
    images
        Images of the training runs, where designs have images.
    variables
        Names of the V variables.
    notes
        List to which a note may be added.
    quantities
        Quantities of interest that have indices too.
    budget
        Largest number of predictions.
    seed
        Seed of the designs and of the resampling.
    """
    inputs = len(scaler.names) + (images is not None)
    if not scaler.names:
        notes.append(
            "There are no parameters, so no Sobol indices: images have no range to draw from."
        )
        return None
    # Saltelli's scheme takes N (inputs + 2) predictions with N designs in each set.
    designs = 2 ** int(np.log2(max(1, budget // (inputs + 2))))
    if designs < _FEWEST:
        notes.append(
            f"Sobol indices are left out: {inputs} inputs need {_FEWEST * (inputs + 2)} "
            f"predictions at least, {budget} are allowed for fields of this size."
        )
        return None
    # All designs are predicted at once, since the principal components need all fields.
    asked = conditions_at(saltelli(inputs, designs, seed), scaler, images)
    fields = predict(asked)
    outputs = FieldOutputs.of(fields, min(2 * designs, _SNAPSHOTS), variables)
    # The designs are one set after another.
    values = outputs.values.reshape(len(outputs.names), inputs + 2, designs)
    field = _of_field(values[: len(outputs.fractions)], outputs.fractions, seed)
    if not np.isfinite(outputs.fractions).all():
        notes.append("The predicted field does not vary, so that its Sobol indices are undefined.")
    return SobolIndices(
        predictions=len(fields),
        field=field,
        variance_fractions=tuple(outputs.fractions.tolist()),
        outputs=_by_name(outputs.names, values, outputs.sizes),
        quantities=_of_quantities(quantities, asked, inputs + 2, notes),
    )


def _of_field(values: NDArray[np.float64], weights: NDArray[np.float64], seed: int) -> FieldIndices:
    """Return the indices of leading components ``[components, inputs + 2, designs]``, weighted.

    They are those of a field: Σₖ λₖ Sₖ / Σₖ λₖ, with the variance λₖ of component k (Lamboni et
    al. 2011). The weights sum to 1.
    """
    first, total = indices(values)
    first_error, total_error = standard_errors(values, weights, seed)
    return FieldIndices(
        first=tuple((weights @ first).tolist()),
        total=tuple((weights @ total).tolist()),
        first_standard_error=tuple(first_error.tolist()),
        total_standard_error=tuple(total_error.tolist()),
    )


def _by_name(
    names: Sequence[str], values: NDArray[np.float64], sizes: NDArray[np.float64]
) -> dict[str, OutputIndices]:
    """Return the indices of outputs ``[outputs, inputs + 2, designs]``."""
    first, total = indices(values)
    varying = varies(values, sizes)
    by_name = {}
    for k, name in enumerate(names):
        by_name[name] = OutputIndices(
            first=tuple(first[k].tolist()) if varying[k] else None,
            total=tuple(total[k].tolist()) if varying[k] else None,
        )
    return by_name


def _of_quantities(
    quantities: QuantityOutputs | None, asked: Conditions, sets: int, notes: list[str]
) -> dict[str, OutputIndices]:
    """Return the indices of quantities from the designs of all sets, one set after another."""
    if quantities is None:
        return {}
    designs = len(asked) // sets
    # The first ones of each set are balanced too where their number is a power of two.
    few = min(designs, 2 ** int(np.log2(max(1, quantities.budget // sets))))
    if few < _FEWEST:
        notes.append(
            "Sobol indices of quantities of interest are left out: "
            f"{_FEWEST * sets} predictions are needed at least, {quantities.budget} are allowed "
            "for the fields that they need. Quantities of a region or of one time need less."
        )
        return {}
    rows = [start + k for start in range(0, len(asked), designs) for k in range(few)]
    try:
        found = quantities.predict(asked.select(rows))
    except UserError as error:
        # A geometry of the range may lack the place of a quantity.
        notes.append(without_quantities(error))
        return {}
    values = found.T.reshape(len(quantities.names), sets, few)
    return _by_name(quantities.names, values, quantities.sizes)


def without_quantities(error: UserError) -> str:
    """Return the note that says why quantities have no indices."""
    return f"Sobol indices of quantities of interest are left out: {error}."
