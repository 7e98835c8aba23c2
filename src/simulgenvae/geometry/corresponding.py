"""Meshes whose nodes correspond: the same cells between nodes that are elsewhere in each run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from simulgenvae.errors import UserError
from simulgenvae.geometry.cell_quality import require_sound_cells
from simulgenvae.geometry.moved_nodes import MovedNodes

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.geometry.moved_nodes import MovedPlacement
    from simulgenvae.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class CorrespondingNodes(MovedNodes):
    """Nodes that belong together by their numbers, on the mesh of one of the runs.

    Fields are the same on both meshes.
    """

    kind: ClassVar[str] = "corresponding"
    keeps_nodes: ClassVar[bool] = True
    mesh: Mesh

    def place(self, own: Mesh, path: Path) -> MovedPlacement:
        """Return the placement of a geometry from the file ``path``.

        Raises UserError where it has other nodes or cells, or where cells are turned inside out.
        """
        expected = self.coords.shape
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
        return self.placed(own.coords - self.coords)
