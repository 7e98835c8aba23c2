"""Coefficient of determination of a surrogate's predictions.

Tested in tests/study/test_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.utils.merged_moments import MergedMoments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.surrogate import Surrogate


def r2_score(surrogate: Surrogate, conditions: Conditions, fields: Any) -> float:
    """Return R² over all runs, times and nodes, averaged over the variables.

    A variable whose true values are all the same counts as 1 if it is predicted exactly, else as 0,
    as in scikit-learn.

    Parameters
    ----------
    surrogate
        The surrogate.
    conditions
        Conditions of n runs.
    fields
        Their fields at the training times, ``[n, T, M]`` or ``[n, T, M, V]``.

    Raises
    ------
    UserError
        For fields of another shape or type, or that are not finite at nodes with values.
    """
    if not surrogate.keeps_nodes:
        raise UserError(
            "score() needs designs with the same nodes, and each design of this model has its own"
        )
    truth = _checked(surrogate, fields, len(conditions))
    valued = surrogate.on_valued_nodes()
    variables = len(surrogate.variables)
    errors = np.zeros(variables)
    moments = MergedMoments()
    row = 0
    # In batches, so that memory holds a few predicted runs only.
    for batch in valued.predict_batches(conditions):
        for predicted in batch["fields"].values:
            exact = truth[row]
            exact = exact if surrogate.mask is None else surrogate.mask.take(exact)
            if not np.isfinite(exact).all():
                raise UserError(f"the fields of design {row} are not finite at nodes with values")
            errors += np.square(predicted - exact.astype(np.float64)).sum(axis=(0, 1))
            moments.add(exact)
            row += 1
    exactly = np.where(errors == 0, 1.0, 0.0)
    varies = moments.squares > 0
    squares = np.where(varies, moments.squares, 1.0)
    return float(np.where(varies, 1.0 - errors / squares, exactly).mean())


def _checked(surrogate: Surrogate, fields: Any, runs: int) -> NDArray[Any]:
    """Return the true fields ``[n, T, M, V]`` at all nodes."""
    try:
        array = np.asarray(fields)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"the fields are no array: {error}") from error
    nodes, variables = surrogate.reduction.field_shape
    nodes = nodes if surrogate.mask is None else len(surrogate.mask.valued)
    expected = (runs, len(surrogate.times), nodes, variables)
    if array.ndim == 3:
        array = array[..., None]
    if array.shape != expected or array.dtype.kind not in "fiu":
        raise UserError(
            f"the fields are {array.dtype} {np.shape(fields)}, but are taken as numbers {expected} "
            "(designs, training times, nodes, variables)"
        )
    return array
