"""Nodes of a regular grid, its cells, and interpolation between its nodes.

Tested in tests/geometry/grid/test_lattice.py.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse

from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.geometry.grid.record import GridRecord

_CORNERS = {2: ("quad", (0, 1, 3, 2)), 3: ("hexahedron", (0, 1, 3, 2, 4, 5, 7, 6))}
"""Name of a cell, and its corners in VTK's order; corner `x + 2 y + 4 z` is at (x, y, z)."""


class Lattice:
    """Nodes of a grid in two or three dimensions; those along the first axis come first.

    Attributes
    ----------
    record
        Numbers that the grid is made of.
    origin
        Position of the first node along the axes of the grid, `[d]`.
    counts
        Number of nodes along each axis, `[d]`.
    """

    def __init__(self, record: GridRecord) -> None:
        axes = list(record.axes)
        self.record = record
        self.spacing = record.spacing
        self.origin: NDArray[np.float64] = np.array(record.origin)[axes]
        self.counts: NDArray[np.int64] = np.array(record.counts)[axes]

    @property
    def dimension(self) -> int:
        """Number d of axes."""
        return len(self.counts)

    @property
    def size(self) -> int:
        """Number M of nodes."""
        return int(self.counts.prod())

    @property
    def strides(self) -> NDArray[np.int64]:
        """Difference of the numbers of neighbours along each axis, `[d]`."""
        return np.concatenate([[1], np.cumprod(self.counts[:-1])])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an array of values at the nodes: the last axis of the grid comes first."""
        return tuple(self.counts[::-1].tolist())

    @cached_property
    def nodes(self) -> NDArray[np.float64]:
        """Positions of the nodes along the axes, `[M, d]`."""
        steps = np.indices(self.shape).reshape(self.dimension, -1)[::-1].T
        nodes: NDArray[np.float64] = self.origin + self.spacing * steps
        return nodes

    def along_axes(self, coords: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions `[m, D]` of a mesh along the axes of the grid, `[m, d]`."""
        return coords[:, list(self.record.axes)]

    def in_space(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions `[m, d]` along the axes as coordinates of a mesh, `[m, D]`."""
        coords = np.tile(np.array(self.record.origin), (len(points), 1))
        coords[:, list(self.record.axes)] = points
        return coords

    def mesh(self) -> Mesh:
        """Return the grid as a mesh of quadrilaterals or hexahedra."""
        name, order = _CORNERS[self.dimension]
        number = np.arange(self.size).reshape(self.shape)
        first = number[(slice(-1),) * self.dimension].ravel()
        corners = np.array([np.dot(place, self.strides) for place in self._corners()])
        cells = {name: first[:, None] + corners[list(order)]}
        return Mesh(self.in_space(self.nodes), cells, unit=self.record.unit)

    def weights(self, points: NDArray[np.float64]) -> scipy.sparse.csr_array:
        """Return the weights `[m, M]` of the nodes in a multilinear interpolation at points.

        Points `[m, d]` outside of the grid have the value of the nearest point of its surface.
        """
        place = ((points - self.origin) / self.spacing).clip(0.0, self.counts - 1.0)
        first = np.floor(place).astype(np.int64).clip(max=self.counts - 2)
        part = place - first
        corners = np.array(self._corners())
        nodes = (first[:, None] + corners) @ self.strides
        factors = np.where(corners, part[:, None], 1.0 - part[:, None]).prod(axis=2)
        offsets = np.arange(0, nodes.size + 1, len(corners))
        return scipy.sparse.csr_array(
            (factors.ravel(), nodes.ravel(), offsets), (len(points), self.size)
        )

    def _corners(self) -> list[tuple[int, ...]]:
        """Return the corners of a cell by their steps along the axes, the first axis first."""
        return [place[::-1] for place in product((0, 1), repeat=self.dimension)]
