"""Calibration of quantities: from the spread of samples to standard deviations and bands.

Every held-out run gives one error of a quantity, and one spread of its samples; the quotients are
taken as one distribution for all designs (conformal prediction with normalised errors, Papadopoulos
et al. 2002). A quantile of a few numbers is uncertain, so the band follows from their root mean
square and Student's distribution, which allows for that.

The maximum of a predicted field is too low where the place of the true one is uncertain, since the
field is a mean. The mean error of the held-out runs corrects this where it is more than chance
(a shrunk mean, after the positive-part estimator of James & Stein 1961).

Tested in tests/surrogate/test_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import stdtrit

from simulgenvae.surrogate.ensemble.calibration import LEVEL, Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.surrogate.quantity_samples import QuantitySamples

    Array = NDArray[np.float64]

TYPICAL = 0.5
"""Part of the squared spread that is the mean of the held-out runs; the rest is the design's own,
which is an estimate from a few samples."""
CHANCE = 4.0
"""Multiple of the mean's own variance up to which a squared mean error is taken for chance: two
standard errors. With one, means of eight runs often corrected what was right."""

LEAST_FACTOR = 0.1
"""Least factor from a spread to a standard deviation. Where all held-out runs err by less, they
are of a special kind: their maximum may be the value at a wall, that of other designs elsewhere."""


@dataclass(frozen=True, eq=False)
class QuantityCalibration:
    """Factors of Q quantities.

    Attributes
    ----------
    runs
        Number of held-out runs; 0 where nothing is calibrated.
    correction
        What is added to the quantity of a predicted field, ``[Q]``.
    typical
        Mean variance of the samples of a run, ``[Q]``; 0 where nothing is calibrated.
    std_factor
        Factor from a spread to the standard deviation of the error, ``[Q]``.
    width
        Half the width of the band in standard deviations.
    """

    runs: int
    correction: Array
    typical: Array
    std_factor: Array
    width: float

    @classmethod
    def fit(cls, samples: QuantitySamples, truth: Array) -> Self:
        """Calibrate on held-out runs that the samples' ensemble had not learned from.

        Parameters
        ----------
        samples
            Quantities of the predicted runs.
        truth
            Quantities of the runs themselves, ``[n, Q]``.
        """
        typical = _variance(samples).mean(axis=0)
        spread = np.sqrt(_mixed(_variance(samples), typical))
        # Where no sample differs from another, the quantity is known for certain, or nothing is
        # known of its error: then the error itself is the unit.
        certain = ~(typical > 0)
        spread[:, certain] = 1.0
        errors = truth - samples.of_field
        runs = len(truth)
        # The error of each run after the correction that the others give.
        rest = [_correction(np.delete(errors, run, axis=0)) for run in range(runs)]
        ratios = (errors - np.stack(rest)) / spread
        # Half of the runs' number as degrees of freedom. The same runs have chosen the weights of
        # the ensemble, and errors have heavier tails than a normal distribution.
        width = float(stdtrit(max(1.0, runs / 2), (1 + LEVEL) / 2))
        factor = np.sqrt(np.square(ratios).mean(axis=0))
        factor = np.where(certain, factor, np.maximum(factor, LEAST_FACTOR))
        return cls(runs, _correction(errors), typical, factor, width)

    @classmethod
    def none(cls, quantities: int) -> Self:
        """Return the factors that are used where there is nothing to calibrate on."""
        normal = Calibration.of_normal()
        nothing = np.zeros(quantities)
        return cls(0, nothing, nothing, np.ones(quantities), normal.interval_factor)

    def std(self, samples: QuantitySamples) -> Array:
        """Return the standard deviation of each quantity of n designs, ``[n, Q]``.

        It is infinite where samples are no numbers, too far outside of the trained range.
        """
        variance = _variance(samples)
        variance = np.where(np.isnan(variance), np.inf, variance)
        widening = samples.widening[:, None]
        if not self.runs:
            return widening * np.sqrt(variance)
        spread = np.sqrt(_mixed(variance, self.typical))
        spread[:, ~(self.typical > 0)] = 1.0
        return widening * self.std_factor * spread


def _correction(errors: Array) -> Array:
    """Return the mean of errors ``[n, Q]``, shrunk towards 0 by how far chance explains it."""
    if len(errors) < 2:
        return np.zeros(errors.shape[1])
    mean = errors.mean(axis=0)
    chance = CHANCE * errors.var(axis=0, ddof=1) / len(errors)
    kept = 1.0 - chance / np.maximum(np.square(mean), np.finfo(np.float64).tiny)
    return np.asarray(mean * np.clip(kept, 0.0, 1.0))


def _mixed(variance: Array, typical: Array) -> Array:
    return (1.0 - TYPICAL) * variance + TYPICAL * typical


def _variance(samples: QuantitySamples) -> Array:
    """Return the variance of the samples, ``[n, Q]``; 0 where there are fewer than two."""
    if len(samples.of_samples) < 2:
        return np.zeros_like(samples.of_field)
    variance: Array = samples.of_samples.var(axis=0, ddof=1)
    return variance
