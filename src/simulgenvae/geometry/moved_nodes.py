"""Common meshes whose nodes move into each geometry: a shape is a displacement of each node.

Tested in tests/geometry/test_corresponding.py and tests/geometry/morphing/test_morphed.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.geometry.common_mesh import CommonMesh, Placement
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MovedNodes(CommonMesh):
    """Mesh whose nodes have a place in every geometry; a shape is their displacement, `[M, D]`."""

    @property
    def coords(self) -> NDArray[np.float64]:
        """Positions of the nodes of the common mesh, `[M, D]`."""
        assert self.mesh.coords is not None, "meshes without positions have no shape"
        return self.mesh.coords

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of the coordinates along which nodes move."""
        return ("x", "y", "z")[: self.coords.shape[1]]

    def to_record(self) -> dict[str, object]:
        """Return what a file holds besides the mesh: nothing but the kind."""
        return {"kind": self.kind}

    def placed(self, shape: NDArray[np.floating]) -> MovedPlacement:
        """Return the placement of the geometry that ``shape`` `[M, D]` describes.

        Its mesh is the common one, moved, so that its nodes correspond.
        """
        moved = np.asarray(shape, np.float64)
        own = Mesh(self.coords + moved, self.mesh.cells, unit=self.mesh.unit, sets=self.mesh.sets)
        return MovedPlacement(own, moved)


@dataclass(frozen=True, eq=False)
class MovedPlacement(Placement):
    """Geometry whose mesh is the common one with its nodes moved."""

    mesh: Mesh
    shape: NDArray[np.float64]

    def to_common(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the values themselves: nodes correspond."""
        return values
