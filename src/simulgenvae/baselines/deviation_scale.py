"""Scale of a posterior's standard deviation, from runs that are predicted from all others.

The posterior variance of Gaussian processes is right where the kernel is. One that is too rough
expects errors between the training runs that are too large, by a factor of ten or more for smooth
fields, and outside of them none that are. Leaving out each training run shows both: the error of a
run is about a power of its deviation. (Scaling by leave-one-out errors: Bachoc 2013, "Cross
validation and maximum likelihood estimations of hyper-parameters of Gaussian processes with model
misspecification"; here the factor depends on the deviation.)

Tested in tests/baselines/test_deviation_scale.py.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

POWER_SPREAD = 0.3
"""Standard deviation of the power about 1, before any run is seen."""
WIDENING_SPREAD = 1.0
"""Standard deviation of the power of the distance outside, about 1, before any run is seen."""
FEWEST_RUNS = 10
"""Number of runs from which on the scale is fitted."""


@dataclass(frozen=True)
class DeviationScale:
    """Expected error as a power of the posterior standard deviation of a run.

    The factor to a deviation s is ``level · (s / middle) ** (power - 1)``. Below ``least`` and
    above ``largest`` it is the same as there. Errors outside of the range of the parameters are
    larger by ``u ** widening``, with the distance u from its middle in half ranges.
    """

    level: float = 1.0
    power: float = 1.0
    middle: float = 1.0
    """Geometric mean of the deviations that it was fitted to."""
    least: float = 1.0
    largest: float = 1.0
    widening: float = 1.0

    @classmethod
    def fit(cls, errors: Values, deviations: Values, reach: Values) -> Self:
        """Return the scale of the largest posterior density.

        Errors are normal with the scaled deviations, and both powers are normal about 1.

        Parameters
        ----------
        errors, deviations
            Errors of the k amplitudes of each run, and their standard deviations, ``[n, k]``.
        reach
            Distance of each run from the middle of the others' range in half ranges, ``[n]``.
        """
        errors = _sizes(errors)
        deviations = _sizes(deviations)
        if len(errors) < FEWEST_RUNS or not (errors > 0).any():
            return cls()
        # Predictions do without it, and it takes as long to load as a design to predict.
        from scipy.optimize import minimize

        logarithms = np.log(deviations)
        middle = float(logarithms.mean())
        apart = logarithms - middle
        ratios = np.square(errors / deviations)
        outside = np.log(np.maximum(1.0, reach))

        def objective(theta: Values) -> float:
            """Return minus the logarithm of the density for a level and two powers."""
            # Logarithms of the factors to the deviations.
            factors = theta[0] + (theta[1] - 1.0) * apart + theta[2] * outside
            misfit = (factors + 0.5 * ratios * np.exp(-2.0 * factors)).sum()
            prior = ((theta[1] - 1.0) / POWER_SPREAD) ** 2
            prior += ((theta[2] - 1.0) / WIDENING_SPREAD) ** 2
            return float(misfit + 0.5 * prior)

        start = np.array([0.5 * np.log(ratios.mean()), 1.0, 1.0])
        level, power, widening = minimize(objective, start, method="L-BFGS-B").x
        return cls(
            float(np.exp(level)),
            float(power),
            float(np.exp(middle)),
            float(deviations.min()),
            float(deviations.max()),
            # Never more is known outside than inside.
            max(0.0, float(widening)),
        )

    @property
    def is_fitted(self) -> bool:
        """True unless the factor is 1 for all deviations."""
        return self != DeviationScale()

    def factors(self, deviations: Values) -> Values:
        """Return the factors to the standard deviations of m runs ``[m, k]``, ``[m]``."""
        within = np.clip(_sizes(deviations), self.least, self.largest)
        return np.asarray(self.level * (within / self.middle) ** (self.power - 1.0))

    def array(self) -> Values:
        """Return all numbers, as a model file holds them, ``[6]``."""
        return np.array(astuple(self))

    @classmethod
    def restore(cls, array: Values) -> Self:
        """Return the scale of :meth:`array`; raise ValueError for other arrays."""
        found = cls(*map(float, array))
        positive = (found.level, found.middle, found.least, found.largest)
        ordered = found.least <= found.largest and found.widening >= 0
        if not np.isfinite(array).all() or min(positive) <= 0 or not ordered:
            raise ValueError(f"the scale of deviations is {array}")
        return found


def _sizes(amplitudes: Values) -> Values:
    """Return the size of the amplitudes of each run ``[n, k]``, ``[n]``."""
    return np.asarray(np.sqrt(np.square(amplitudes).sum(axis=1)))
