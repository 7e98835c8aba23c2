"""Sobol indices: influence of each input on the predicted field over the trained range.

The indices (Sobol' 2001; estimators of Saltelli et al. 2010, in SciPy) divide the variance of the
prediction among the inputs. Each parameter is drawn uniformly over its trained range, evenly in the
logarithm where the conditioner takes it, and images from the training runs.

Outputs are the amplitudes of the leading principal components of the predicted trajectories, and
each variable's mean and maximum over space and time. The indices of the amplitudes, weighted by
their variance, say what moves the field as a whole (Lamboni, Monod & Makowski 2011, generalised
sensitivity indices). Quantities of interest have indices of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.evaluation.results.sensitivity import FieldIndices, OutputIndices, SobolIndices
from simulgenvae.utils.snapshots import principal_directions

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.images import Images

Predict = Callable[[Conditions], NDArray[np.float32]]
"""Function from n designs to fields ``[n, t, m, V]``."""

BUDGET = 1024
"""Largest number of predictions of an analysis."""

_FEWEST = 16
"""Designs of a Sobol sequence below which indices say nothing."""
_COMPONENTS = 10
_EXPLAINED = 0.99
"""Fraction of the variance that is enough, where fewer components have it."""
_SNAPSHOTS = 512
"""Designs from which principal components are made."""
_RESAMPLES = 50
"""Resampled indices from which standard errors are made."""
_CONSTANT = 1e-6
"""Relative spread below which an output varies by rounding only."""


@dataclass(frozen=True)
class QuantityOutputs:
    """Quantities of interest whose indices are wanted."""

    names: tuple[str, ...]
    predict: Callable[[Conditions], NDArray[np.float64]]
    """Function from n designs to the Q quantities, ``[n, Q]``."""
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
    designs = 2 ** int(np.log2(max(1, budget // (inputs + 2))))
    if designs < _FEWEST:
        notes.append(
            f"Sobol indices are left out: {inputs} inputs need {_FEWEST * (inputs + 2)} "
            f"predictions at least, {budget} are allowed for fields of this size."
        )
        return None
    # Saltelli's scheme: two independent sets of designs a and b, and for each input the set a with
    # that input from b.
    # With N designs each, this takes N (inputs + 2) predictions. A Sobol sequence is balanced only
    # for N a power of two, which is why `designs` was rounded down to one. Both sets come from one
    # sequence of twice the dimension: two sequences with other seeds would not be balanced
    # together.
    # SciPy's statistics take a third of a second to import.
    from scipy.stats import qmc

    unit = qmc.Sobol(2 * inputs, rng=seed).random(designs)
    a = unit[:, :inputs]
    b = unit[:, inputs:]
    mixed = np.repeat(a[None], inputs, axis=0)  # [inputs, designs, inputs]
    for k in range(inputs):
        mixed[k, :, k] = b[:, k]
    # All designs are predicted at once, since the principal components below need all fields.
    asked = _designs(np.concatenate([a, b, *mixed]), scaler, images)
    fields = predict(asked)
    outputs, fractions = _outputs(fields, min(2 * designs, _SNAPSHOTS), variables)
    # The order of the designs is a, b, then a with each input from b: so the second axis numbers
    # the set of designs, as `_indices` reads it.
    values = np.stack(list(outputs.values())).reshape(len(outputs), inputs + 2, designs)
    first, total = _indices(values)
    return SobolIndices(
        predictions=len(fields),
        field=_of_field(values, first, total, np.array(fractions), seed),
        variance_fractions=tuple(fractions),
        outputs=_by_name(outputs, first, total, _varies(values)),
        quantities=_of_quantities(quantities, asked, inputs + 2, notes),
    )


def _by_name(
    names: Iterable[str],
    first: NDArray[np.float64],
    total: NDArray[np.float64],
    varies: NDArray[np.bool_],
) -> dict[str, OutputIndices]:
    by_name = {}
    for k, name in enumerate(names):
        by_name[name] = OutputIndices(
            first=tuple(first[k].tolist()) if varies[k] else None,
            total=tuple(total[k].tolist()) if varies[k] else None,
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
    found = quantities.predict(asked.select(rows))
    values = found.T.reshape(len(quantities.names), sets, few)
    first, total = _indices(values)
    return _by_name(quantities.names, first, total, _varies(values))


def _of_field(
    values: NDArray[np.float64],
    first: NDArray[np.float64],
    total: NDArray[np.float64],
    weights: NDArray[np.float64],
    seed: int,
) -> FieldIndices:
    """Return the weighted indices of the leading components, with bootstrapped standard errors.

    Parameters
    ----------
    values
        Outputs of all designs, ``[outputs, inputs + 2, designs]``, components first.
    first, total
        Their indices, ``[outputs, inputs]``.
    weights
        Fraction of the variance of each component.
    seed
        Seed of the resampling.
    """
    components = len(weights)
    designs = values.shape[-1]
    generator = np.random.default_rng(seed)
    resampled = []
    # Bootstrap over designs: a design keeps its values in a, b and the mixed sets together, because
    # the estimators compare the same design in these sets.
    for _ in range(_RESAMPLES):
        chosen = generator.integers(designs, size=designs)
        # Generalised index of a field (Lamboni et al. 2011): Σₖ λₖ Sₖ / Σₖ λₖ, with the variance λₖ
        # of component k. The weights already sum to 1.
        resampled.append([weights @ index[:components] for index in _indices(values[..., chosen])])
    errors = np.array(resampled).std(axis=0, ddof=1)  # of [resamples, 2, inputs]
    return FieldIndices(
        first=tuple((weights @ first[:components]).tolist()),
        total=tuple((weights @ total[:components]).tolist()),
        first_standard_error=tuple(errors[0].tolist()),
        total_standard_error=tuple(errors[1].tolist()),
    )


def _designs(
    unit: NDArray[np.float64], scaler: ConditionScaler, images: Images | None
) -> Conditions:
    """Return designs from points ``[n, inputs]`` of the unit cube."""
    given = unit[:, : len(scaler.names)]
    # Evenly in the logarithm where the conditioner reads a parameter by it: this is how evenly its
    # inputs are spread.
    lower = scaler.warp(np.array([scaler.lower]))
    upper = scaler.warp(np.array([scaler.upper]))
    table = scaler.unwarp(lower + given * (upper - lower))
    # Rounding can leave the trained range, in the last digit.
    table = np.clip(table, scaler.lower, scaler.upper)
    # Each value of a category is as likely as the others.
    for k, levels in enumerate(scaler.levels):
        if levels:
            table[:, k] = np.minimum(np.floor(given[:, k] * len(levels)), len(levels) - 1)
    chosen = None
    if images is not None:
        # The last coordinate of the cube chooses one of the images; 1.0 itself would be one too
        # many.
        number = (unit[:, -1] * len(images)).astype(np.intp)
        chosen = images.select(np.minimum(number, len(images) - 1))
    ids = tuple(str(n) for n in range(len(unit)))
    return Conditions(ids, scaler.names, table, chosen, scaler.levels, units=scaler.units)


def _outputs(
    fields: NDArray[np.float32], base: int, variables: Sequence[str]
) -> tuple[dict[str, NDArray[np.float64]], list[float]]:
    """Return scalar outputs of every design, and the fraction of the variance of each component.

    The outputs are the principal amplitudes first, then mean and maximum of the variables. The
    components come from the first ``base`` designs, with each variable divided by its standard
    deviation.
    """
    # Variables of other units are made comparable; otherwise pressure in pascals would be the only
    # one that counts.
    spread = fields[:base].std(axis=(0, 1, 2), dtype=np.float64)
    scaled = (fields / np.where(spread > 0, spread, 1.0)).reshape(len(fields), -1)
    scaled -= scaled[:base].mean(axis=0)
    # The method of snapshots: designs are far fewer than values of a field.
    squares, modes = principal_directions(scaled[:base] @ scaled[:base].T)
    squares = np.maximum(squares, 0.0)
    # A prediction that is the same for all designs has no variance: dividing by the least positive
    # number then gives 0 rather than NaN.
    tiny = np.finfo(float).tiny
    explained = np.cumsum(squares) / max(float(squares.sum()), tiny)
    count = min(_COMPONENTS, int(np.searchsorted(explained, _EXPLAINED)) + 1, len(squares))
    # With S = XXᵀ = U Σ² Uᵀ the right singular vectors are XᵀU / Σ, so that X itself, which has as
    # many columns as a field has values, is never decomposed.
    directions = scaled[:base].T @ modes[:, :count]
    amplitudes = (scaled @ directions) / np.sqrt(np.maximum(squares[:count], 1e-300))
    outputs = {f"component {k + 1}": amplitudes[:, k] for k in range(count)}
    for v, name in enumerate(variables):
        outputs[f"mean of {name}"] = fields[..., v].mean(axis=(1, 2), dtype=np.float64)
        outputs[f"maximum of {name}"] = fields[..., v].max(axis=(1, 2)).astype(np.float64)
    fractions: list[float] = (squares[:count] / max(float(squares[:count].sum()), tiny)).tolist()
    return outputs, fractions


def _indices(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return first-order and total indices, ``[outputs, inputs]``.

    ``values`` are ``[outputs, inputs + 2, designs]``.
    """
    evaluated: dict[Literal["f_A", "f_B", "f_AB"], NDArray[np.float64]]
    evaluated = {"f_A": values[:, 0], "f_B": values[:, 1], "f_AB": np.moveaxis(values[:, 2:], 0, 1)}
    # First order: E[f_B (f_AB − f_A)] / Var f; total: E[(f_A − f_AB)²] / (2 Var f) (Saltelli et al.
    # 2010, table 2, rows b and f).
    from scipy.stats import sobol_indices

    found = sobol_indices(func=evaluated, n=values.shape[-1])
    # SciPy drops the axis of a single input, and of a single output.
    shape = (len(values), values.shape[1] - 2)
    return found.first_order.reshape(shape), found.total_order.reshape(shape)


def _varies(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether each output is more than a constant, ``[outputs]``.

    ``values`` are ``[outputs, inputs + 2, designs]``.
    """
    # An index of a constant would be the ratio of two rounding errors.
    flat = values.reshape(len(values), -1)
    varies: NDArray[np.bool_] = flat.std(axis=1) > _CONSTANT * np.abs(flat).max(axis=1)
    return varies
