"""Common meshes from what files hold of them.

Tested in tests/geometry/test_corresponding.py and morphing/test_morphed.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulgenvae.errors import UserError
from simulgenvae.geometry.corresponding import CorrespondingNodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulgenvae.geometry.common_mesh import CommonMesh
    from simulgenvae.mesh.mesh import Mesh


def restore_common_mesh(record: Mapping[str, Any], mesh: Mesh) -> CommonMesh:
    """Return the way of sharing ``mesh`` that a file describes, see :meth:`CommonMesh.to_record`.

    Raises ValueError for a way that is not known, and for a record that does not fit the mesh.
    """
    rest = dict(record)
    kind = rest.pop("kind", None)
    if kind == CorrespondingNodes.kind and mesh.coords is not None and not rest:
        return CorrespondingNodes(mesh)
    # Imported where they are needed: all of them take half as long to load as a design to predict.
    if kind == "grid":
        from simulgenvae.geometry.grid.background import BackgroundGrid
        from simulgenvae.geometry.grid.record import GridRecord

        grid = BackgroundGrid(GridRecord.model_validate(rest))
        if mesh.coords is None or mesh.coords.shape != (grid.nodes, len(grid.record.origin)):
            raise ValueError("the background grid has other nodes than the mesh")
        return grid
    if kind == "morphing" and not rest:
        from simulgenvae.geometry.morphing.morphed import MorphedMesh

        try:
            morphed = MorphedMesh(mesh, Path("the mesh of the study"))
        except UserError as error:
            raise ValueError(str(error)) from error
        if mesh.coords is None or len(mesh.coords) != morphed.nodes:
            raise ValueError("the mesh has nodes without cells, which cannot be morphed")
        return morphed
    raise ValueError(f"the way {str(kind)[:40]!r} of sharing a mesh is not known")
