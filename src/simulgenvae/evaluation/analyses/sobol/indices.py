"""Estimators of Sobol indices from the outputs of Saltelli's sets of designs.

Tested in tests/evaluation/analyses/sobol/test_indices.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_CONSTANT = 1e-6
"""Spread, relative to the size of the values, below which an output varies by rounding only."""
_RESAMPLES = 50
"""Resampled indices from which standard errors are made."""


def indices(values: Array) -> tuple[Array, Array]:
    """Return first-order and total indices, each ``[outputs, inputs]``.

    First order: E[f_B (f_AB - f_A)] / Var f; total: E[(f_A - f_AB)²] / (2 Var f) (Saltelli et al.
    2010, table 2, rows b and f). They are NaN for an output without variance, or that is undefined
    for a design. SciPy's ``sobol_indices`` has the same formulas, but fails for one output of one
    input (1.17), and gives 0 where an index is undefined.

    Parameters
    ----------
    values
        Outputs of the sets A, B, and A with each input from B, ``[outputs, inputs + 2, designs]``.
    """
    # The mean over A and B is subtracted, as the first product would lose digits by a large one.
    centred = values - values[:, :2].mean(axis=(1, 2), keepdims=True)
    a = centred[:, :1]
    b = centred[:, 1:2]
    mixed = centred[:, 2:]
    variance = centred[:, :2].var(axis=(1, 2))[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (b * (mixed - a)).mean(axis=2) / variance
        total = 0.5 * ((a - mixed) ** 2).mean(axis=2) / variance
    return first, total


def varies(values: Array, sizes: Array) -> NDArray[np.bool_]:
    """Return whether each output is more than a constant, ``[outputs]``.

    An index of a constant would be the ratio of two rounding errors.

    Parameters
    ----------
    values
        Outputs, ``[outputs, inputs + 2, designs]``.
    sizes
        Sizes of the numbers from which each output is computed, ``[outputs]``. An output that is
        zero itself differs from zero by the rounding of these.
    """
    flat = values.reshape(len(values), -1)
    found: NDArray[np.bool_] = flat.std(axis=1) > _CONSTANT * np.maximum(
        sizes, np.abs(flat).max(axis=1)
    )
    return found


def standard_errors(values: Array, weights: Array, seed: int) -> tuple[Array, Array]:
    """Return standard errors of the weighted mean of indices over outputs, each ``[inputs]``.

    They are made by a bootstrap over designs: a design keeps its values in all sets, because the
    estimators compare the same design in these.

    Parameters
    ----------
    values
        Outputs, ``[outputs, inputs + 2, designs]``.
    weights
        Weights of the outputs, which sum to 1, ``[outputs]``.
    seed
        Seed of the resampling.
    """
    designs = values.shape[-1]
    generator = np.random.default_rng(seed)
    resampled = []
    for _ in range(_RESAMPLES):
        chosen = generator.integers(designs, size=designs)
        resampled.append([weights @ index for index in indices(values[..., chosen])])
    first, total = np.array(resampled).std(axis=0, ddof=1)  # of [resamples, 2, inputs]
    return first, total
