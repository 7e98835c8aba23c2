"""Spread: the standard deviation that samples of a prediction have, before it is calibrated.

Tested in tests/surrogate/ensemble/test_calibration.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIANCE_FLOOR = 0.1
"""Part of the mean variance of a run that is added everywhere: where samples agree by chance, they
may still be wrong."""

Fields = NDArray[np.floating[Any]]


def spread(blocks: Iterable[tuple[Fields, Fields | None]], gp_weight: float) -> Fields:
    """Return the uncalibrated standard deviation of one run, ``[T, M, V]``.

    Its square is the variance of the samples, plus the variance of choosing between members and
    Gaussian processes (the second with probability ``gp_weight``), plus a floor of each variable.

    Parameters
    ----------
    blocks
        Groups of t consecutive timesteps, T in all. Each is the sampled fields ``[K, t, M, V]``
        with K of at least 1, which are overwritten, and the difference ``[t, M, V]`` between
        Gaussian processes and members (None where they have no weight).
    gp_weight
        Weight of the Gaussian processes.
    """
    variances = []
    for samples, gp_offset in blocks:
        # In place: the samples are the largest array here.
        # Members that repeat in the samples count as independent in the divisor, which makes their
        # variance a little too small (``Ensemble.predict``); the calibration allows for it.
        samples -= samples.mean(axis=0)
        variance = np.einsum("k...,k...->...", samples, samples) / max(len(samples) - 1, 1)
        if gp_offset is not None:
            # Variance of a choice between two values at the distance gp_offset (Bernoulli).
            variance += gp_weight * (1 - gp_weight) * np.square(gp_offset)
        variances.append(variance)
    whole = np.concatenate(variances)
    whole += VARIANCE_FLOOR * whole.mean(axis=(0, 1), dtype=np.float64)
    # Errors are divided by the spread when it is calibrated: it must not be 0.
    root: Fields = np.sqrt(np.maximum(whole, np.finfo(np.float32).tiny, out=whole), out=whole)
    return root
