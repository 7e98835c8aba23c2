"""Walks through the latent space: between two designs, and along one level around a design."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.models import Latents
from simulgenvae.models.latent_levels import level_names, level_values, with_level
from simulgenvae.models.networks import network_inputs
from simulgenvae.surrogate.labelled_arrays import labelled
from simulgenvae.surrogate.selection import select
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.surrogate import Surrogate

Interpolation = Literal["slerp", "linear"]
Array = NDArray[np.float64]

_PARALLEL = 1e-6
"""Sine of the angle below which two vectors count as parallel: the great circle through them is not
defined."""


def predicted_latents(surrogate: Surrogate, conditions: Conditions) -> Latents:
    """Return the most likely latents of n designs, ``z`` ``[n, D]`` and ``h`` ``[n, L, d]``.

    They are the mean of what the first member's conditioner predicts, and latents of that member's
    VAE (``surrogate.networks``). Other members have latents of their own.

    Raises
    ------
    UserError
        For other conditions than the trained ones, and for a surrogate whose conditioner is not
        trained.
    """
    if surrogate.ensemble is None:
        raise UserError(
            "Only the VAE is trained: train the conditioner too, with --stage conditioner."
        )
    inputs = network_inputs(conditions, surrogate.condition_scaler)
    with torch.inference_mode():
        latents: Latents = surrogate.networks.vae.latents_from_flat(
            surrogate.networks.conditioner(inputs).mean
        )
    return latents


def interpolate(
    surrogate: Surrogate,
    first: Latents,
    second: Latents,
    steps: int = 9,
    kind: Interpolation = "slerp",
    times: Array | None = None,
) -> xr.Dataset:
    """Return the fields on a path from one design to another.

    Runs of the result are labelled by their position on the path, from 0 to 1; else it is as
    :meth:`Surrogate.predict` returns it. Every level of the latents is interpolated separately.

    Parameters
    ----------
    surrogate
        The surrogate that decodes the latents.
    first, second
        Latents of one run each, ``z`` ``[1, D]`` and ``h`` ``[1, L, d]``.
    steps
        Number of points on the path, both ends included.
    kind
        Path of each level: a great circle (:func:`slerp`) or a straight line (:func:`linear`).
    times
        Times of the fields, ``[t]``; the training times when not given.

    Raises
    ------
    UserError
        For fewer than two steps, for an unknown path, and for times outside the trained span.
    """
    if kind not in _PATHS:
        raise UserError(f"there is no interpolation {kind!r}: choose {' or '.join(_PATHS)}")
    if steps < 2:
        raise UserError(f"{steps} steps: a path has two ends, so it needs at least 2 steps")
    positions = np.linspace(0.0, 1.0, steps)
    levels = []
    for level in range(1 + first.h.shape[1]):
        before = level_values(first, level)[0].numpy().astype(np.float64)
        after = level_values(second, level)[0].numpy().astype(np.float64)
        path = _PATHS[kind](before, after, positions)
        levels.append(torch.from_numpy(path.astype(np.float32)))
    # Level 0 is z; the others are stacked to h.
    latents = Latents(levels[0], torch.stack(levels[1:], 1))
    return _decoded(surrogate, latents, [f"{position:.6g}" for position in positions], times)


def slerp(first: Array, second: Array, positions: Array) -> Array:
    """Return points of the great circle between two vectors ``[n]``, ``[positions, n]``.

    Spherical linear interpolation (Shoemake 1985; of latents, White 2016):
    ``sin((1 - s) ω) / sin ω · first + sin(s ω) / sin ω · second`` at the position s, with ω the
    angle between the two. Its points are as long as latents are, where a straight line has shorter
    ones that no design has. Between parallel and opposite vectors, and zero, there is no great
    circle: there it is :func:`linear`.
    """
    # The cosine can leave -1 … 1 by rounding.
    size = np.linalg.norm(first) * np.linalg.norm(second)
    cosine = np.clip(first @ second / size, -1.0, 1.0) if size > 0 else 1.0
    angle = math.acos(cosine)
    if math.sin(angle) < _PARALLEL:
        return linear(first, second, positions)
    before = np.sin((1.0 - positions) * angle)
    after = np.sin(positions * angle)
    path: Array = (before[:, None] * first + after[:, None] * second) / math.sin(angle)
    return path


def linear(first: Array, second: Array, positions: Array) -> Array:
    """Return points of the straight line between two vectors ``[n]``, ``[positions, n]``."""
    path: Array = (1.0 - positions)[:, None] * first + positions[:, None] * second
    return path


_PATHS: dict[str, Callable[[Array, Array, Array], Array]] = {"slerp": slerp, "linear": linear}


def traverse(
    surrogate: Surrogate,
    start: Latents,
    level: str,
    direction: Array,
    values: Sequence[float] | Array,
    times: Array | None = None,
) -> xr.Dataset:
    """Return the fields of a run with one level of its latents moved, which shows what it does.

    Runs of the result are labelled by the values, with sign.

    Parameters
    ----------
    surrogate
        The surrogate that decodes the latents.
    start
        Latents of one run; the other levels keep their values.
    level
        Name of the level: ``z``, ``h_1``, …
    direction
        Vector ``[D]`` or ``[d]`` along which the level is moved, see :func:`level_direction`.
    values
        Factors of the direction.
    times
        Times of the fields, ``[t]``; the training times when not given.

    Raises
    ------
    UserError
        For a level that the model does not have, and for times outside the trained span.
    """
    number = level_number(surrogate, level)
    amounts = np.asarray(values, np.float64)
    moved = level_values(start, number).numpy() + amounts[:, None] * direction
    count = len(amounts)
    # The same run for each value, with one level replaced.
    repeated = Latents(start.z.expand(count, -1), start.h.expand(count, -1, -1))
    latents = with_level(repeated, number, torch.from_numpy(moved.astype(np.float32)))
    # Rounded, and zero added, so that the middle of an even range is +0 and not -1e-17.
    labels = [f"{value:+.6g}" for value in amounts.round(9) + 0.0]
    return _decoded(surrogate, latents, labels, times)


def level_direction(
    surrogate: Surrogate, runs: Latents, level: str, dimension: int | None = None
) -> Array:
    """Return a vector to move a level along, one standard deviation of the runs long.

    Moved by 1 to 2 times that vector, a design is still a usual one. The vector is zero where the
    runs do not differ.

    Parameters
    ----------
    surrogate
        The surrogate whose latents they are.
    runs
        Latents of at least two runs.
    level
        Name of the level: ``z``, ``h_1``, …
    dimension
        Dimension of the level, from 0; the first principal axis of its latents when not given.

    Raises
    ------
    UserError
        For a level or a dimension that the model does not have, and for fewer than two runs.
    """
    number = level_number(surrogate, level, dimension)
    values = level_values(runs, number).numpy().astype(np.float64)
    if len(values) < 2:
        raise UserError(
            f"a direction needs two runs at least, to see how the latents differ, not {len(values)}"
        )
    direction: Array
    # One dimension moves by its own standard deviation.
    if dimension is not None:
        direction = np.eye(values.shape[1])[dimension] * values[:, dimension].std()
        return direction
    _, lengths, axes = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    # The sign of an axis is free. Its largest entry is made positive, so that the same runs always
    # give the same walk.
    sign = np.sign(axes[0, np.abs(axes[0]).argmax()])
    direction = axes[0] * sign * lengths[0] / math.sqrt(len(values))
    return direction


def level_number(surrogate: Surrogate, level: str, dimension: int | None = None) -> int:
    """Return the number of a level: 0 for ``z``, l for ``h_l``.

    Raises
    ------
    UserError
        For a level, or a dimension of it, that the model does not have.
    """
    hierarchy = surrogate.networks.vae.hierarchy
    names = level_names(hierarchy.levels)
    if level not in names:
        raise UserError(f"there is no level {level!r}: this model has {', '.join(names)}")
    size = hierarchy.latent_dim if level == "z" else hierarchy.hierarchical_dim
    if dimension is not None and not 0 <= dimension < size:
        raise UserError(
            f"{level} has no dimension {dimension}: it has {size}, numbered from 0 to {size - 1}"
        )
    return names.index(level)


def _decoded(
    surrogate: Surrogate, latents: Latents, labels: list[str], times: Array | None
) -> xr.Dataset:
    """Return the fields of latents as a labelled data set."""
    count = len(latents.z)
    selection = select(surrogate, times)
    require_memory(count * selection.run_bytes, f"decoding {count} runs", "ask for fewer steps.")
    decoder = surrogate.reduction
    shape = (count, len(selection.times), *decoder.field_shape)
    fields = np.empty(shape, decoder.dtype)
    # One after another: each takes several times its own memory while it is decoded.
    for row in range(count):
        one = Latents(latents.z[[row]], latents.h[[row]])
        fields[row] = surrogate.decode_valued(one, selection.times)[0]
    return labelled(selection, {"fields": fields}, labels, [])
