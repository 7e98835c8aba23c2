"""Check that conditions and fields belong together.

A table or images in another order than the runs train without an error, and predict nonsense. Runs
with similar conditions should have similar fields. The test is Mantel's (1967, Cancer Research 27,
209-220): the correlation of the distances between runs in both, against that of shuffled runs.
Ranks are correlated, as distances are skewed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist, squareform

from simulgenvae.data.checks.finding import Finding
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions

FEWEST = 12
"""Runs that are needed: with fewer, similar distances are often chance."""
MOST = 400
"""Runs that are compared: of more, this number is chosen at random."""
SHUFFLES = 199
"""Random orders to compare with."""
UNRELATED = 0.1
"""Fraction of random orders that fit as well, above which the order of the runs means nothing."""
SIDE = 32
"""Pixels of each side, about, at which images are compared."""


def check_pairing(conditions: Conditions, samples: NDArray[np.floating]) -> Iterator[Finding]:
    """Yield a warning where runs with similar conditions do not have similar fields.

    ``samples`` `[N, K]` are the values of each run's field at the same K places. Runs with NaN are
    left out.
    """
    sound = np.flatnonzero(np.isfinite(samples).all(axis=1))
    # A fixed seed: the same data give the same finding.
    random = np.random.default_rng(0)
    if len(sound) < FEWEST:
        return
    chosen = np.sort(random.permutation(sound)[:MOST])
    fields = _standardised(samples[chosen])
    designs = _features(conditions.select(chosen))
    if not fields.any() or not designs.any():
        return
    correlation, fraction = mantel(designs, fields, random)
    if fraction > UNRELATED:
        yield Finding(
            "warning",
            "runs with similar conditions do not have similar fields (rank correlation of their "
            f"distances {correlation:.2f}; {percent(fraction, digits=2)} of random orders fit as "
            "well)",
            action="check that each row or image belongs to its run. Without ids the order "
            "decides, which for images is the natural order of their names",
        )


def mantel(
    first: NDArray[np.float64], second: NDArray[np.float64], random: np.random.Generator
) -> tuple[float, float]:
    """Compare the distances between the rows of `[n, p]` and of `[n, q]`.

    Returns their rank correlation, and the fraction of random orders with one at least as high.
    """
    # SciPy's statistics take a third of a second to import.
    from scipy.stats import rankdata

    one = rankdata(pdist(first))
    other = rankdata(pdist(second))
    one = (one - one.mean()) / one.std()
    # As a matrix, shuffling the runs is an index of rows and columns, and needs no new distances.
    matrix = squareform((other - other.mean()) / other.std())
    upper = np.triu_indices(len(first), 1)

    def correlation(order: NDArray[np.intp]) -> float:
        return float(np.mean(one * matrix[order[upper[0]], order[upper[1]]]))

    found = correlation(np.arange(len(first)))
    shuffled = [correlation(random.permutation(len(first))) for _ in range(SHUFFLES)]
    # The order that was found is one of the possible ones, hence the ones.
    return found, (1 + sum(value >= found for value in shuffled)) / (1 + SHUFFLES)


def _features(conditions: Conditions) -> NDArray[np.float64]:
    """Return numbers of each design: its parameters, and its image at a coarse resolution.

    The image, with all its pixels, counts as much as one parameter.
    """
    parts = [_standardised(column) for column in _columns(conditions)]
    if conditions.images is not None:
        # Every step-th pixel, starting in the middle of a cell, is enough to compare designs.
        step = max(1, conditions.images.format.size // SIDE)
        coarse = conditions.images.pixels[:, step // 2 :: step, step // 2 :: step].reshape(
            len(conditions), -1
        )
        varied = coarse.astype(np.float64) - coarse.mean(axis=0)
        parts.append(varied / (np.sqrt(np.square(varied).sum(axis=1).mean()) or 1.0))
    return np.concatenate(parts, axis=1)


def _columns(conditions: Conditions) -> Iterator[NDArray[np.float64]]:
    """Yield the columns of each parameter, `[n, 1]`, or one for each value of a category."""
    for p, levels in enumerate(conditions.levels):
        values = conditions.table[:, [p]]
        yield (values == np.arange(len(levels))).astype(np.float64) if levels else values


def _standardised(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each column with mean 0 and standard deviation 1; 0 where it is constant."""
    shifted = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    spread = shifted.std(axis=0)
    scaled: NDArray[np.float64] = np.divide(
        shifted, spread, out=np.zeros_like(shifted), where=spread > 0
    )
    return scaled
