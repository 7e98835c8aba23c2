"""Geometries that differ between runs, brought onto one common mesh.

A new way of sharing a mesh is a :class:`CommonMesh` and one line in :func:`restore_common_mesh`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulgenvae.geometry.common_mesh import CommonMesh, Placement
from simulgenvae.geometry.corresponding import CorrespondingNodes
from simulgenvae.geometry.grid import BackgroundGrid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulgenvae.mesh.mesh import Mesh

__all__ = ["BackgroundGrid", "CommonMesh", "CorrespondingNodes", "Placement", "restore_common_mesh"]


def restore_common_mesh(record: Mapping[str, Any], mesh: Mesh) -> CommonMesh:
    """Return the way of sharing ``mesh`` that a file describes, see :meth:`CommonMesh.record`.

    Raises ValueError for a way that is not known, and for a record that does not fit the mesh.
    """
    kind = record.get("kind")
    if kind == CorrespondingNodes.kind and mesh.coords is not None and set(record) == {"kind"}:
        return CorrespondingNodes(mesh)
    raise ValueError(f"the way {str(kind)[:40]!r} of sharing a mesh is not known")
