"""Sobol indices: which inputs move the predicted field over the trained range?

The indices (Sobol' 2001; estimators of Saltelli et al. 2010, in SciPy) share out the variance of
the prediction among the inputs, each drawn uniformly over its trained range, evenly in the
logarithm where the conditioner takes it, and pictures among those of the training runs. Outputs are
the amplitudes of the leading principal components of the predicted trajectories, whose indices
weighted by variance say what moves the field as a whole (Lamboni, Monod & Makowski 2011,
generalised sensitivity indices), and each variable's mean and maximum over space and time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc, sobol_indices

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.images import Images

Predict = Callable[[Conditions], NDArray[np.float32]]
"""From n designs to fields ``[n, t, m, V]``."""

BUDGET = 1024
"""Predictions of an analysis."""

_FEWEST = 16  # designs of a Sobol sequence below which indices say nothing
_COMPONENTS, _EXPLAINED = 10, 0.99
_SNAPSHOTS = 512  # of which principal components are made
_RESAMPLES = 50
_CONSTANT = 1e-6  # relative spread below which an output is constant but for rounding


def sobol(
    predict: Predict,
    scaler: ConditionScaler,
    pictures: Images | None,
    variables: Sequence[str],
    notes: list[str],
    *,
    budget: int = BUDGET,
    seed: int = 0,
) -> dict[str, Any] | None:
    """First-order and total indices of every input, with the standard error of those of the field.

    An index is a share of the output's variance: ``first`` what the input explains alone, ``total``
    with all its interactions. They are estimates: with few designs slightly below 0 or above 1. The
    indices of an output that does not vary are None.
    """
    inputs = len(scaler.names) + (pictures is not None)
    if not scaler.names:
        notes.append(
            "There are no parameters, so no Sobol indices: pictures have no range to draw from."
        )
        return None
    designs = 2 ** int(np.log2(max(1, budget // (inputs + 2))))
    if designs < _FEWEST:
        notes.append(
            f"Sobol indices are left out: {inputs} inputs need {_FEWEST * (inputs + 2)} "
            f"predictions at least, {budget} are allowed for fields of this size."
        )
        return None
    unit = qmc.Sobol(2 * inputs, rng=seed).random(designs)
    a, b = unit[:, :inputs], unit[:, inputs:]
    mixed = np.repeat(
        a[None], inputs, axis=0
    )  # [inputs, designs, inputs]: one input at a time from b
    for k in range(inputs):
        mixed[k, :, k] = b[:, k]
    fields = predict(_designs(np.concatenate([a, b, *mixed]), scaler, pictures))
    outputs, shares = _outputs(fields, min(2 * designs, _SNAPSHOTS), variables)
    values = np.stack(list(outputs.values())).reshape(len(outputs), inputs + 2, designs)
    first, total = _indices(values)
    weights = np.array(shares)
    generator = np.random.default_rng(seed)
    resampled = np.array(
        [
            [
                weights @ index[: len(weights)]
                for index in _indices(values[..., generator.integers(designs, size=designs)])
            ]
            for _ in range(_RESAMPLES)
        ]
    )  # [resamples, 2, inputs]
    known = _varies(values)
    return {
        "predictions": len(fields),
        "field": {
            "first": (weights @ first[: len(weights)]).tolist(),
            "total": (weights @ total[: len(weights)]).tolist(),
            "first_standard_error": resampled[:, 0].std(axis=0, ddof=1).tolist(),
            "total_standard_error": resampled[:, 1].std(axis=0, ddof=1).tolist(),
        },
        "shares": shares,
        "outputs": {
            name: {"first": first[k].tolist(), "total": total[k].tolist()}
            if known[k]
            else {"first": None, "total": None}
            for k, name in enumerate(outputs)
        },
    }


def _designs(
    unit: NDArray[np.float64], scaler: ConditionScaler, pictures: Images | None
) -> Conditions:
    """Designs from points ``[n, inputs]`` of the unit cube."""
    lower, upper = np.array(scaler.lower), np.array(scaler.upper)
    given = unit[:, : len(lower)]
    table = lower + given * (upper - lower)
    for k in np.flatnonzero(scaler.logarithm):
        table[:, k] = lower[k] * (upper[k] / lower[k]) ** given[:, k]
    chosen = None
    if pictures is not None:
        chosen = pictures.select(
            np.minimum((unit[:, -1] * len(pictures)).astype(np.intp), len(pictures) - 1)
        )
    return Conditions(tuple(map(str, range(len(unit)))), scaler.names, table, chosen)


def _outputs(
    fields: NDArray[np.float32], base: int, variables: Sequence[str]
) -> tuple[dict[str, NDArray[np.float64]], list[float]]:
    """Scalar outputs of every design, the principal amplitudes first, and each amplitude's share of
    their variance.

    The components are those of the first ``base`` designs, with each variable divided by its
    standard deviation.
    """
    spread = fields[:base].std(axis=(0, 1, 2), dtype=np.float64)
    scaled = (fields / np.where(spread > 0, spread, 1.0)).reshape(len(fields), -1)
    scaled -= scaled[:base].mean(axis=0)
    squares, modes = np.linalg.eigh(
        scaled[:base] @ scaled[:base].T
    )  # the method of snapshots (Sirovich 1987)
    squares, modes = np.maximum(squares[::-1], 0.0), modes[:, ::-1]
    explained = np.cumsum(squares) / max(float(squares.sum()), np.finfo(float).tiny)
    count = min(_COMPONENTS, int(np.searchsorted(explained, _EXPLAINED)) + 1, len(squares))
    amplitudes = (scaled @ (scaled[:base].T @ modes[:, :count])) / np.sqrt(
        np.maximum(squares[:count], 1e-300)
    )
    outputs = {f"component {k + 1}": amplitudes[:, k] for k in range(count)}
    for v, name in enumerate(variables):
        outputs[f"mean of {name}"] = fields[..., v].mean(axis=(1, 2), dtype=np.float64)
        outputs[f"maximum of {name}"] = fields[..., v].max(axis=(1, 2)).astype(np.float64)
    return outputs, (
        squares[:count] / max(float(squares[:count].sum()), np.finfo(float).tiny)
    ).tolist()


def _indices(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First-order and total indices ``[outputs, inputs]`` from values ``[outputs, inputs + 2,
    designs]``."""
    evaluated: dict[Literal["f_A", "f_B", "f_AB"], NDArray[np.float64]]
    evaluated = {"f_A": values[:, 0], "f_B": values[:, 1], "f_AB": np.moveaxis(values[:, 2:], 0, 1)}
    found = sobol_indices(func=evaluated, n=values.shape[-1])
    shape = (
        len(values),
        values.shape[1] - 2,
    )  # SciPy drops the axis of a single input, and of a single output
    return found.first_order.reshape(shape), found.total_order.reshape(shape)


def _varies(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each output is more than a constant, from values ``[outputs, inputs + 2,
    designs]``."""
    flat = values.reshape(len(values), -1)
    varies: NDArray[np.bool_] = flat.std(axis=1) > _CONSTANT * np.abs(flat).max(axis=1)
    return varies
