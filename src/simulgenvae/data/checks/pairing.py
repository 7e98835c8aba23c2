"""Whether conditions and fields belong together: a table or pictures in another order than the runs
teach nothing.

Runs with similar conditions should have similar fields. The test is Mantel's (1967, Cancer Research
27, 209-220): the correlation of the distances between runs in both, against that of shuffled runs;
with ranks, as distances are skewed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from simulgenvae.data.checks.finding import Finding
from simulgenvae.data.conditions import Conditions

FEWEST, MOST = 12, 400
"""With fewer runs chance has its way; of more, so many at random say the same."""
SHUFFLES = 199
UNRELATED = 0.1
"""Share of shuffled orders that fit as well, from which on the order of the runs says nothing."""
SIDE = 32
"""Pictures are compared at about so many pixels a side."""


def check_pairing(conditions: Conditions, samples: NDArray[np.float32]) -> Iterator[Finding]:
    """``samples`` [N, K]: values of each run's field at the same places. Runs with NaN are left
    out."""
    sound = np.flatnonzero(np.isfinite(samples).all(axis=1))
    random = np.random.default_rng(0)
    if len(sound) < FEWEST:
        return
    chosen = np.sort(random.permutation(sound)[:MOST])
    fields, designs = _standardised(samples[chosen]), _features(conditions.select(chosen))
    if not fields.any() or not designs.any():
        return
    correlation, share = mantel(designs, fields, random)
    if share > UNRELATED:
        yield Finding(
            "warning",
            "runs with similar conditions do not have similar fields (rank correlation of their "
            f"distances {correlation:.2f}; {share:.0%} of random orders fit as well): check that "
            "each row or picture belongs to its run. Without ids the order decides, which for "
            "pictures is the natural order of their names",
        )


def mantel(
    first: NDArray[np.float64], second: NDArray[np.float64], random: np.random.Generator
) -> tuple[float, float]:
    """Rank correlation of the distances between rows of ``[n, p]`` and ``[n, q]``, and the share of
    orders as good."""
    one, other = (rankdata(pdist(values)) for values in (first, second))
    one, matrix = (one - one.mean()) / one.std(), squareform((other - other.mean()) / other.std())
    upper = np.triu_indices(len(first), 1)

    def correlation(order: NDArray[np.intp]) -> float:
        return float(np.mean(one * matrix[order[upper[0]], order[upper[1]]]))

    found = correlation(np.arange(len(first)))
    shuffled = [correlation(random.permutation(len(first))) for _ in range(SHUFFLES)]
    return found, (1 + sum(value >= found for value in shuffled)) / (1 + SHUFFLES)


def _features(conditions: Conditions) -> NDArray[np.float64]:
    """Numbers of each design: its parameters, and its picture at a coarse resolution, each counting
    as a whole."""
    parts = [_standardised(conditions.table)]
    if conditions.images is not None:
        step = max(1, conditions.images.format.size // SIDE)
        coarse = conditions.images.pixels[:, step // 2 :: step, step // 2 :: step].reshape(
            len(conditions), -1
        )
        varied = coarse.astype(np.float64) - coarse.mean(axis=0)
        parts.append(varied / (np.sqrt(np.square(varied).sum(axis=1).mean()) or 1.0))
    return np.concatenate(parts, axis=1)


def _standardised(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Zero mean and unit standard deviation of each column; 0 where it is constant."""
    shifted = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    spread = shifted.std(axis=0)
    scaled: NDArray[np.float64] = np.divide(
        shifted, spread, out=np.zeros_like(shifted), where=spread > 0
    )
    return scaled
