"""Camera for a mesh, in parallel projection: from above where it is flat, else oblique."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

_FLAT = 1e-6
"""Fraction of the largest extent below which an extent counts as 0."""
_LONG = 3.0
"""Ratio of length and depth from which a mesh shows its long side to the viewer."""
_ISOMETRIC = 45.0
"""Degrees by which the x axis is turned away from the viewer."""
_TURNED = 20.0
"""Degrees by which the long axis of a long mesh is turned away from the viewer."""
_ELEVATION = np.degrees(np.arctan(np.sqrt(0.5)))
"""Degrees by which an isometric view looks down."""


@dataclass(frozen=True, eq=False)
class Camera:
    """Direction and extent of a view.

    Attributes
    ----------
    right, up, towards
        Orthonormal axes of the image, the last one to the viewer.
    centre
        Point in the middle of the image.
    width, height
        Extent of everything that is visible.
    flat
        Whether the mesh lies in the plane of the image.
    """

    right: NDArray[np.float64]
    up: NDArray[np.float64]
    towards: NDArray[np.float64]
    centre: NDArray[np.float64]
    width: float
    height: float
    flat: bool

    @property
    def aspect(self) -> float:
        """Width divided by height."""
        return self.width / self.height


def find_camera(positions: Callable[[], Iterable[NDArray[np.floating]]]) -> Camera:
    """Return the camera that shows all positions.

    Parameters
    ----------
    positions
        Function that returns the positions, `[K, 3]` each, whenever it is called: all positions of
        a moving mesh at once could fill the memory.

    Raises
    ------
    UserError
        When all positions lie on a line or in a point.
    """
    low, high = _bounds(positions(), np.eye(3))
    extent = high - low
    seen = extent > _FLAT * extent.max()
    if seen.sum() < 2:
        raise UserError(
            "The nodes lie on a line, on which no image can be drawn: the report shows it as "
            "curves."
        )
    # First the extent along x, y and z, then, in the axes of the image, what must fit into it.
    axes = _oblique(extent) if seen.all() else _above(seen)
    low, high = _bounds(positions(), axes)
    width, height, _ = high - low
    right, up, towards = axes
    return Camera(
        right, up, towards, 0.5 * (low + high) @ axes, float(width), float(height), not seen.all()
    )


def _above(seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return axes that look down on a plane: its own axes are to the right and up."""
    right, up = np.eye(3)[seen]
    return np.array([right, up, np.cross(right, up)])


def _oblique(extent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return axes with z upwards: isometric, or turned to show the long side of a long mesh."""
    turn = _ISOMETRIC
    if extent[0] > _LONG * extent[1]:
        turn = _TURNED
    elif extent[1] > _LONG * extent[0]:
        turn = 90.0 - _TURNED
    # An isometric view: the elevation at which the three axes have the same length in the image.
    azimuth = np.radians(turn)
    elevation = np.radians(_ELEVATION)
    right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    back = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    towards = np.array([0.0, 0.0, np.sin(elevation)]) - np.cos(elevation) * back
    return np.array([right, np.cross(towards, right), towards])


def _bounds(
    positions: Iterable[NDArray[np.floating]], axes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and the largest coordinate along each of three axes."""
    low = np.full(3, np.inf)
    high = np.full(3, -np.inf)
    for points in positions:
        along = points @ axes.T
        low = np.minimum(low, along.min(axis=0))
        high = np.maximum(high, along.max(axis=0))
    return low, high
