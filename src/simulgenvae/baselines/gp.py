"""Gaussian process regression with kernels whose length scales belong to groups of features.

Notation and formulas: Rasmussen & Williams 2006, algorithm 2.1 and equations 5.8, 5.9. The
hyper-parameters ``theta`` are logarithms: of the variance, of one length scale for each group, and
of the variance of the noise. In double precision throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from simulgenvae.baselines.distances import pair_distances
from simulgenvae.baselines.kernels import Kernel, Values, kernel_values

Points = NDArray[np.float64]
"""Features of n points, ``[n, P]``."""
Objective = Callable[[Values], tuple[float, Values]]
"""Function of the hyper-parameters that returns its value and its gradient."""

Factor = tuple[Values, bool]
"""Cholesky factor of a covariance matrix, as ``scipy.linalg.cho_factor`` returns it."""

_BLOCK_POINTS = 2048
"""Points whose covariances with the inducing points are in memory at once."""
_INDUCING_JITTER = 1e-8
"""Part of the variance that keeps the covariance of inducing points positive definite."""
_JITTER = 1e-9  # keeps the largest allowed covariance matrix positive definite in double precision
_FAILED = 1e25  # objective where the covariance matrix is not positive definite all the same


@dataclass(frozen=True)
class LengthScaleGroups:
    """Partition of the columns of features into groups with one length scale each.

    A group has one column, or all of a category: its squared distance is then 0 for equal values
    and the same for all different ones, which makes the kernel one of categories (the exchangeable
    one of Roustant et al. 2020). The last group may be the ``shared`` columns of images. These are
    measured in units of their common ``spread``, so that all length scales are of the same order.
    """

    widths: tuple[int, ...]
    """Number of columns of each group, shared columns included."""
    shared: int
    """Number of the last columns that are image components with one length scale; or 0."""
    spread: float

    @classmethod
    def of(cls, x: Points, shared: int, widths: Sequence[int] = ()) -> LengthScaleGroups:
        """Return the groups for training points ``x [n, P]``.

        ``widths`` are the numbers of columns before the ``shared`` ones, by default one each.
        """
        single = x.shape[1] - shared
        widths = (*(widths or (1,) * single), *[shared] * (shared > 0))
        spread = float(np.sqrt(x[:, x.shape[1] - shared :].var(axis=0).sum())) if shared else 1.0
        return cls(widths, shared, spread)

    def squared_distances(self, first: Points, second: Points) -> Values:
        """Return the squared distances in each of the G groups, ``[G, m, n]``."""
        # Group by group, because each one gets its own length scale later.
        parts = []
        start = 0
        for width in self.widths:
            one = first[:, start : start + width]
            other = second[:, start : start + width]
            start += width
            if width == 1:
                parts.append(np.square(one - other.T))
            elif start == first.shape[1] and self.shared:
                parts.append(pair_distances(one / self.spread, other / self.spread, "sqeuclidean"))
            else:
                parts.append(pair_distances(one, other, "sqeuclidean"))
        return np.stack(parts)


class Likelihood:
    """Negative logarithm of the marginal likelihood of ``y [n]``, a function of ``theta``.

    ``squared`` are the squared distances between the points in each group, ``[G, n, n]``. They do
    not depend on ``theta`` and are computed once for all calls.
    """

    def __init__(self, squared: Values, y: Values, kernel: Kernel = "matern52") -> None:
        self._squared = squared
        self._y = y
        self._kernel = kernel

    def __call__(self, theta: Values) -> tuple[float, Values]:
        """Return value and gradient ``[G + 2]``."""
        n = len(self._y)
        parts, kernel, slope = kernel_values(self._kernel, self._squared, theta)
        # A search makes hundreds of calls a mode, and for dozens of runs SciPy's checks of
        # arguments take longer than LAPACK: calling it directly halves the time of a call.
        factor, failed = dpotrf(_covariance(kernel, theta), lower=1, clean=1)
        if failed:
            # A large value without slope ends this line of the search without stopping it.
            return _FAILED, np.zeros_like(theta)
        # Equation 5.8: data fit, half of the determinant's logarithm, and a constant.
        alpha = dpotrs(factor, self._y, lower=1)[0]
        determinant = np.log(factor.diagonal()).sum()
        value = 0.5 * self._y @ alpha + determinant + 0.5 * n * np.log(2 * np.pi)
        # Equation 5.9: half of the trace of (K⁻¹ - α αᵀ) ∂K/∂θ. A trace of a product of symmetric
        # matrices is a sum over their entries, which the contractions below are.
        inner = _inverse(factor)
        inner -= alpha[:, None] * alpha
        variance = np.exp(theta[0])
        gradient = np.empty_like(theta)
        gradient[0] = variance * np.vdot(inner, kernel)
        gradient[1:-1] = variance * (parts.reshape(len(parts), -1) @ (inner * slope).ravel())
        gradient[-1] = np.exp(theta[-1]) * inner.trace()
        return float(value), 0.5 * gradient


def _covariance(kernel: Values, theta: Values) -> Values:
    """Return variance · kernel + noise on the diagonal, ``[n, n]``."""
    covariance: Values = np.exp(theta[0]) * kernel
    covariance.flat[:: len(covariance) + 1] += np.exp(theta[-1]) + _JITTER
    return covariance


def _inverse(factor: Values) -> Values:
    """Return the inverse of the matrix with this lower Cholesky factor, zero above the diagonal.

    LAPACK's ``dpotri`` takes half of the time of solving for the identity.
    """
    # LAPACK fills the lower triangle only.
    lower = dpotri(factor, lower=1)[0]
    inverse: Values = lower + lower.T
    inverse.flat[:: len(inverse) + 1] = lower.diagonal()
    return inverse


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """A Gaussian process conditioned on values at n training points.

    The points themselves are not kept: predictions take the squared distances to them. A process
    that learned with :meth:`learn_sparse` predicts from its inducing points, which then take the
    place of the training points in all methods. Its variance is that of knowing the inducing
    points only, which is a little too large.
    """

    kernel: Kernel
    theta: Values
    """Hyper-parameters, ``[G + 2]``."""
    alpha: Values
    """Inverse covariance times the standardised values, ``[n]``, or ``[n, q]`` for q functions."""
    mean: float
    """Mean of the values."""
    scale: float
    """Standard deviation of the values."""

    @classmethod
    def learn(cls, squared: Values, y: Values, theta: Values, kernel: Kernel = "matern52") -> Self:
        """Condition on the values ``y [n]`` or ``[n, q]``.

        ``squared`` are the squared distances between the points in each group, ``[G, n, n]``.
        """
        covariance = _covariance(kernel_values(kernel, squared, theta)[1], theta)
        factor = cho_factor(covariance, lower=True)
        # The process has mean 0 and a variance near 1, as the bounds of the search assume.
        mean = float(y.mean())
        scale = spread(y)
        return cls(kernel, theta, cho_solve(factor, (y - mean) / scale), mean, scale)

    @classmethod
    def learn_sparse(
        cls,
        groups: LengthScaleGroups,
        inducing: Points,
        x: Points,
        y: Values,
        theta: Values,
        kernel: Kernel = "matern52",
    ) -> Self:
        """Condition on the values ``y [n]`` at many points, through ``[m, P]`` inducing points.

        It is the projected process approximation (Quiñonero-Candela & Rasmussen 2005, section 5;
        Rasmussen & Williams 2006, section 8.3.4), in time that grows with n · m² instead of n³.

        Parameters
        ----------
        groups
            Groups of the columns.
        inducing
            Inducing points, ``[m, P]``.
        x
            Training points, ``[n, P]``.
        y
            Values at the training points, ``[n]``.
        theta, kernel
            Hyper-parameters and covariance function.
        """
        variance = np.exp(theta[0])

        def covariance(points: Points) -> Values:
            """Return the covariances of the inducing points with others, without noise."""
            squared = groups.squared_distances(inducing, points)
            return np.asarray(variance * kernel_values(kernel, squared, theta)[1])

        among = covariance(inducing)
        among[np.diag_indices_from(among)] += _INDUCING_JITTER * variance + _JITTER
        factor = cho_factor(among, lower=True)[0]
        # With V = L⁻¹ K(inducing, training), the weights are L⁻ᵀ (V Vᵀ + noise)⁻¹ V y: products
        # with V are better conditioned than products with the covariances.
        values = standardised(y)
        gram = np.zeros_like(among)
        product = np.zeros(len(inducing))
        for start in range(0, len(x), _BLOCK_POINTS):
            block = slice(start, start + _BLOCK_POINTS)
            whitened = solve_triangular(factor, covariance(x[block]), lower=True)
            gram += whitened @ whitened.T
            product += whitened @ values[block]
        gram[np.diag_indices_from(gram)] += np.exp(theta[-1]) + _JITTER
        weights = cho_solve(cho_factor(gram, lower=True), product)
        alpha = solve_triangular(factor, weights, lower=True, trans="T")
        return cls(kernel, theta, alpha, float(y.mean()), spread(y))

    def predict(self, squared: Values) -> Values:
        """Return the mean of the posterior, ``[m]`` or ``[m, q]``.

        ``squared`` are the squared distances to the training points in each group, ``[G, m, n]``.
        """
        kernel = kernel_values(self.kernel, squared, self.theta)[1]
        predicted: Values = self.mean + self.scale * np.exp(self.theta[0]) * kernel @ self.alpha
        return predicted

    def factor(self, training: Values) -> Factor:
        """Return the factor of the training points' covariance, for the methods below.

        ``training`` are the squared distances among the points, ``[G, n, n]``.
        """
        covariance = _covariance(kernel_values(self.kernel, training, self.theta)[1], self.theta)
        factor: Factor = cho_factor(covariance, lower=True)
        return factor

    def relative_posterior_variance(self, factor: Factor, squared: Values) -> Values:
        """Return the posterior variance over the prior variance, ``[m]`` from 0 to 1.

        It is 1 far from all training points; at one of them it is what the noise leaves.

        Parameters
        ----------
        factor
            What :meth:`factor` returns.
        squared
            Squared distances to the training points, ``[G, m, n]``.
        """
        # Diagonal of K* K⁻¹ K*ᵀ over the prior variance; each factor has the root of the variance.
        across = np.exp(0.5 * self.theta[0]) * kernel_values(self.kernel, squared, self.theta)[1]
        # LAPACK directly, as for the likelihood: SciPy's checks take longer for dozens of runs.
        solved = dpotrs(factor[0], across.T, lower=factor[1])[0]
        left: Values = 1.0 - np.einsum("mn,nm->m", across, solved)
        return np.clip(left, 0.0, 1.0)

    def deviation(self, factor: Factor, squared: Values) -> Values:
        """Return the standard deviation of a prediction, noise included, ``[m]``.

        The arguments are described at :meth:`relative_posterior_variance`.
        """
        return self.noisy_deviation(self.relative_posterior_variance(factor, squared))

    def noisy_deviation(self, relative: Values) -> Values:
        """Return standard deviations, noise included, for relative posterior variances, ``[m]``."""
        variance = np.exp(self.theta[0]) * relative + np.exp(self.theta[-1])
        deviation: Values = self.scale * np.sqrt(variance)
        return deviation

    def leave_one_out(self, factor: Factor) -> tuple[Values, Values]:
        """Return error and relative posterior variance of each training point, ``[n]`` each.

        Both belong to a process that has learned from all other points, with the same
        hyper-parameters (Rasmussen & Williams 2006, equation 5.12). ``factor`` is what
        :meth:`factor` returns.
        """
        precision = np.diag(_inverse(np.tril(factor[0])))
        # 1 / precision is the variance of a noisy value; without the noise, of the function.
        noise = np.exp(self.theta[-1]) + _JITTER
        relative = (1 / precision - noise) / np.exp(self.theta[0])
        return self.scale * self.alpha / precision, np.clip(relative, 0.0, 1.0)


def spread(y: Values) -> float:
    """Return the standard deviation, or 1 for equal values."""
    return float(y.std()) or 1.0


def standardised(y: Values) -> Values:
    """Return values with zero mean and unit standard deviation, as a process learns them."""
    return np.asarray((y - y.mean()) / spread(y))


def bounds(groups: int) -> Values:
    """Return the smallest and largest hyper-parameters of a search, ``[G + 2, 2]``."""
    return np.log([(1e-3, 1e4), *[(1e-1, 1e3)] * groups, (1e-10, 1e1)])


class LikelihoodSearch:
    """Search for the hyper-parameters of one mode's process after another.

    The likelihood has many local maxima, and random restarts over the whole of wide bounds end far
    from the best one. Each search therefore starts at a usual point and at the optimum of the mode
    before, whose length scales are similar. A ``thorough`` search also starts at the best of
    ``candidates`` random points of a plausible range.

    Parameters
    ----------
    groups
        Number G of length scales.
    seed
        Seed of the random points.
    previous
        Further points ``[G + 2]`` that the first search starts at.
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
        """Return the best point found, ``[G + 2]``, and the objective there."""
        # Two starts are enough for most modes, as their length scales are similar.
        # The length scales of the mode before are a better guess than any constant.
        starts = [self._usual, *self._previous]
        if thorough:
            points = self._random.uniform(self._low, self._high, (self.candidates, len(self._low)))
            starts.append(min(points, key=lambda point: objective(point)[0]))
        return self._descend(objective, starts)

    def _descend(self, objective: Objective, starts: Sequence[Values]) -> tuple[Values, float]:
        """Return the best end of a descent from each start; the next search starts there too."""
        # Predictions do without it, and it takes as long to load as a design to predict.
        from scipy.optimize import minimize

        results = [
            minimize(objective, start, method="L-BFGS-B", jac=True, bounds=self._bounds)
            for start in starts
        ]
        best = min(results, key=lambda result: float(result.fun))
        self._previous = [best.x]
        return best.x, float(best.fun)
