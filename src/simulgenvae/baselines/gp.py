"""Gaussian process regression with kernels whose length scales belong to groups of features.

Notation and formulas: Rasmussen & Williams 2006, algorithm 2.1. The hyper-parameters ``theta`` are
logarithms: of the variance, of one length scale for each group, and of the variance of the noise.
In double precision throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.linalg.lapack import dpotri, dpotrs

from simulgenvae.baselines.kernels import Kernel, Points, Values, kernel_values

if TYPE_CHECKING:
    from simulgenvae.baselines.length_scale_groups import LengthScaleGroups

Factor = tuple[Values, bool]
"""Cholesky factor of a covariance matrix, as ``scipy.linalg.cho_factor`` returns it."""

_BLOCK_POINTS = 2048
"""Points whose covariances with the inducing points are in memory at once."""
_INDUCING_JITTER = 1e-8
"""Part of the variance that keeps the covariance of inducing points positive definite."""
_JITTER = 1e-9  # keeps the largest allowed covariance matrix positive definite in double precision


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
        covariance = covariance_matrix(kernel_values(kernel, squared, theta)[1], theta)
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
        covariance = covariance_matrix(
            kernel_values(self.kernel, training, self.theta)[1], self.theta
        )
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
        precision = np.diag(inverse_of(np.tril(factor[0])))
        # 1 / precision is the variance of a noisy value; without the noise, of the function.
        noise = np.exp(self.theta[-1]) + _JITTER
        relative = (1 / precision - noise) / np.exp(self.theta[0])
        return self.scale * self.alpha / precision, np.clip(relative, 0.0, 1.0)


def covariance_matrix(kernel: Values, theta: Values) -> Values:
    """Return variance · kernel + noise on the diagonal, ``[n, n]``."""
    covariance: Values = np.exp(theta[0]) * kernel
    covariance.flat[:: len(covariance) + 1] += np.exp(theta[-1]) + _JITTER
    return covariance


def inverse_of(factor: Values) -> Values:
    """Return the inverse of the matrix with this lower Cholesky factor, zero above the diagonal.

    LAPACK's ``dpotri`` takes half of the time of solving for the identity.
    """
    # LAPACK fills the lower triangle only.
    lower = dpotri(factor, lower=1)[0]
    inverse: Values = lower + lower.T
    inverse.flat[:: len(inverse) + 1] = lower.diagonal()
    return inverse


def spread(y: Values) -> float:
    """Return the standard deviation, or 1 for equal values."""
    return float(y.std()) or 1.0


def standardised(y: Values) -> Values:
    """Return values with zero mean and unit standard deviation, as a process learns them."""
    return np.asarray((y - y.mean()) / spread(y))
