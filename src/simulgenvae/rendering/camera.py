"""From where a mesh is looked at: from above where it is flat, else obliquely; always in parallel
projection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError

_FLAT = 1e-6
"""Extent in a direction, as a fraction of the largest one, below which there is none."""
_LONG = 3.0
"""A mesh that is this many times longer than deep is turned with its long side to the viewer."""
_ISOMETRIC, _TURNED = 45.0, 20.0
"""Degrees by which the x axis is turned away."""
_ELEVATION = np.degrees(np.arctan(np.sqrt(0.5)))
"""Degrees from which an isometric view looks down."""


@dataclass(frozen=True, eq=False)
class Camera:
    """right, up, towards: orthonormal axes of the picture, the last one to the viewer; centre: what
    is in its middle.

    width, height: extent of all that is to be seen. flat: the mesh lies in the plane of the
    picture.
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
        """Width by height."""
        return self.width / self.height


def find_camera(positions: Callable[[], Iterable[NDArray[np.floating]]]) -> Camera:
    """The view of everything that ``positions`` gives, ``[K, 3]`` each, whenever it is called.

    UserError where all of it lies on a line or in a point.
    """
    low, high = _bounds(positions(), np.eye(3))
    extent = high - low
    seen = extent > _FLAT * extent.max()
    if seen.sum() < 2:
        raise UserError(
            "The nodes lie on a line, on which no picture can be drawn: the report shows it as "
            "curves."
        )
    axes = _oblique(extent) if seen.all() else _above(seen)
    low, high = _bounds(positions(), axes)
    width, height, _ = high - low
    right, up, towards = axes
    return Camera(
        right, up, towards, 0.5 * (low + high) @ axes, float(width), float(height), not seen.all()
    )


def _above(seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Axes that look down on a plane: its own axes are to the right and up."""
    right, up = np.eye(3)[seen]
    return np.array([right, up, np.cross(right, up)])


def _oblique(extent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axes with z upwards that show the long side of a long mesh, and three sides alike of another
    one."""
    turn = _ISOMETRIC
    if extent[0] > _LONG * extent[1]:
        turn = _TURNED
    elif extent[1] > _LONG * extent[0]:
        turn = 90.0 - _TURNED
    azimuth, elevation = np.radians(turn), np.radians(_ELEVATION)
    right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    back = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    towards = np.array([0.0, 0.0, np.sin(elevation)]) - np.cos(elevation) * back
    return np.array([right, np.cross(towards, right), towards])


def _bounds(
    positions: Iterable[NDArray[np.floating]], axes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and largest coordinates along three axes."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for points in positions:
        along = points @ axes.T
        low, high = np.minimum(low, along.min(axis=0)), np.maximum(high, along.max(axis=0))
    return low, high
