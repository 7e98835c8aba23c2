"""All training runs on one background grid, with the geometry as signed distances there."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.geometry.case import GeometryCase, GeometryRun
from benchmarks.geometry.peers.sampling import (
    Interpolator,
    Simplices,
    interpolated,
    signed_distance,
)

Array = NDArray[np.float64]
MOST_POINTS = 20_000
FEWEST_ALONG = 8
MARGIN = 0.02
"""Part of the extent of the training runs that the grid is larger by on each side."""


@dataclass(frozen=True, eq=False)
class Background:
    """A grid of equal cells over the box around all training runs."""

    axes: tuple[Array, ...]
    """Coordinates along each axis, D of them."""

    @classmethod
    def of(cls, case: GeometryCase) -> Self:
        """Return a grid as fine as the cells of the meshes, of at most ``MOST_POINTS`` points."""
        points = np.concatenate([run.points for run in case.training_runs])
        lower, upper = points.min(axis=0), points.max(axis=0)
        margin = MARGIN * (upper - lower)
        lower, upper = lower - margin, upper + margin
        spacing = float(np.median([_edge(run) for run in case.training_runs]))
        while np.prod((upper - lower) / spacing + 1.0) > MOST_POINTS:
            spacing *= 1.02
        counts = np.maximum(np.ceil((upper - lower) / spacing).astype(int) + 1, FEWEST_ALONG)
        return cls(tuple(itertools.starmap(np.linspace, zip(lower, upper, counts, strict=True))))

    @property
    def points(self) -> Array:
        """Positions of the G grid points, the last axis fastest, ``[G, D]``."""
        grids = np.meshgrid(*self.axes, indexing="ij")
        return np.stack([grid.ravel() for grid in grids], axis=1)

    def project(self, case: GeometryCase, run: GeometryRun) -> tuple[NDArray[np.float32], Array]:
        """Return fields ``[T, G, V]`` and signed distances ``[G]`` of a run on the grid.

        Outside of the mesh a point has the values of the nearest node.
        """
        matrix, distance = self._to_grid(case, run)
        return interpolated(matrix, run.fields), distance

    def distance(self, case: GeometryCase, run: GeometryRun) -> Array:
        """Return the signed distances from a geometry, ``[G]``; its fields are not read."""
        return self._to_grid(case, run)[1]

    def _to_grid(self, case: GeometryCase, run: GeometryRun) -> tuple[csr_matrix, Array]:
        mesh = Simplices.of(case, run)
        matrix, inside = Interpolator(mesh)(self.points)
        return matrix, signed_distance(mesh, self.points, inside)

    def at(self, targets: Array) -> csr_matrix:
        """Return the multilinear interpolation to points inside the grid, ``[n, G]``.

        A point outside has the value at the nearest point of the grid's box.
        """
        places = []
        for values, axis in zip(targets.T, self.axes, strict=True):
            position = (values - axis[0]) / (axis[1] - axis[0])
            position = position.clip(0.0, len(axis) - 1.0)
            cell = np.minimum(position.astype(int), len(axis) - 2)
            places.append((cell, position - cell))
        shape = tuple(len(axis) for axis in self.axes)
        rows, columns, weights = [], [], []
        for corner in itertools.product((0, 1), repeat=len(self.axes)):
            index = [cell + step for (cell, _), step in zip(places, corner, strict=True)]
            parts = [
                part if step else 1.0 - part for (_, part), step in zip(places, corner, strict=True)
            ]
            rows.append(np.arange(len(targets)))
            columns.append(np.ravel_multi_index(index, shape))
            weights.append(np.prod(parts, axis=0))
        entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
        return csr_matrix(entries, (len(targets), int(np.prod(shape))))


def _edge(run: GeometryRun) -> float:
    """Return the median length of the sides of a run's cells."""
    corners = run.points[run.cells]
    return float(np.median(np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)))
