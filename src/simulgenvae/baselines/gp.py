"""Gaussian process regression with kernels whose length scales belong to groups of features.

Notation and formulas: Rasmussen & Williams 2006, algorithm 2.1 and equation 5.9. Hyper-parameters
are logarithms of the variance, of one length scale a group, and of the noise's variance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from simulgenvae.baselines.kernels import Kernel, Values, kernel_values

Points = NDArray[np.float64]
Objective = Callable[[Values], tuple[float, Values]]

_JITTER = 1e-9  # keeps the largest allowed covariance matrix positive definite in double precision
_FAILED = 1e25


@dataclass(frozen=True)
class Groups:
    """Which columns share a length scale: single ones, then the last ``shared`` columns together.

    The shared ones are read in units of their common ``spread``, so that all length scales are of
    the same order.
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
            parts.append(
                cdist(
                    first[:, single:] / self.spread, second[:, single:] / self.spread, "sqeuclidean"
                )
            )
        return np.stack(parts)


class Likelihood:
    """Negative logarithm of the marginal likelihood of ``y [n]``, as a function of the
    hyper-parameters.

    ``squared`` are the groups' squared distances ``[G, n, n]`` between the points.
    """

    def __init__(self, squared: Values, y: Values, kernel: Kernel = "matern52") -> None:
        self._squared, self._y, self._kernel = squared, y, kernel

    def __call__(self, theta: Values) -> tuple[float, Values]:
        """Value and gradient."""
        n = len(self._y)
        parts, kernel, slope = kernel_values(self._kernel, self._squared, theta)
        try:
            factor = cho_factor(_covariance(kernel, theta), lower=True, check_finite=False)
        except LinAlgError:
            return _FAILED, np.zeros_like(theta)
        alpha = cho_solve(factor, self._y, check_finite=False)
        value = (
            0.5 * self._y @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * n * np.log(2 * np.pi)
        )
        inner = _inverse(factor[0]) - np.outer(alpha, alpha)
        variance, noise = np.exp(theta[0]), np.exp(theta[-1])
        lengths = np.tensordot(parts, inner * slope, axes=2)
        gradient = np.array(
            [variance * np.vdot(inner, kernel), *(variance * lengths), noise * np.trace(inner)]
        )
        return float(value), 0.5 * gradient


def _covariance(kernel: Values, theta: Values) -> Values:
    covariance: Values = np.exp(theta[0]) * kernel
    covariance[np.diag_indices_from(covariance)] += np.exp(theta[-1]) + _JITTER
    return covariance


def _inverse(factor: Values) -> Values:
    """Inverse of the matrix whose lower Cholesky factor this is, in half the time of solving for
    the identity."""
    lower = np.tril(dpotri(factor, lower=1)[0])
    inverse: Values = lower + np.tril(lower, -1).T
    return inverse


@dataclass(frozen=True, eq=False)
class Process:
    """A Gaussian process that has learned values at n points with given hyper-parameters."""

    kernel: Kernel
    theta: Values
    alpha: Values
    """Inverse covariance times the standardised values, ``[n]`` (or ``[n, q]`` for q functions at
    once)."""
    mean: float
    scale: float

    @classmethod
    def learn(cls, squared: Values, y: Values, theta: Values, kernel: Kernel = "matern52") -> Self:
        """From ``y [n]`` or ``[n, q]``; ``squared`` are the groups' squared distances ``[G, n, n]``
        of the points."""
        factor = cho_factor(
            _covariance(kernel_values(kernel, squared, theta)[1], theta), lower=True
        )
        mean, scale = float(y.mean()), spread(y)
        return cls(kernel, theta, cho_solve(factor, (y - mean) / scale), mean, scale)

    def predict(self, squared: Values) -> Values:
        """Mean of the posterior ``[m]`` or ``[m, q]``, from squared distances ``[G, m, n]`` to the
        known points."""
        kernel = kernel_values(self.kernel, squared, self.theta)[1]
        predicted: Values = self.mean + self.scale * np.exp(self.theta[0]) * kernel @ self.alpha
        return predicted

    def relative_posterior_variance(self, known: Values, squared: Values) -> Values:
        """Share of the prior variance that is left ``[m]``, with distances among the known points
        ``[G, n, n]`` and to them ``[G, m, n]``: 1 far from all of them, and next to one what the
        noise leaves."""
        factor = cho_factor(
            _covariance(kernel_values(self.kernel, known, self.theta)[1], self.theta), lower=True
        )
        across = np.exp(0.5 * self.theta[0]) * kernel_values(self.kernel, squared, self.theta)[1]
        left: Values = 1.0 - np.einsum("mn,nm->m", across, cho_solve(factor, across.T))
        return np.clip(left, 0.0, 1.0)

    def deviation(self, known: Values, squared: Values) -> Values:
        """Standard deviation ``[m]`` of what is predicted, noise included; arguments as for
        :meth:`relative_posterior_variance`."""
        variance = np.exp(self.theta[0]) * self.relative_posterior_variance(
            known, squared
        ) + np.exp(self.theta[-1])
        deviation: Values = self.scale * np.sqrt(variance)
        return deviation

    def leave_one_out(self, known: Values) -> tuple[Values, Values]:
        """What each known point ``[n]`` would be wrong by, and its
        :meth:`relative_posterior_variance`, if all others alone were known.

        Rasmussen & Williams 2006, equation 5.12; the hyper-parameters stay.
        """
        covariance = _covariance(kernel_values(self.kernel, known, self.theta)[1], self.theta)
        precision = np.diag(_inverse(cho_factor(covariance, lower=True)[0]))
        noise = np.exp(self.theta[-1]) + _JITTER
        return self.scale * self.alpha / precision, np.clip(
            (1 / precision - noise) / np.exp(self.theta[0]), 0.0, 1.0
        )


def spread(y: Values) -> float:
    """Standard deviation, or 1 for equal values."""
    return float(y.std()) or 1.0


def standardised(y: Values) -> Values:
    """Zero mean and unit standard deviation, as :class:`Process` learns it."""
    return np.asarray((y - y.mean()) / spread(y))


def bounds(groups: int) -> Values:
    """Least and largest hyper-parameters that are looked at, ``[G + 2, 2]``."""
    return np.log([(1e-3, 1e4), *[(1e-1, 1e3)] * groups, (1e-10, 1e1)])


class LikelihoodSearch:
    """Finds the hyper-parameters of one mode's process after another.

    The likelihood has many local maxima, and what random restarts over the whole of wide bounds
    find is far from the best. So each search starts at a usual point and at the optimum of the mode
    before, whose length scales are similar; with ``thorough``, also at the best of ``candidates``
    random points of a plausible range.
    """

    candidates = 20

    def __init__(self, groups: int, seed: int, *previous: Values) -> None:
        self._previous = list(previous)
        self._usual = np.log([1.0, *[2.0] * groups, 1e-2])
        self._bounds = bounds(groups)
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
        best = min(
            (minimize(objective, start, **options) for start in starts),
            key=lambda result: float(result.fun),
        )
        self._previous = [best.x]
        return best.x, float(best.fun)
