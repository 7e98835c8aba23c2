"""Nodes and cells of a mesh of bodies, which a page saves and does not draw.

Tested in tests/explorer/test_volume_mesh.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh


def volume_arrays(mesh: Mesh) -> dict[str, NDArray[Any]]:
    """Return the arrays of a container with the whole of a mesh of bodies; else none.

    There are none for polyhedra, which have faces, and for cells with orders or weights of their
    own.

    Returns
    -------
    dict
        ``volume.points`` ``[M, 3]``, and of the C cells in their order ``volume.types`` ``[C]``
        (VTK's numbers), ``volume.counts`` ``[C]`` (numbers of nodes) and ``volume.connectivity``
        (the nodes of each cell, in VTK's order).
    """
    cells = mesh.cells
    special = len(cells.faces.values) or cells.degrees is not None
    if mesh.coords is None or cells.dimension < 3 or special or cells.rational_weights is not None:
        return {}
    return {
        "volume.points": mesh.coords.astype(np.float32),
        "volume.types": cells.types,
        "volume.counts": cells.nodes.counts.astype(np.uint16),
        "volume.connectivity": cells.nodes.values.astype(np.uint32),
    }
