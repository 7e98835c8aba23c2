"""Meshes whose nodes correspond: the same cells between nodes that are elsewhere in each run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry.cell_quality import require_sound_cells
from simulgenvae.geometry.common_mesh import CommonMesh, Placement
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CorrespondingNodes(CommonMesh):
    """Nodes that belong together by their numbers, on the mesh of one of the runs.

    A shape is the way of each node from its place in that mesh, `[M, D]`, and fields are the same
    on both meshes.
    """

    kind: ClassVar[str] = "corresponding"
    keeps_nodes: ClassVar[bool] = True
    mesh: Mesh

    @property
    def _coords(self) -> NDArray[np.float64]:
        assert self.mesh.coords is not None, "meshes without positions have no shape"
        return self.mesh.coords

    @property
    def shape_width(self) -> int:
        """Number of coordinates of a node."""
        return int(self._coords.shape[1])

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of the values that describe a geometry at each node."""
        return ("x", "y", "z")[: self.shape_width]

    def to_record(self) -> dict[str, object]:
        """Return what a file holds besides the mesh: nothing but the kind."""
        return {"kind": self.kind}

    def place(self, own: Mesh, path: Path) -> CorrespondingPlacement:
        """Return the placement of a geometry from the file ``path``.

        Raises UserError where it has other nodes or cells, or where cells are turned inside out.
        """
        expected = self._coords.shape
        if own.coords is None or own.coords.shape != expected:
            found = "no positions" if own.coords is None else f"{len(own.coords)} nodes"
            if own.coords is not None and len(own.coords) == expected[0]:
                found = f"nodes with {own.coords.shape[1]} coordinates, not {expected[1]}"
            raise UserError(
                f"{path}: {found}, but the nodes of this study are {expected[0]}, which correspond "
                "by their numbers: give a mesh with the same nodes and cells, morphed"
            )
        if own.cells and not own.cells.same_as(self.mesh.cells):
            raise UserError(
                f"{path}: other cells between its nodes than in the study, whose nodes correspond "
                "by their numbers: give a mesh with the same nodes and cells, morphed"
            )
        require_sound_cells(own.coords, self.mesh, path)
        return self.placed(own.coords - self._coords)

    def placed(self, shape: NDArray[np.floating]) -> CorrespondingPlacement:
        """Return the placement of the geometry that ``shape`` `[M, D]` describes."""
        moved = np.asarray(shape, np.float64)
        own = Mesh(self._coords + moved, self.mesh.cells, unit=self.mesh.unit, sets=self.mesh.sets)
        return CorrespondingPlacement(own, moved)


@dataclass(frozen=True, eq=False)
class CorrespondingPlacement(Placement):
    """Positions of the nodes of one geometry."""

    mesh: Mesh
    shape: NDArray[np.float64]

    def to_common(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the values themselves: nodes correspond."""
        return values

    def to_own(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the values themselves: nodes correspond."""
        return values
