"""Nodal values on a plane: shaded triangles in 2-D, an isometric projection of points in 3-D.

Tested in tests/evaluation/figures/test_fields.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.tri import Triangulation

from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.triangles import flat_triangles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from numpy.typing import NDArray

_MAX_POINTS = 20_000


class MeshPlot:
    """Plot of nodal values; meshes more than ten times longer than wide are stretched.

    Parameters
    ----------
    space
        Coordinates of the nodes, ``[M, 2]`` or ``[M, 3]``.
    cells
        Cells by the names of meshio, ``[K, nodes]`` each.
    """

    def __init__(self, space: NDArray[np.float64], cells: Mapping[str, NDArray[np.int64]]) -> None:
        self._triangles: Triangulation | None = None
        self._order = np.arange(len(space))
        if space.shape[1] == 2:
            self._plane = space
            self._triangles = _triangulate(space, cells)
        else:
            x, y, z = space.T
            # Isometric: x goes to the right and y to the left, both 30° upwards, and z upwards.
            self._plane = np.column_stack([(x - y) * np.cos(np.pi / 6), z + (x + y) * 0.5])
            thinned = np.arange(0, len(space), max(1, len(space) // _MAX_POINTS))
            # Far points first, so that near ones are drawn over them.
            self._order = thinned[np.argsort(-(x + y - z)[thinned])]
        width, height = np.ptp(self._plane, axis=0)
        self._true_to_scale = max(width, height) < 10 * min(width, height)
        self.slope = float(np.clip(height / width, 0.3, 1.5)) if self._true_to_scale else 0.5
        """Height of a panel relative to its width."""

    def draw(
        self, axes: Axes, values: NDArray[np.floating[Any]], palette: str, colors: Normalize
    ) -> None:
        """Draw one value per node, ``[M]``."""
        if self._triangles is not None:
            axes.tripcolor(self._triangles, values, shading="gouraud", cmap=palette, norm=colors)
        else:
            x, y = self._plane[self._order].T
            axes.scatter(x, y, c=values[self._order], s=4, linewidths=0, cmap=palette, norm=colors)
        if self._true_to_scale:
            axes.set_aspect("equal")
        axes.set(xticks=[], yticks=[])


def _triangulate(
    space: NDArray[np.float64], cells: Mapping[str, NDArray[np.int64]]
) -> Triangulation | None:
    """Return the triangles of the mesh's flat cells, else Delaunay triangles.

    The result is None where the nodes span no triangle.
    """
    x, y = space.T
    own = flat_triangles(Mesh(None, cells).cells)
    if len(own):
        return Triangulation(x, y, triangles=own)
    try:
        return Triangulation(x, y)
    except (RuntimeError, ValueError):  # fewer than three nodes, or all on one line
        return None
