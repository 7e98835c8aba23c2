"""Meshes by Gmsh (GPL 2 or later, ``benchmarks/geometry/requirements.txt``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError

Array = NDArray[np.float64]
Cells = NDArray[np.int64]
_NODES_OF = {2: (2, 3), 3: (4, 4)}
"""Gmsh's number of the linear simplex and its number of nodes, by dimension."""


@contextmanager
def session() -> Iterator[Any]:
    """Return the module ``gmsh``, with an empty model, for a block.

    Raises
    ------
    UserError
        Gmsh is not installed.
    """
    try:
        import gmsh
    except ImportError:
        raise UserError(
            "this problem needs Gmsh: pip install -r benchmarks/geometry/requirements.txt"
        ) from None
    # Without readConfigFiles the options of the user would change the meshes.
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("General.NumThreads", 1)
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 1)
        yield gmsh
    finally:
        gmsh.finalize()


def planar_mesh(outline: Array, holes: Sequence[Array], size: float) -> tuple[Array, Cells]:
    """Return nodes ``[M, 2]`` and triangles ``[K, 3]`` of a region between polygons.

    Parameters
    ----------
    outline, holes
        Corners of closed polygons, ``[n, 2]``; their edges are edges of the mesh.
    size
        Length of the edges inside.
    """
    with session() as gmsh:
        loops = []
        for polygon in (outline, *holes):
            corners = [gmsh.model.geo.addPoint(x, y, 0.0, size) for x, y in polygon.tolist()]
            edges = [
                gmsh.model.geo.addLine(start, end)
                for start, end in zip(corners, [*corners[1:], corners[0]], strict=True)
            ]
            for edge in edges:
                gmsh.model.geo.mesh.setTransfiniteCurve(edge, 2)
            loops.append(gmsh.model.geo.addCurveLoop(edges))
        gmsh.model.geo.addPlaneSurface(loops)
        gmsh.model.geo.synchronize()
        gmsh.model.mesh.generate(2)
        points, cells = simplices_of(gmsh, 2)
    return points[:, :2], cells


def simplices_of(gmsh: Any, dimension: int) -> tuple[Array, Cells]:
    """Return nodes ``[M, 3]`` and linear simplices of Gmsh's mesh; nodes of none are left out."""
    number, nodes = _NODES_OF[dimension]
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    _, connected = gmsh.model.mesh.getElementsByType(number)
    used, cells = np.unique(connected, return_inverse=True)
    order = np.argsort(tags)
    rows = order[np.searchsorted(tags[order], used)]
    return coordinates.reshape(-1, 3)[rows], cells.reshape(-1, nodes).astype(np.int64)


def circle(centre: Array, radius: float, size: float) -> Array:
    """Return the corners of a polygon on a circle with edges of about ``size``, ``[n, 2]``."""
    count = max(12, round(2.0 * np.pi * radius / size))
    angles = 2.0 * np.pi * np.arange(count) / count
    return centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
