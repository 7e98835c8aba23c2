"""Motion of the nodes of a mesh in time: from positions to displacement, and back.

Tested in tests/data/test_motion.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.components import endings
from simulgenvae.mesh.mesh import numeric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

DISPLACEMENT = "mesh_displacement"
"""Name of the field with the displacement of each node from its place in the mesh of the study."""


def motion_names(axes: int) -> tuple[str, ...]:
    """Return the names of the variables by which nodes move along some coordinates."""
    return tuple(f"{DISPLACEMENT}{ending}" for ending in endings(axes))


def moving_axes(rest: Iterable[NDArray[np.floating]], moved: NDArray[np.floating]) -> int:
    """Return the number of coordinates along which nodes may move: not out of a common plane.

    ``rest`` are positions `[M, D]` at rest, and ``moved`` is the largest motion along each
    coordinate, `[D]`.
    """
    is_flat = len(moved) == 3 and moved[2] == 0 and all(np.ptp(each[:, 2]) == 0 for each in rest)
    return 2 if is_flat else len(moved)


def moves(places: NDArray[np.generic], fields: tuple[int, ...]) -> bool:
    """Return whether positions beside fields `[N, T, M, V]` are in time.

    They are `[N, T, M, D]`, or `[T, M, D]` for all runs; `[N, M, D]` are those of each run.
    """
    runs, steps = fields[:2]
    return places.ndim == 4 or (places.ndim == 3 and len(places) == steps != runs)


def moved(rest: NDArray[np.floating], displacement: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return positions `[..., M, D]` after a displacement `[..., M, d]` along the first d axes.

    Nodes without values, whose displacement is NaN, stay. ``rest`` are positions `[M, D]` at rest.
    """
    change = np.asarray(displacement, np.float64)
    positions = np.array(np.broadcast_to(rest, (*change.shape[:-1], rest.shape[-1])), np.float64)
    positions[..., : change.shape[-1]] += np.nan_to_num(change, nan=0.0)
    return positions


def with_motion(
    places: NDArray[np.generic], fields: NDArray[np.float32]
) -> tuple[NDArray[np.floating], NDArray[np.float32], tuple[str, ...]]:
    """Return positions at rest, fields with the motion as further variables, and their names.

    Positions `[N, T, M, D]` or `[T, M, D]` become `[M, D]` where all runs start alike, else
    `[N, M, D]`. Raises UserError where they do not fit the fields `[N, T, M, V]`.
    """
    where = numeric(places, "coords", "fiu").astype(np.float64)
    where = np.broadcast_to(where, (len(fields), *where.shape)) if where.ndim == 3 else where
    if where.shape[:3] != fields.shape[:3] or where.shape[3] not in {1, 2, 3}:
        raise UserError(
            f"coords {places.shape}: in time they must be [runs, timesteps, nodes, 1…3], and the "
            f"fields are {fields.shape}"
        )
    if not np.isfinite(where).all():
        raise UserError("coords: positions in time are not finite")
    displacement = where - where[:, :1]
    axes = moving_axes(where[:, 0], np.abs(displacement).max(axis=(0, 1, 2)))
    both = np.concatenate([fields, displacement[..., :axes].astype(np.float32)], axis=3)
    alike = (where[:, 0] == where[0, 0]).all()
    return where[0, 0] if alike else where[:, 0], both, motion_names(axes)
