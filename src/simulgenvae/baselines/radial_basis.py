"""Interpolation and smoothing with radial basis functions (SciPy's), and leave-one-out errors from
a single inverse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import xlogy

Points = NDArray[np.float64]
Values = NDArray[np.float64]

_KERNELS: dict[str, Callable[[Values], Values]] = {
    "linear": lambda r: -r,
    "thin_plate_spline": lambda r: np.asarray(xlogy(r**2, r)),
    "cubic": lambda r: r**3,
    "multiquadric": lambda r: -np.sqrt(1 + r**2),
    "gaussian": lambda r: np.exp(-(r**2)),
}
_LARGEST_CONDITION = 1e15


@dataclass(frozen=True)
class RadialBasis:
    """A kernel of the distance times ``epsilon``, a polynomial of degree 0 or 1, and smoothing.

    Signs and meanings are those of ``scipy.interpolate.RBFInterpolator``.
    """

    kernel: str
    degree: int
    epsilon: float
    smoothing: float

    def fit(self, x: Points, y: Values) -> Callable[[Points], Values]:
        """The interpolant of ``y [n, k]`` given at ``x [n, P]``; LinAlgError where the system is
        nearly singular."""
        # Imported here: predicting with a surrogate imports this package, but not this library.
        from scipy.interpolate import RBFInterpolator

        _inverse(self._system(x, cdist(x, x)))
        interpolant: Callable[[Points], Values] = RBFInterpolator(x, y, **asdict(self))
        return interpolant

    def leave_one_out(self, x: Points, distances: Values, y: Values) -> float:
        """Sum of squared errors at each of ``x [n, P]`` when fitted to the others; infinite where
        that is impossible.

        ``distances [n, n]`` are those between ``x``. A point's error follows from the inverse of
        the whole system (Rippa 1999).
        """
        system, n = self._system(x, distances), len(x)
        if n - 1 < len(system) - n:  # fewer points than terms of the polynomial
            return np.inf
        try:
            inverse = _inverse(system)
        except np.linalg.LinAlgError:
            return np.inf
        share = np.diag(inverse)[:n]  # of the determinant: what is left of it without each point
        if (
            np.abs(share).min() <= np.finfo(float).eps * np.abs(inverse).max()
        ):  # the others lie on a line or plane
            return np.inf
        return float(np.square(inverse[:n, :n] @ y / share[:, None]).sum())

    def _kernel(self, distances: Values) -> Values:
        return _KERNELS[self.kernel](self.epsilon * distances)

    def _polynomial(self, x: Points) -> Values:
        return np.concatenate([np.ones((len(x), 1)), *[x] * self.degree], axis=1)

    def _system(self, x: Points, distances: Values) -> Values:
        polynomial = self._polynomial(x)
        zeros = np.zeros((polynomial.shape[1],) * 2)
        kernel = self._kernel(distances) + self.smoothing * np.eye(len(x))
        return np.block([[kernel, polynomial], [polynomial.T, zeros]])


def _inverse(system: Values) -> Values:
    """LinAlgError where rounding would rule it: equal points, points on a line or plane, kernels
    that are too wide."""
    inverse = np.asarray(np.linalg.inv(system), dtype=np.float64)
    if not np.linalg.norm(system, 1) * np.linalg.norm(inverse, 1) < _LARGEST_CONDITION:
        raise np.linalg.LinAlgError("the system is nearly singular")
    return inverse
