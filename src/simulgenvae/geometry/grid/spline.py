"""Fit of grid values to values at points: a smoothing spline.

Tested in tests/geometry/grid/test_spline.py.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from simulgenvae.geometry.grid.pyramid import Pyramid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.geometry.grid.lattice import Lattice

ROUGHNESS = 1e-2
"""Weight of the squared second differences against the squared errors at the points.

With 0.1 fronts of two spacings are blurred, with 0.001 they overshoot between points.
"""
_SLOPE = 1e-6  # weight of squared differences: nodes without any second difference need a value
_ITERATIONS = 60
_TOLERANCE = 1e-5  # of the residual, relative to the right-hand side
_COLUMNS = 32  # at once: some 30 MB for each vector on a grid of 250,000 nodes
_FULL = 0.1  # sum of interpolation weights from which on the first guess at a node is trusted


class SplineFit:
    """Grid values whose interpolation at points is closest to given values, and which are smooth.

    They minimise ``|W g - f|² + ROUGHNESS |L g|²``, with the weights W of the interpolation and all
    second differences L (a discrete thin-plate spline: Wahba 1990, section 2.4). The normal
    equations are solved by conjugate gradients with the diagonal as preconditioner, for the nodes
    in and next to the geometry. Farther away the values are those of a :class:`Pyramid`.

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
        active = (total > 0) | inside
        self._nodes = np.flatnonzero(active)
        number = np.full(lattice.size, -1)
        number[self._nodes] = np.arange(len(self._nodes))
        near = weights[:, self._nodes]
        rough = _differences(number.reshape(lattice.shape), len(self._nodes))
        matrix = (near.T @ near + rough.T @ rough).tocsr()
        diagonal = matrix.diagonal()
        # An inside node without neighbours keeps its first guess.
        diagonal[diagonal == 0] = 1.0
        self._matrix = matrix.astype(np.float32)
        self._inverse = (1.0 / diagonal).astype(np.float32)[:, None]
        self._transposed = near.T.tocsr().astype(np.float32)
        mean = scipy.sparse.diags_array(1.0 / np.maximum(total, np.finfo(float).tiny)) @ weights.T
        self._mean = mean.tocsr().astype(np.float32)
        self._guess = Pyramid(lattice, np.minimum(total / _FULL, 1.0))
        self._fill = Pyramid(lattice, active)
        self._size = lattice.size

    def __call__(self, values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the grid values `[M, K]` for values `[m, K]` at the points, in their type."""
        found = np.empty((self._size, values.shape[1]), values.dtype)
        for start in range(0, values.shape[1], _COLUMNS):
            part = values[:, start : start + _COLUMNS].astype(np.float64)
            # Rounding shall be relative to the variation, which may be small against the mean.
            middle = part.mean(axis=0)
            part -= middle
            scale = np.abs(part).max(axis=0)
            scale[scale == 0] = 1.0
            solved = self._solve((part / scale).astype(np.float32))
            found[:, start : start + _COLUMNS] = solved * scale + middle
        return found

    def _solve(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self._guess(self._mean @ values)
        right = self._transposed @ values
        found[self._nodes] = self._conjugate_gradients(right, found[self._nodes])
        return self._fill(found)

    def _conjugate_gradients(
        self, right: NDArray[np.float32], x: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the solutions for all columns, starting from ``x``."""
        tiny = np.finfo(np.float32).tiny
        residual = right - self._matrix @ x
        scaled = self._inverse * residual
        direction = scaled
        product = _dots(residual, scaled)
        goal = _TOLERANCE**2 * _dots(right, self._inverse * right)
        for _ in range(_ITERATIONS):
            if (product <= goal).all():
                break
            image = self._matrix @ direction
            step = product / np.maximum(_dots(direction, image), tiny)
            x = x + step * direction
            residual = residual - step * image
            scaled = self._inverse * residual
            after = _dots(residual, scaled)
            direction = scaled + (after / np.maximum(product, tiny)) * direction
            product = after
        return x


def _dots(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    dots: NDArray[np.float32] = np.einsum("mk,mk->k", a, b)
    return dots


def _differences(number: NDArray[np.int64], nodes: int) -> scipy.sparse.csr_array:
    """Return the weighted differences `[rows, nodes]` between active nodes of the grid.

    ``number`` holds the numbers of the active nodes on the grid, and -1 elsewhere.
    """
    rough = ROUGHNESS**0.5
    blocks = []
    for axis in range(number.ndim):
        one = _neighbours(number, {axis: 2})
        two = _neighbours(number, {axis: 3})
        blocks += [
            _rows(list(one), (-(_SLOPE**0.5), _SLOPE**0.5), nodes),
            _rows(list(two), (rough, -2.0 * rough, rough), nodes),
        ]
    # Each mixed derivative stands for two.
    mixed = (2.0 * ROUGHNESS) ** 0.5
    for first, second in combinations(range(number.ndim), 2):
        square = list(_neighbours(number, {first: 2, second: 2}))
        blocks.append(_rows(square, (mixed, -mixed, -mixed, mixed), nodes))
    return scipy.sparse.vstack(blocks).tocsr()


def _neighbours(number: NDArray[np.int64], spans: dict[int, int]) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of each node of all boxes of ``spans`` nodes along some axes."""
    sizes = tuple(spans.get(axis, 1) for axis in range(number.ndim))
    for place in np.ndindex(sizes):
        cut = tuple(
            slice(start, number.shape[axis] - sizes[axis] + 1 + start)
            for axis, start in enumerate(place)
        )
        yield number[cut].ravel()


def _rows(
    members: list[NDArray[np.int64]], factors: tuple[float, ...], nodes: int
) -> scipy.sparse.csr_array:
    """Return a row of factors for each box whose nodes are all active."""
    table = np.stack(members, axis=1)
    table = table[(table >= 0).all(axis=1)]
    values = np.tile(np.array(factors), len(table))
    offsets = np.arange(0, table.size + 1, len(factors))
    return scipy.sparse.csr_array((values, table.ravel(), offsets), (len(table), nodes))
