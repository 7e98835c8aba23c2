"""Values at all nodes of a grid from values at some of them.

Tested in tests/geometry/grid/test_pyramid.py.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.geometry.grid.lattice import Lattice


class _Level(NamedTuple):
    """One grid of the pyramid.

    ``known`` `[M, 1]` says how much is known at each node, from 0 to 1. ``down`` brings weighted
    sums to the next coarser grid, ``share`` `[M', 1]` makes them values again, and ``up``
    interpolates back.
    """

    known: NDArray[np.float32]
    down: scipy.sparse.csr_array
    share: NDArray[np.float32]
    up: scipy.sparse.csr_array


class Pyramid:
    """Smooth continuation of values from known nodes of a grid to all others (pull-push).

    Values are averaged onto coarser and coarser grids until all nodes there have some, and are
    interpolated back where they are missing (Gortler et al. 1996, The Lumigraph, section 3.4). The
    cost is linear in the number of nodes, and no value lies outside the range of the known ones.

    Parameters
    ----------
    lattice
        The grid, with M nodes.
    known
        Weight of the value at each node, `[M]`, from 0 (missing) to 1.
    """

    def __init__(self, lattice: Lattice, known: NDArray[np.floating[Any]]) -> None:
        self._levels: list[_Level] = []
        counts = lattice.counts.tolist()
        weight = known.astype(np.float32)[:, None]
        while weight.min() < 1.0 and max(counts) > 1:
            # The last axis is the slowest, so it is the first factor.
            down = reduce(scipy.sparse.kron, [_average(count) for count in counts[::-1]]).tocsr()
            up = down.T.tocsr()
            up = (scipy.sparse.diags_array(1.0 / up.sum(axis=1)) @ up).tocsr()
            total = down @ weight
            coarse = np.minimum(total, 1.0)
            share = coarse / np.maximum(total, np.finfo(np.float32).tiny)
            as_float32 = (down.astype(np.float32), up.astype(np.float32))
            self._levels.append(_Level(weight, as_float32[0], share, as_float32[1]))
            weight = coarse
            counts = [(count + 1) // 2 for count in counts]
        self._top = np.maximum(weight, np.finfo(np.float32).tiny)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values `[M, K]` with those that are missing filled in."""
        sums: list[NDArray[np.float32]] = []
        current = values if not self._levels else values * self._levels[0].known
        for level in self._levels:
            sums.append(current)
            current = (level.down @ current) * level.share
        current = (current / self._top).astype(np.float32)
        for level, known in zip(reversed(self._levels), reversed(sums), strict=True):
            current = known + (1.0 - level.known) * (level.up @ current)
        return current


def _average(count: int) -> scipy.sparse.csr_array:
    """Return the weights `[n', n]` of each second node and half of its neighbours."""
    if count == 1:
        return scipy.sparse.csr_array(np.ones((1, 1)))
    coarse = (count + 1) // 2
    centre = 2 * np.arange(coarse)
    rows, columns, values = [], [], []
    for step, weight in ((-1, 0.5), (0, 1.0), (1, 0.5)):
        is_inside = (centre + step >= 0) & (centre + step < count)
        rows.append(np.flatnonzero(is_inside))
        columns.append((centre + step)[is_inside])
        values.append(np.full(is_inside.sum(), weight))
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return scipy.sparse.csr_array(entries, (coarse, count))
