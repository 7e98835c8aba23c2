"""Geometries that differ between runs, brought onto one common mesh.

A new way of sharing a mesh is a :class:`CommonMesh`, a line in :func:`restore_common_mesh`, and a
case in :mod:`simulgenvae.data.readers.runs.shared_mesh` that chooses it.

Tested in tests/geometry/test_corresponding.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
    from simulgenvae.geometry.common_mesh import (
        CommonMesh,
        Placement,
        on_common_mesh,
        on_own_mesh,
    )
    from simulgenvae.geometry.corresponding import CorrespondingNodes
    from simulgenvae.geometry.grid.background import BackgroundGrid
    from simulgenvae.geometry.grid.extent import Extent
    from simulgenvae.geometry.morphing.morphed import MorphedMesh
    from simulgenvae.geometry.restore import restore_common_mesh

__all__ = [
    "BackgroundGrid",
    "CommonMesh",
    "CorrespondingNodes",
    "Extent",
    "MorphedMesh",
    "Placement",
    "on_common_mesh",
    "on_own_mesh",
    "restore_common_mesh",
]

# Predictions on one mesh need none of these, and searching for neighbours takes time to load.
__getattr__ = lazy_names(
    __name__,
    {
        "BackgroundGrid": "grid.background",
        "CommonMesh": "common_mesh",
        "CorrespondingNodes": "corresponding",
        "Extent": "grid.extent",
        "MorphedMesh": "morphing.morphed",
        "Placement": "common_mesh",
        "on_common_mesh": "common_mesh",
        "on_own_mesh": "common_mesh",
        "restore_common_mesh": "restore",
    },
)
