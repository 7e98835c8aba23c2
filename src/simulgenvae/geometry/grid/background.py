"""Common mesh of runs with any geometries: a regular grid around all of them.

Surfaces in space have no inside: their distance has no sign, and what is near belongs to them.

Tested in tests/geometry/grid/test_background.py.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry.common_mesh import CommonMesh
from simulgenvae.geometry.grid.distance import signed_distance, surface_distance
from simulgenvae.geometry.grid.extent import bounds, filled
from simulgenvae.geometry.grid.lattice import Lattice
from simulgenvae.geometry.grid.placement import GridPlacement
from simulgenvae.geometry.grid.sizing import grid_for
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh, mesh_grid, quiet_vtk

if TYPE_CHECKING:
    from collections.abc import Iterable

    import scipy.sparse
    from numpy.typing import NDArray

    from simulgenvae.geometry.grid.extent import Extent
    from simulgenvae.geometry.grid.record import GridRecord

_NEAREST = 1e-3
"""Least distance of the boundary from a node of the grid, in spacings, where the grid is cut.

Closer cuts would leave cells that are all but flat.
"""
_BAND = 3.0
"""Distance from a surface, in spacings, up to which nodes have values of their own.

The error of new ellipsoids in 10 modes of 30 others is 0.088 with 1, 0.057 with 2, 0.043 from 3 on,
and 0.040 with values of the closest point everywhere, which change fields there and back by 0.019
instead of 0.001.
"""
_PIXELS = {2: 64, 3: 32}
"""Largest number of pixels of an image along each axis, by the number of axes."""
_REACH = 0.125
"""Distance that is 1 in images, as a part of the longest side."""


class BackgroundGrid(CommonMesh):
    """Regular grid around all geometries; a geometry is its signed distance there.

    That of a surface in space has no sign.

    Parameters
    ----------
    record
        Numbers that the grid is made of.
    """

    kind: ClassVar[str] = "grid"

    def __init__(self, record: GridRecord) -> None:
        self.record = record
        self._lattice = Lattice(record)
        self.mesh = self._lattice.mesh()

    @classmethod
    def fit(cls, extents: Iterable[Extent]) -> Self:
        """Return the grid for geometries, by the extent of each (:meth:`Extent.of`).

        Raises UserError naming a file whose geometry cannot share a grid with the others.
        """
        return cls(grid_for(list(extents)))

    @property
    def dimension(self) -> int:
        """Number of directions in which the grid extends, 2 or 3."""
        return self._lattice.dimension

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Name of the signed distance."""
        return ("distance",)

    def to_record(self) -> dict[str, object]:
        """Return what files hold of the grid."""
        record = self.record.model_dump(mode="json")
        # Grids that geometries fill are described as before, and so are their data.
        return {"kind": self.kind, **{k: v for k, v in record.items() if k != "surface" or v}}

    def __str__(self) -> str:
        counts = " x ".join(str(count) for count in self.record.counts if count > 1)
        around = " around their surfaces" if self.record.surface else ""
        return f"they share a grid of {counts} nodes, {self.record.spacing:.3g} apart{around}"

    @property
    def has_surfaces(self) -> bool:
        """True if geometries are surfaces in space."""
        return self.record.surface

    def inside(self, shape: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return the nodes at a positive distance, or next to a surface in space."""
        distance = shape[:, 0]
        near = _BAND * self.record.spacing
        inside: NDArray[np.bool_] = distance < near if self.record.surface else distance > 0
        return inside

    def images(self, shapes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return n distances `[M, 1, n]` as images `[n, S, S]` or volumes `[n, S, S, S]`.

        The last axis of the grid comes first. The unit is a part of the longest side of the grid.
        """
        values = self._pixels @ shapes[:, 0].astype(np.float64)
        images: NDArray[np.float32] = values.T.reshape(-1, *self._sides).astype(np.float32)
        return images

    @property
    def _sides(self) -> tuple[int, ...]:
        """Number of pixels along each axis, the last axis of the grid first."""
        return tuple(min(int(n), _PIXELS[self.dimension]) for n in self._lattice.counts[::-1])

    @cached_property
    def _pixels(self) -> scipy.sparse.csr_array:
        """Map from distances at the nodes to the pixels, row by row."""
        counts = self._lattice.counts
        pairs = zip(counts[::-1], self._sides, strict=True)
        places = [np.linspace(0.0, n - 1.0, side) for n, side in pairs]
        steps = np.stack(np.meshgrid(*places, indexing="ij")[::-1], axis=-1)
        spacing = self.record.spacing
        points = self._lattice.origin + spacing * steps.reshape(-1, self.dimension)
        return self._lattice.weights(points) / (_REACH * spacing * float(counts.max() - 1))

    def place(self, own: Mesh, path: Path) -> GridPlacement:
        """Return the placement of the geometry of the file ``path``.

        Raises UserError naming the file for a mesh without areas or volumes, of another dimension,
        or beyond the grid.
        """
        self._check(own, path)
        assert own.coords is not None
        nodes, spacing = self._lattice.nodes, self.record.spacing
        flat = Mesh(self._lattice.along_axes(own.coords), own.cells)
        if self.record.surface:
            distance = surface_distance(flat, nodes, spacing)
        else:
            distance = signed_distance(flat, nodes, spacing, path)
        shape = distance[:, None]
        if not self.inside(shape).any():
            raise UserError(
                f"{path}: no node of the background grid, whose spacing is "
                f"{self.record.spacing:g}, is inside of the geometry: it is too small or too thin "
                "for the grid"
            )
        return self._placement(own, shape)

    def placed_again(self, own: Mesh, shape: NDArray[np.floating], path: Path) -> GridPlacement:
        """Return the placement of a geometry with the signed distance ``shape`` `[M, 1]`.

        Raises UserError as :meth:`place` does.
        """
        self._check(own, path)
        return self._placement(own, shape.astype(np.float64))

    def placed(self, shape: NDArray[np.floating]) -> GridPlacement:
        """Return the placement of the geometry with the signed distance ``shape`` `[M, 1]`.

        Its mesh is the grid, cut where the distance is 0. Raises UserError when the distance is
        positive nowhere, and for surfaces in space, which a distance without a sign does not cut.
        """
        if self.record.surface:
            raise UserError(
                "the geometries are surfaces in space, whose meshes do not follow from a "
                "prediction: give the meshes of the designs (--meshes)"
            )
        distance = shape[:, 0].astype(np.float64)
        if not (distance > 0).any():
            raise UserError(
                "the predicted geometry is empty: its signed distance is positive nowhere. The "
                "design may be too far from those that were learned; give its mesh instead"
            )
        least = _NEAREST * self.record.spacing
        apart = np.where(distance > 0, np.maximum(distance, least), np.minimum(distance, -least))
        grid = mesh_grid(
            Mesh(self._lattice.nodes, self.mesh.cells), "the mesh of a predicted geometry"
        )
        grid.point_data["distance"] = apart
        with quiet_vtk():
            cut = grid.clip_scalar(scalars="distance", invert=False, value=0.0)
        found = grid_mesh(cut, Path("predicted geometry"))
        assert found.coords is not None
        coords = self._lattice.in_space(found.coords[:, : self._lattice.dimension])
        mesh = Mesh(coords, found.cells, unit=self.record.unit)
        return self._placement(mesh, distance[:, None])

    def _placement(self, own: Mesh, shape: NDArray[np.float64]) -> GridPlacement:
        return GridPlacement(self._lattice, own, filled(own), shape, self.inside(shape))

    def _check(self, own: Mesh, path: Path) -> None:
        """Raise UserError for a geometry that is not within the grid."""
        first, last = bounds(own, path)
        dimension = own.cells.dimension
        columns = len(self.record.origin)
        expected = self.record.cell_dimension
        if len(first) != columns or dimension != expected:
            raise UserError(
                f"{path}: has cells of {dimension} dimensions and {len(first)} coordinates, the "
                f"runs of the study have {expected} and {columns}"
            )
        counts = np.array(self.record.counts)
        lower = np.array(self.record.origin)
        upper = lower + self.record.spacing * (counts - 1)
        over = np.maximum(lower - first, last - upper)
        # A coordinate that is the same in all runs may differ by rounding.
        over[counts == 1] -= 1e-6 * float((upper - lower).max())
        if over.max() > 0:
            axis = int(np.argmax(over))
            raise UserError(
                f"{path}: goes from {first[axis]:g} to {last[axis]:g} in "
                f"{'xyz'[axis]}, beyond the background grid of the study, which goes from "
                f"{lower[axis]:g} to {upper[axis]:g}: it is too far from the geometries that were "
                "learned, or in another unit or place. Ingest runs like it to include it"
            )
