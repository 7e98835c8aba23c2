"""Interpolation and smoothing with SciPy's radial basis functions, and their leave-one-out errors.

The error of leaving out each point in turn follows from one inverse (Rippa 1999, Advances in
Computational Mathematics 11), so that hundreds of choices can be compared.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulgenvae.baselines.distances import pair_distances

if TYPE_CHECKING:
    from collections.abc import Callable

Points = NDArray[np.float64]
Values = NDArray[np.float64]


def _thin_plate_spline(r: Values) -> Values:
    from scipy.special import xlogy

    return np.asarray(xlogy(r**2, r))


_KERNELS: dict[str, Callable[[Values], Values]] = {
    "linear": lambda r: -r,
    "thin_plate_spline": _thin_plate_spline,
    "cubic": lambda r: r**3,
    "multiquadric": lambda r: -np.sqrt(1 + r**2),
    "gaussian": lambda r: np.exp(-(r**2)),
}
_LARGEST_CONDITION = 1e15


@dataclass(frozen=True)
class RadialBasis:
    """A kernel of the distance times ``epsilon``, a polynomial of degree 0 or 1, and smoothing.

    Signs and meanings are as in ``scipy.interpolate.RBFInterpolator``.
    """

    kernel: str
    degree: int
    epsilon: float
    smoothing: float

    def fit(self, x: Points, y: Values) -> Callable[[Points], Values]:
        """Return the interpolant of ``y [n, k]`` given at ``x [n, P]``.

        Raises LinAlgError where the system is nearly singular.
        """
        # Imported here: predicting with a surrogate imports this package, but not this library.
        from scipy.interpolate import RBFInterpolator

        _inverse(self._system(x, pair_distances(x, x)))  # SciPy would answer with rounding instead
        interpolant: Callable[[Points], Values] = RBFInterpolator(x, y, **asdict(self))
        return interpolant

    def leave_one_out(self, x: Points, distances: Values, y: Values) -> float:
        """Return the sum of squared errors at each point when fitted to the others.

        It is infinite where that is impossible.

        Parameters
        ----------
        x
            Points, ``[n, P]``.
        distances
            Distances between them, ``[n, n]``.
        y
            Values, ``[n, k]``.
        """
        system = self._system(x, distances)
        n = len(x)
        if n - 1 < len(system) - n:  # fewer points than terms of the polynomial
            return np.inf
        try:
            inverse = _inverse(system)
        except np.linalg.LinAlgError:
            return np.inf
        # The diagonal of an inverse is the determinant without each point over the whole one. It is
        # 0 where the other points lie on a line or plane, which leaves their polynomial undecided.
        diagonal = np.diag(inverse)[:n]
        if np.abs(diagonal).min() <= np.finfo(float).eps * np.abs(inverse).max():
            return np.inf
        # Rippa: the error at a left-out point i is (A⁻¹ y)_i / (A⁻¹)_ii, for all points from one
        # inverse.
        return float(np.square(inverse[:n, :n] @ y / diagonal[:, None]).sum())

    def _kernel(self, distances: Values) -> Values:
        return _KERNELS[self.kernel](self.epsilon * distances)

    def _polynomial(self, x: Points) -> Values:
        return np.concatenate([np.ones((len(x), 1)), *[x] * self.degree], axis=1)

    def _system(self, x: Points, distances: Values) -> Values:
        """Return the matrix of the interpolation: kernel with smoothing, bordered by polynomial."""
        polynomial = self._polynomial(x)
        zeros = np.zeros((polynomial.shape[1],) * 2)
        kernel = self._kernel(distances) + self.smoothing * np.eye(len(x))
        return np.block([[kernel, polynomial], [polynomial.T, zeros]])


def _inverse(system: Values) -> Values:
    """Return the inverse; LinAlgError where it would be dominated by rounding.

    That happens for equal points, points on a line or plane, and kernels that are too wide.
    """
    inverse = np.asarray(np.linalg.inv(system), dtype=np.float64)
    if not np.linalg.norm(system, 1) * np.linalg.norm(inverse, 1) < _LARGEST_CONDITION:
        raise np.linalg.LinAlgError("the system is nearly singular")
    return inverse
