"""Fit of grid values to values at points: a smoothing spline.

Tested in tests/geometry/grid/test_spline.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.geometry.grid.columns import independent_columns
from simulgenvae.geometry.grid.continuation import Continuation, nearest_nodes
from simulgenvae.geometry.grid.roughness import differences

if TYPE_CHECKING:
    import scipy.sparse
    from numpy.typing import NDArray

    from simulgenvae.geometry.grid.lattice import Lattice

ROUGHNESS = 3e-3
"""Weight of the squared second differences against the squared errors at the points.

There and back, steep fronts lose 2.5 times as much with 0.01. With 0.001 they lose half as much,
but between the points values are 9 % worse for fronts and 38 % for smooth fields.
"""
TOLERANCE = 3e-5
"""Residual of the normal equations at which the iterations end, relative to the values."""
_ITERATIONS = 60
_TOGETHER = 256  # columns whose combinations are sought together
_AT_ONCE = 16  # columns that are solved for at once: 10 MB a vector on a grid of 250,000 nodes
_FULL = 0.1  # sum of interpolation weights from which on the first guess at a node is a mean
_TINY = np.finfo(np.float32).tiny


class SplineFit:
    """Grid values whose interpolation at points is closest to given values, and which are smooth.

    They minimise ``|W g - f|² + ROUGHNESS |L g|²``, with the weights W of the interpolation and all
    second differences L (a discrete thin-plate spline: Wahba 1990, section 2.4). The normal
    equations are solved by conjugate gradients with the diagonal as preconditioner, for the nodes
    in and next to the geometry. Others have values of a :class:`Continuation`.

    Parameters
    ----------
    lattice
        The grid, with M nodes.
    weights
        Interpolation weights `[m, M]` at the points.
    inside
        Nodes that belong to the geometry although no point may be near, `[M]`.
    """

    def __init__(
        self, lattice: Lattice, weights: scipy.sparse.csr_array, inside: NDArray[np.bool_]
    ) -> None:
        total = weights.sum(axis=0)
        region = (total > 0) | inside
        self._nodes = np.flatnonzero(region)
        number = np.full(lattice.size, -1)
        number[self._nodes] = np.arange(len(self._nodes))
        near = weights[:, self._nodes]
        rough = differences(number.reshape(lattice.shape), len(self._nodes), ROUGHNESS)
        matrix = (near.T @ near + rough.T @ rough).tocsr()
        diagonal = matrix.diagonal()
        # An inside node without neighbours keeps its first guess.
        diagonal[diagonal == 0] = 1.0
        self._matrix = matrix.astype(np.float32)
        self._inverse = (1.0 / diagonal).astype(np.float32)[:, None]
        self._transposed = near.T.tocsr().astype(np.float32)
        self._mean = (1.0 / np.maximum(total[self._nodes], _TINY)).astype(np.float32)[:, None]
        near_points = nearest_nodes(lattice, total >= min(_FULL, total.max()))
        self._guess = number[near_points[self._nodes]]
        self._continue = Continuation(lattice, region)
        self._size = lattice.size

    def __call__(self, values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the grid values `[M, K]` for values `[m, K]` at the points, in their type."""
        found = np.empty((self._size, values.shape[1]), values.dtype)
        for start in range(0, values.shape[1], _TOGETHER):
            part = values[:, start : start + _TOGETHER]
            columns = found[:, start : start + _TOGETHER]
            # Rounding shall be relative to the variation, which may be small against the mean.
            middle = part.mean(axis=0, dtype=np.float64).astype(values.dtype)
            # As large as a run, and gone before the columns are written.
            part = part - middle
            scale = np.maximum(part.max(axis=0), -part.min(axis=0))
            scale[scale == 0] = 1.0
            part /= scale
            part = part.astype(np.float32, copy=False)
            combinations = independent_columns(part)
            right = self._transposed @ (part @ combinations)
            del part
            np.matmul(self._solve_together(right, columns.shape[1]), combinations.T, out=columns)
            columns *= scale
            columns += middle
        return found

    def _solve_together(self, right: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        """Return the grid values for right sides `[n, r]`, combinations of those of many columns.

        ``count`` is the number of these columns.
        """
        # Rotation keeps the sum over the columns: each may be as wrong as one of the given ones.
        goal = TOLERANCE**2 * float(_dots(right, self._inverse * right).sum()) / count
        solved = np.empty((self._size, right.shape[1]), np.float32)
        for start in range(0, right.shape[1], _AT_ONCE):
            columns = slice(start, start + _AT_ONCE)
            part = np.ascontiguousarray(right[:, columns])
            guess = (self._mean * part)[self._guess]
            solved[:, columns] = self._continue(self._conjugate_gradients(part, guess, goal))
        return solved

    def _conjugate_gradients(
        self, right: NDArray[np.float32], x: NDArray[np.float32], goal: float
    ) -> NDArray[np.float32]:
        """Return the solutions for all columns, starting from ``x``, which is overwritten."""
        residual = right - self._matrix @ x
        scaled = self._inverse * residual
        direction = scaled.copy()
        product = _dots(residual, scaled)
        # In place: new arrays of this size take as long as the products.
        for _ in range(_ITERATIONS):
            if (product <= goal).all():
                break
            image = self._matrix @ direction
            step = product / np.maximum(_dots(direction, image), _TINY)
            x += np.multiply(step, direction, out=scaled)
            residual -= np.multiply(step, image, out=scaled)
            np.multiply(self._inverse, residual, out=scaled)
            after = _dots(residual, scaled)
            direction *= after / np.maximum(product, _TINY)
            direction += scaled
            product = after
        return x


def _dots(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    dots: NDArray[np.float32] = np.einsum("mk,mk->k", a, b)
    return dots
