"""Hyper-parameters of Gaussian processes by the largest marginal likelihood.

Formulas: Rasmussen & Williams 2006, equations 5.8 and 5.9. The hyper-parameters are those of
``gp.py``.

Tested in tests/baselines/test_gp.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from simulgenvae.baselines.gp import covariance_matrix, inverse_of
from simulgenvae.baselines.kernels import Kernel, Values, kernel_values

Objective = Callable[[Values], tuple[float, Values]]
"""Function of the hyper-parameters that returns its value and its gradient."""

_FAILED = 1e25  # objective where the covariance matrix is not positive definite all the same


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
        factor, failed = dpotrf(covariance_matrix(kernel, theta), lower=1, clean=1)
        if failed:
            # A large value without slope ends this line of the search without stopping it.
            return _FAILED, np.zeros_like(theta)
        # Equation 5.8: data fit, half of the determinant's logarithm, and a constant.
        alpha = dpotrs(factor, self._y, lower=1)[0]
        determinant = np.log(factor.diagonal()).sum()
        value = 0.5 * self._y @ alpha + determinant + 0.5 * n * np.log(2 * np.pi)
        # Equation 5.9: half of the trace of (K⁻¹ - α αᵀ) ∂K/∂θ. A trace of a product of symmetric
        # matrices is a sum over their entries, which the contractions below are.
        inner = inverse_of(factor)
        inner -= alpha[:, None] * alpha
        variance = np.exp(theta[0])
        gradient = np.empty_like(theta)
        gradient[0] = variance * np.vdot(inner, kernel)
        gradient[1:-1] = variance * (parts.reshape(len(parts), -1) @ (inner * slope).ravel())
        gradient[-1] = np.exp(theta[-1]) * inner.trace()
        return float(value), 0.5 * gradient


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
