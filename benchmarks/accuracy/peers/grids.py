"""Regular grids among meshes, for methods that need one."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError

TOLERANCE = 1e-5
"""Largest difference of equal coordinates, as a share of the extent of the mesh along the axis."""


class NoGridError(UserError):
    """The nodes are no regular grid."""


class Grid(NamedTuple):
    """The places of nodes on a regular grid.

    Its axes are those of the coordinates in reverse order: y, x for two of them.
    """

    shape: tuple[int, ...]
    """Numbers of nodes along the axes."""
    order: NDArray[np.intp]
    """Nodes in the order of the grid, the last axis fastest, ``[M]``."""

    @classmethod
    def of(cls, coords: NDArray[np.floating[Any]]) -> Grid:
        """Return the grid that nodes ``[M, D]`` are, in whatever order they are numbered.

        Raises
        ------
        NoGridError
            Steps along an axis differ, or a place of the grid has not exactly one node.
        """
        axes = [_places(axis) for axis in coords.T[::-1] if np.ptp(axis) > 0.0]
        shape = tuple(int(places.max()) + 1 for places in axes)
        if math.prod(shape) != len(coords):
            raise NoGridError("its nodes are no regular grid")
        numbers = np.ravel_multi_index(axes, shape)
        order = np.argsort(numbers)
        if not np.array_equal(numbers[order], np.arange(len(coords))):
            raise NoGridError("its nodes are no regular grid")
        return cls(shape, order)


def _places(axis: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Return the number of each coordinate among the different ones, ``[M]``."""
    tolerance = TOLERANCE * np.ptp(axis)
    order = np.argsort(axis)
    steps = np.diff(axis[order])
    different = steps > tolerance
    # Steps are sums of many nodes' differences: a few tolerances apart they are still equal.
    if np.ptp(steps[different]) > 4.0 * tolerance:
        raise NoGridError("its nodes are no regular grid: steps along an axis differ")
    places = np.empty(len(axis), dtype=np.intp)
    places[order] = np.concatenate([[0], np.cumsum(different)])
    return places
