"""Spread: the standard deviation that samples of a prediction have, before it is calibrated.

Tested in tests/surrogate/ensemble/test_calibration.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.utils.cache_blocks import timesteps_together

VARIANCE_FLOOR = 0.1
"""Part of the mean variance of a run that is added everywhere: where samples agree by chance, they
may still be wrong."""

Fields = NDArray[np.floating[Any]]


def spread(variance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the uncalibrated standard deviation of one run, ``[T, M, V]``.

    Its square is the variance of the run's values, ``[T, M, V]``, which is overwritten, plus a
    floor of each variable.
    """
    # Whole timesteps are added to each other, which is much faster than sums of each variable.
    floor = VARIANCE_FLOOR / len(variance) * variance.sum(axis=0).mean(axis=0, dtype=np.float64)
    # Errors are divided by the spread when it is calibrated: it must not be 0.
    floor = np.maximum(floor, np.finfo(np.float32).tiny).astype(np.float32)
    for times in timesteps_together(variance.shape):
        some = variance[times]
        some += floor
        np.sqrt(some, out=some)
    return variance
