"""Common mesh of runs with alike geometries: that of one run, morphed onto each of the others.

Follows Casenave, Staber & Roynard, MMGP: a mesh morphing Gaussian process-based machine learning
method for regression of physical problems under nonparametrized geometrical variability, 2023.
Tested in tests/geometry/morphing/test_morphed.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry.common_mesh import Placement
from simulgenvae.geometry.grid.extent import filled
from simulgenvae.geometry.morphing.correspondence import partners
from simulgenvae.geometry.morphing.extension import extended, turned_cells
from simulgenvae.geometry.morphing.kept_positions import KeptPositions
from simulgenvae.geometry.morphing.location import locate
from simulgenvae.geometry.morphing.plane import INSTEAD, PlaneMesh
from simulgenvae.geometry.moved_nodes import MovedNodes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from simulgenvae.geometry.morphing.location import Location
    from simulgenvae.geometry.morphing.outline import Outline
    from simulgenvae.mesh.mesh import Mesh

_CORRECTIONS = 2
"""Corrections of interpolated values: the second is a seventh of the first, and after the fourth
they may grow again, where the common mesh is much finer than the own one."""
_AT_ONCE = 32  # columns: all timesteps of a run at once would take the memory of five runs


class MorphedMesh(MovedNodes):
    """Mesh of one run, which is morphed onto every geometry.

    Parameters
    ----------
    mesh
        Mesh of the run. Nodes without cells are left out.
    path
        Its file, for messages.

    Raises
    ------
    UserError
        When the mesh is not plane, or has several parts.
    """

    kind: ClassVar[str] = "morphing"

    def __init__(self, mesh: Mesh, path: Path) -> None:
        self.mesh = mesh.at(np.flatnonzero(filled(mesh)))
        self._path = path
        self._plane = PlaneMesh.of(self.mesh, path)
        self._kept = KeptPositions()

    def __str__(self) -> str:
        return f"that of {self._path}, with {self.nodes} nodes, is morphed onto all others"

    def place(self, own: Mesh, path: Path) -> MorphedPlacement:
        """Return the placement of the geometry of the file ``path``.

        Raises UserError naming the file for a mesh that is not plane, has another number of holes,
        or is so different that morphing onto it turns cells inside out.
        """
        plane = self._in_plane(own, path)
        assert own.coords is not None
        points = self._extended(partners(self._plane, plane, path), path)
        shape = np.zeros_like(self.coords)
        # A plane may be elsewhere: its constant coordinate is moved too.
        shape += own.coords[plane.triangles[0, 0]] - self.coords[self._plane.triangles[0, 0]]
        shape[:, self._plane.axes] = points - self._plane.points
        return MorphedPlacement(own, shape, plane, self._plane.moved(points))

    def require_sound(self, outline: Outline) -> None:
        """Raise UserError, as :meth:`place` does, unless the mesh fits a geometry.

        Placing a mesh with this outline then takes little time.
        """
        boundary = partners(self._plane, outline.plane, outline.path)
        self._kept.keep(boundary, self._extended(boundary, outline.path))

    def placed_again(self, own: Mesh, shape: NDArray[np.floating], path: Path) -> MorphedPlacement:
        """Return the placement of a geometry onto which nodes are moved by ``shape`` `[M, D]`.

        Raises UserError naming the file for a mesh that is not in the plane of the study.
        """
        plane = self._in_plane(own, path)
        moved = shape.astype(np.float64)
        points = self._plane.points + moved[:, self._plane.axes]
        return MorphedPlacement(own, moved, plane, self._plane.moved(points))

    def _in_plane(self, own: Mesh, path: Path) -> PlaneMesh:
        """Return the mesh of a geometry in its plane; UserError unless that is the study's."""
        plane = PlaneMesh.of(own, path)
        assert own.coords is not None
        if (own.coords.shape[1], plane.axes) != (self.shape_width, self._plane.axes):
            raise UserError(
                f"{path}: its nodes have {own.coords.shape[1]} coordinates and are in the plane "
                f"{_plane(plane)}, those of the study have {self.shape_width} and are in "
                f"{_plane(self._plane)}: write all runs in one plane"
            )
        return plane

    def _extended(self, boundary: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
        """Return the positions of all nodes for those of the boundary, `[M, 2]`.

        Raises UserError naming the file when cells are turned inside out.
        """
        kept = self._kept.get(boundary)
        if kept is not None:
            return kept
        points = extended(self._plane, boundary)
        turned = turned_cells(self._plane, points)
        if not turned:
            return points
        raise UserError(
            f"{path}: {turned} of {len(self._plane.triangles)} cells of {self._path} are turned "
            "inside out when it is morphed onto this geometry: they are too "
            f"different. {INSTEAD}"
        )


class MorphedPlacement(Placement):
    """Geometry onto which the common mesh is morphed, and interpolation both ways.

    Parameters
    ----------
    mesh
        Own mesh, with m nodes.
    shape
        Way of each node of the common mesh, `[M, D]`.
    own, morphed
        Both meshes in the plane.
    """

    def __init__(
        self, mesh: Mesh, shape: NDArray[np.float64], own: PlaneMesh, morphed: PlaneMesh
    ) -> None:
        self.mesh = mesh
        self.shape = shape
        self._own = own
        self._morphed = morphed

    def to_common(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the values `[M, K]` on the common mesh that give values `[m, K]` back best.

        Interpolated values are corrected by what they lack on the way back, a few times: linear
        interpolation lowers every hill, and twice there and back.
        """
        there = self._there.weights.astype(values.dtype)
        common = np.empty((there.shape[0], values.shape[1]), values.dtype)
        for start in range(0, values.shape[1], _AT_ONCE):
            columns = slice(start, start + _AT_ONCE)
            part = np.ascontiguousarray(values[:, columns])
            found: NDArray[np.floating] = there @ part
            for _ in range(_CORRECTIONS):
                found += there @ (part - self.to_own(found))
            common[:, columns] = found
        return common

    @property
    def weights(self) -> csr_array:
        """Weights of interpolation in the cells of the morphed mesh, `[m, M]`."""
        return self._back.weights

    @property
    def gap(self) -> float:
        """Largest distance between own boundary nodes and the morphed boundary, and vice versa."""
        return max(self._there.farthest, self._back.farthest) / self._own.size

    @cached_property
    def _there(self) -> Location:
        return locate(self._own, self._morphed.points, self._morphed.boundary)

    @cached_property
    def _back(self) -> Location:
        return locate(self._morphed, self._own.points, self._own.boundary)


def _plane(mesh: PlaneMesh) -> str:
    return "-".join("xyz"[axis] for axis in mesh.axes)
