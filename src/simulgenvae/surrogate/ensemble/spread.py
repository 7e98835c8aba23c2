"""Spread: the standard deviation that samples of a prediction have, before it is calibrated.

Tested in tests/surrogate/ensemble/test_calibration.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.utils.cache_blocks import timesteps_together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulgenvae.surrogate.ensemble.calibration import Calibration

VARIANCE_FLOOR = 0.1
"""Part of the mean variance of a run that is added everywhere: where samples agree by chance, they
may still be wrong."""

Fields = NDArray[np.floating[Any]]


def spread(variance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the uncalibrated standard deviation of one run, ``[T, M, V]``.

    Its square is the variance of the run's values, ``[T, M, V]``, which is overwritten, plus a
    floor of each variable. It is infinite where the variance is too large for single precision.
    """
    for _ in _spread_by_times(variance, _floor(variance)):
        pass  # Each block is turned in place.
    return variance


def std_and_interval(
    variance: NDArray[np.float32],
    mean: Fields,
    calibration: Calibration,
    lower: Fields,
    upper: Fields,
) -> None:
    """Turn the variance of one run into its standard deviation, and write the interval's ends.

    Parameters
    ----------
    variance
        Variance of the run's values, ``[T, M, V]``, which the standard deviation replaces.
    mean
        Predicted values, ``[T, M, V]``.
    calibration
        Factors from the spread to standard deviation and interval.
    lower, upper
        Where the ends are written, ``[T, M, V]``.
    """
    floor = _floor(variance)
    # All three are written while a block of timesteps is in the cache.
    for times, some in _spread_by_times(variance, floor):
        half = calibration.interval_factor * some
        np.subtract(mean[times], half, out=lower[times])
        np.add(mean[times], half, out=upper[times])
        some *= calibration.std_factor
    # A prediction that is no number may be anything.
    unbounded = np.isinf(floor)
    if unbounded.any():
        lower[..., unbounded] = -np.inf
        upper[..., unbounded] = np.inf


def _floor(variance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is added to the variance of each variable, ``[V]``.

    It is infinite for variables whose variance is somewhere too large for single precision, or no
    number: very far outside of the trained range, coefficients are.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # Whole timesteps are added to each other, which is faster than sums of each variable.
        mean = variance.sum(axis=0).mean(axis=0, dtype=np.float64)
        # Errors are divided by the spread when it is calibrated: it must not be 0.
        least = np.finfo(np.float32).tiny
        floor: NDArray[np.float32] = np.maximum(
            VARIANCE_FLOOR / len(variance) * mean, least
        ).astype(np.float32)
    floor[np.isnan(floor)] = np.inf
    return floor


def _spread_by_times(
    variance: NDArray[np.float32], floor: NDArray[np.float32]
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Turn the variance into the spread, and yield it timestep by timestep, to be used at once."""
    unbounded = np.isinf(floor)
    for times in timesteps_together(variance.shape):
        some = variance[times]
        some += floor
        if unbounded.any():
            some[..., unbounded] = np.inf
        np.sqrt(some, out=some)
        yield times, some
