"""Linear interpolation in meshes, as sparse matrices, and distances from their boundary."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import pyvista
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from benchmarks.geometry.case import GeometryCase, GeometryRun

Array = NDArray[np.float64]
Cells = NDArray[np.int64]
TOLERANCE = 1e-8
"""Distance at which a point is still inside a cell, relative to the extent of the mesh."""
_PARTS: dict[str, list[tuple[int, ...]]] = {
    "triangle": [(0, 1, 2)],
    "quad": [(0, 1, 2), (0, 2, 3)],
    "tetra": [(0, 1, 2, 3)],
    "hexahedron": [
        (0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6),
    ],
}  # fmt: skip
"""Corners of the simplices that each kind of cell is divided into."""


class Simplices(NamedTuple):
    """A mesh of triangles or tetrahedra."""

    points: Array
    """Shape ``[M, D]``."""
    cells: Cells
    """Shape ``[K, D + 1]``."""

    @classmethod
    def of(cls, case: GeometryCase, run: GeometryRun) -> Self:
        return cls(run.points, np.concatenate([run.cells[:, part] for part in _PARTS[case.kind]]))

    def at(self, points: Array) -> Self:
        """Return the same cells with nodes elsewhere."""
        return self._replace(points=points)

    def facets(self) -> Cells:
        """Return the nodes of the edges or triangles of the boundary, ``[F, D]``."""
        corners = range(self.cells.shape[1])
        every = np.concatenate([np.delete(self.cells, corner, axis=1) for corner in corners])
        _, first, counts = np.unique(
            np.sort(every, axis=1), axis=0, return_index=True, return_counts=True
        )
        return every[first[counts == 1]]


class Interpolator:
    """Linear interpolation in a mesh; a point outside has the value of the nearest node."""

    def __init__(self, mesh: Simplices) -> None:
        self._mesh = mesh
        kind = {3: pyvista.CellType.TRIANGLE, 4: pyvista.CellType.TETRA}[mesh.cells.shape[1]]
        self._grid = pyvista.UnstructuredGrid({kind: mesh.cells}, _in_space(mesh.points))
        self._grid.cell_data["cell"] = np.arange(len(mesh.cells))

    def __call__(self, targets: Array) -> tuple[csr_matrix, NDArray[np.bool_]]:
        """Return the matrix ``[targets, M]``, and which of the targets ``[n, D]`` are inside."""
        # VTK's own tolerance takes a thin cell for a point that is well inside its neighbour.
        tolerance = TOLERANCE * float(np.ptp(self._mesh.points, axis=0).max())
        cloud = pyvista.PolyData(_in_space(targets))
        found = cloud.sample(self._grid, tolerance=tolerance)
        inside = np.asarray(found.point_data["vtkValidPointMask"]).astype(np.bool_)
        width = self._mesh.cells.shape[1]
        nodes = np.zeros((len(targets), width), np.int64)
        weights = np.zeros((len(targets), width))
        cells = self._mesh.cells[np.asarray(found.point_data["cell"])[inside].astype(np.int64)]
        nodes[inside] = cells
        weights[inside] = _barycentric(self._mesh.points[cells], targets[inside])
        weights[~inside, 0] = 1.0
        nodes[~inside, 0] = cKDTree(self._mesh.points).query(targets[~inside])[1]
        rows = np.repeat(np.arange(len(targets)), width)
        shape = (len(targets), len(self._mesh.points))
        return csr_matrix((weights.ravel(), (rows, nodes.ravel())), shape), inside


def interpolated(matrix: csr_matrix, fields: NDArray[Any]) -> NDArray[np.float32]:
    """Return fields ``[T, M, V]`` at the targets of a matrix ``[n, M]``, ``[T, n, V]``."""
    times, nodes, variables = fields.shape
    flat = fields.transpose(1, 0, 2).reshape(nodes, -1)
    found = (matrix @ flat).reshape(-1, times, variables).transpose(1, 0, 2)
    return np.ascontiguousarray(found, np.float32)


def signed_distance(mesh: Simplices, targets: Array, inside: NDArray[np.bool_]) -> Array:
    """Return the distance of points from the boundary, positive outside, ``[n]``.

    It is that from the nearest of the points that divide each edge of a facet into eight parts.
    """
    corners = mesh.points[mesh.facets()]
    pieces = 8
    shares = np.array(
        [
            share
            for share in np.ndindex(*[pieces + 1] * (corners.shape[1] - 1))
            if sum(share) <= pieces
        ]
    )
    weights = np.column_stack([shares, pieces - shares.sum(axis=1)]) / pieces
    samples = np.einsum("sc,fcd->fsd", weights, corners).reshape(-1, corners.shape[2])
    distance, _ = cKDTree(samples).query(targets)
    return np.where(inside, -distance, distance)


def _barycentric(corners: Array, points: Array) -> Array:
    """Return barycentric coordinates ``[n, D + 1]`` of points in simplices ``[n, D + 1, D]``."""
    edges = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    # A point at the edge of a cell without area has any coordinates there; zeros are as good.
    flat = np.abs(np.linalg.det(edges)) < 1e-30
    edges[flat] = np.eye(edges.shape[1])
    rest = np.linalg.solve(edges, (points - corners[:, 0])[..., np.newaxis])[..., 0]
    rest[flat] = 0.0
    # Rounding, and VTK's tolerance, put points a little outside of their cell.
    weights = np.column_stack([1.0 - rest.sum(axis=1), rest]).clip(0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def _in_space(points: Array) -> Array:
    return np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
