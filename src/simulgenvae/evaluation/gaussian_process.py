"""Gaussian process regression with a Matérn kernel whose length scales belong to groups of features.

Notation and formulas: Rasmussen & Williams 2006, algorithm 2.1 and equation 5.9. Hyper-parameters are logarithms of the
variance, of one length scale a group, and of the noise's variance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

Points = NDArray[np.float64]
Values = NDArray[np.float64]
Objective = Callable[[Values], tuple[float, Values]]

_JITTER = 1e-9  # keeps the largest allowed covariance matrix positive definite in double precision
_FAILED = 1e25


@dataclass(frozen=True)
class Groups:
    """Which columns share a length scale: single ones, then the last ``shared`` columns together.

    The shared ones are read in units of their common ``spread``, so that all length scales are of the same order.
    """

    shared: int
    spread: float

    @classmethod
    def of(cls, x: Points, shared: int) -> Groups:
        """For training points ``x [n, P]`` whose last ``shared`` columns have one length scale."""
        spread = float(np.sqrt(x[:, x.shape[1] - shared :].var(axis=0).sum())) if shared else 1.0
        return cls(shared, spread)

    def squared_distances(self, first: Points, second: Points) -> Values:
        """Of each group, ``[G, m, n]``."""
        single = first.shape[1] - self.shared
        parts = [np.square(first[:, k, None] - second[:, k]) for k in range(single)]
        if self.shared:
            parts.append(cdist(first[:, single:] / self.spread, second[:, single:] / self.spread, "sqeuclidean"))
        return np.stack(parts)


class Likelihood:
    """Negative logarithm of the marginal likelihood of ``y [n]``, as a function of the hyper-parameters.

    ``squared`` are the groups' squared distances ``[G, n, n]`` between the points.
    """

    def __init__(self, squared: Values, y: Values) -> None:
        self._squared, self._y = squared, y

    def __call__(self, theta: Values) -> tuple[float, Values]:
        """Value and gradient."""
        n = len(self._y)
        parts, kernel, slope = matern(self._squared, theta)
        try:
            factor = cho_factor(_covariance(kernel, theta), lower=True, check_finite=False)
        except LinAlgError:
            return _FAILED, np.zeros_like(theta)
        alpha = cho_solve(factor, self._y, check_finite=False)
        value = 0.5 * self._y @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * n * np.log(2 * np.pi)
        inner = cho_solve(factor, np.eye(n), check_finite=False) - np.outer(alpha, alpha)
        variance, noise = np.exp(theta[0]), np.exp(theta[-1])
        lengths = np.tensordot(parts, inner * slope, axes=2)
        gradient = np.array([variance * np.vdot(inner, kernel), *(variance * lengths), noise * np.trace(inner)])
        return float(value), 0.5 * gradient


def matern(squared: Values, theta: Values) -> tuple[Values, Values, Values]:
    """Squared distances in length scales, the Matérn 5/2 kernel of their sum, and its derivative by each over itself.

    The derivative of the kernel by the logarithm of group g's length scale is ``parts[g] * slope``.
    """
    parts = squared * np.exp(-2 * theta[1:-1])[:, None, None]
    r = np.sqrt(5 * parts.sum(axis=0))
    decay = np.exp(-r)
    return parts, (1 + r + r**2 / 3) * decay, 5 / 3 * (1 + r) * decay


def _covariance(kernel: Values, theta: Values) -> Values:
    covariance: Values = np.exp(theta[0]) * kernel
    covariance[np.diag_indices_from(covariance)] += np.exp(theta[-1]) + _JITTER
    return covariance


class Process:
    """A Gaussian process that has learned ``y [n]`` at ``x [n, P]`` with given hyper-parameters.

    ``squared`` are the groups' squared distances ``[G, n, n]`` between the points.
    """

    def __init__(self, groups: Groups, theta: Values, x: Points, y: Values, squared: Values) -> None:
        self._groups, self._theta, self._x, self._mean = groups, theta, x, float(y.mean())
        self._scale = spread(y)
        kernel = matern(squared, theta)[1]
        self._alpha = cho_solve(cho_factor(_covariance(kernel, theta), lower=True), (y - self._mean) / self._scale)

    def predict(self, x: Points) -> Values:
        """Mean of the posterior, ``[m]``."""
        kernel = matern(self._groups.squared_distances(x, self._x), self._theta)[1]
        predicted: Values = self._mean + self._scale * np.exp(self._theta[0]) * kernel @ self._alpha
        return predicted


def spread(y: Values) -> float:
    """Standard deviation, or 1 for equal values."""
    return float(y.std()) or 1.0


def standardised(y: Values) -> Values:
    """Zero mean and unit standard deviation, as :class:`Process` learns it."""
    return np.asarray((y - y.mean()) / spread(y))


class LikelihoodSearch:
    """Finds the hyper-parameters of one mode's process after another.

    The likelihood has many local maxima, and what random restarts over the whole of wide bounds find is far from the
    best. So each search starts at a usual point and at the optimum of the mode before, whose length scales are similar;
    with ``thorough``, also at the best of ``candidates`` random points of a plausible range.
    """

    candidates = 20

    def __init__(self, groups: int, seed: int) -> None:
        self._previous: list[Values] = []
        self._usual = np.log([1.0, *[2.0] * groups, 1e-2])
        self._bounds = np.log([(1e-3, 1e4), *[(1e-1, 1e3)] * groups, (1e-10, 1e1)])
        self._low = np.log([0.3, *[0.2] * groups, 1e-6])
        self._high = np.log([10.0, *[20.0] * groups, 0.3])
        self._random = np.random.default_rng(seed)

    def __call__(self, objective: Objective, *, thorough: bool) -> tuple[Values, float]:
        """The best point found and the objective there."""
        starts = [self._usual, *self._previous]
        if thorough:
            points = self._random.uniform(self._low, self._high, (self.candidates, len(self._low)))
            starts.append(min(points, key=lambda point: objective(point)[0]))
        return self._descend(objective, starts)

    def _descend(self, objective: Objective, starts: Sequence[Values]) -> tuple[Values, float]:
        options: dict[str, Any] = {"method": "L-BFGS-B", "jac": True, "bounds": self._bounds}
        best = min((minimize(objective, start, **options) for start in starts), key=lambda result: float(result.fun))
        self._previous = [best.x]
        return best.x, float(best.fun)
