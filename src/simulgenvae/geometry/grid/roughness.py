"""Differences between neighbouring nodes of a grid, whose squares measure how rough values are.

Tested in tests/geometry/grid/test_roughness.py.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SLOPE = 1e-6
"""Weight of squared first differences: nodes without any second difference need a value too."""


def differences(number: NDArray[np.int64], nodes: int, weight: float) -> scipy.sparse.csr_array:
    """Return the second differences `[rows, nodes]` between some nodes of a grid.

    ``number`` holds the numbers of these nodes on the grid, and -1 elsewhere. The sum of the
    squares is ``weight`` times the roughness of a thin-plate spline; first differences are part of
    it with the small weight :data:`SLOPE`.
    """
    rough = weight**0.5
    slope = SLOPE**0.5
    blocks = []
    for axis in range(number.ndim):
        two = list(_neighbours(number, {axis: 2}))
        three = list(_neighbours(number, {axis: 3}))
        blocks.append(_rows(two, (-slope, slope), nodes))
        blocks.append(_rows(three, (rough, -2.0 * rough, rough), nodes))
    # Each mixed derivative stands for two.
    mixed = (2.0 * weight) ** 0.5
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
