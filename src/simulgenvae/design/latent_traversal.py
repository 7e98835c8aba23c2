"""Walks through the latent space: between two designs, and along one level around a design."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.models import Latents
from simulgenvae.models.latent_levels import level_names, level_values, with_level
from simulgenvae.models.networks import network_inputs
from simulgenvae.surrogate.prediction import labelled
from simulgenvae.surrogate.selection import select
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    import xarray as xr

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.surrogate import Surrogate

Kind = Literal["slerp", "linear"]
Array = NDArray[np.float64]

_PARALLEL = 1e-6
"""Sine of the angle below which two vectors count as parallel: the great circle through them is not
defined."""


def predicted_latents(surrogate: Surrogate, conditions: Conditions) -> Latents:
    """Most likely latents of n designs, by the conditioner: ``z`` ``[n, D]``, ``h`` ``[n, L, d]``.

    They are those of the surrogate's own VAE, ``surrogate.networks``, whatever else takes part in a
    prediction. UserError for other conditions than the trained ones, and for a surrogate whose
    conditioner is not trained.
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
    surrogate: Surrogate, first: Latents, second: Latents, steps: int = 9, kind: Kind = "slerp"
) -> xr.Dataset:
    """Fields on the way from one design to another, labelled 0 … 1, else as
    :meth:`Surrogate.predict` gives them.

    ``first`` and ``second`` are latents of one run each (``z`` ``[1, D]``). Every level is
    interpolated by itself, on a great circle (see :func:`slerp`) or on a straight line. UserError
    for fewer than two steps and an unknown kind.
    """
    if kind not in _WAYS:
        raise UserError(f"there is no interpolation {kind!r}: choose {' or '.join(_WAYS)}")
    if steps < 2:
        raise UserError(f"{steps} steps: a way has two ends, so it needs at least 2 steps")
    shares = np.linspace(0.0, 1.0, steps)
    parts = []
    for level in range(1 + first.h.shape[1]):
        before, after = (
            level_values(each, level)[0].numpy().astype(np.float64) for each in (first, second)
        )
        parts.append(torch.from_numpy(_WAYS[kind](before, after, shares).astype(np.float32)))
    return _decoded(
        surrogate,
        Latents(parts[0], torch.stack(parts[1:], 1)),
        [f"{share:.6g}" for share in shares],
    )


def slerp(first: Array, second: Array, shares: Array) -> Array:
    """Spherical linear interpolation (Shoemake 1985; of latents: White 2016), ``[shares, n]``.

    ``sin((1 − s) ω) / sin ω · first + sin(s ω) / sin ω · second`` with ω the angle between the two.
    It keeps to the lengths that latents have, where a straight line cuts through shorter ones that
    no design has. Parallel and opposite vectors, and zero, have no great circle between them: there
    it is :func:`linear`.
    """
    size = np.linalg.norm(first) * np.linalg.norm(second)
    cosine = np.clip(first @ second / size, -1.0, 1.0) if size > 0 else 1.0
    angle = math.acos(cosine)
    if math.sin(angle) < _PARALLEL:
        return linear(first, second, shares)
    before, after = np.sin((1.0 - shares) * angle), np.sin(shares * angle)
    path: Array = (before[:, None] * first + after[:, None] * second) / math.sin(angle)
    return path


def linear(first: Array, second: Array, shares: Array) -> Array:
    """Straight line between two vectors, ``[shares, n]``."""
    path: Array = (1.0 - shares)[:, None] * first + shares[:, None] * second
    return path


_WAYS: dict[str, Callable[[Array, Array, Array], Array]] = {"slerp": slerp, "linear": linear}


def traverse(
    surrogate: Surrogate,
    start: Latents,
    level: str,
    direction: Array,
    values: Sequence[float] | Array,
) -> xr.Dataset:
    """Fields of ``start`` with one level (``z``, ``h_1``, …) moved by ``values`` times
    ``direction``: what it does.

    ``start`` are latents of one run; ``direction`` ``[D]`` or ``[d]``, see :func:`level_direction`.
    The other levels stay as they are. Fields are labelled by the values, with sign. UserError for a
    level that the model lacks.
    """
    number = level_number(surrogate, level)
    amounts = np.asarray(values, np.float64)
    moved = level_values(start, number).numpy() + amounts[:, None] * direction
    count = len(amounts)
    repeated = Latents(start.z.expand(count, -1), start.h.expand(count, -1, -1))
    latents = with_level(repeated, number, torch.from_numpy(moved.astype(np.float32)))
    # Rounded, and zero added, so that the middle of an even range is +0 and not -1e-17.
    return _decoded(surrogate, latents, [f"{value:+.6g}" for value in amounts.round(9) + 0.0])


def level_direction(
    surrogate: Surrogate, runs: Latents, level: str, dimension: int | None = None
) -> Array:
    """Vector to move a level by: one standard deviation of ``runs`` long, so that values of 1 to 2
    are usual designs.

    Along one dimension (from 0), else along the first principal axis of the level's latents. It is
    zero where the runs do not differ. UserError as :func:`level_number` raises it, and for fewer
    than two runs.
    """
    values = (
        level_values(runs, level_number(surrogate, level, dimension)).numpy().astype(np.float64)
    )
    if len(values) < 2:
        raise UserError(
            f"a direction needs two runs at least, to see how the latents differ, not {len(values)}"
        )
    direction: Array
    if dimension is not None:
        direction = np.eye(values.shape[1])[dimension] * values[:, dimension].std()
        return direction
    _, lengths, axes = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    # The sign of an axis is free: its largest entry is positive, so that the same runs always give
    # the same walk.
    direction = (
        axes[0] * np.sign(axes[0, np.abs(axes[0]).argmax()]) * lengths[0] / math.sqrt(len(values))
    )
    return direction


def level_number(surrogate: Surrogate, level: str, dimension: int | None = None) -> int:
    """0 for ``z``, l for ``h_l``; UserError for a level, or a dimension of it, that the model
    lacks."""
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


def _decoded(surrogate: Surrogate, latents: Latents, labels: list[str]) -> xr.Dataset:
    """Fields of latents, one after the other."""
    count, shown = len(latents.z), select(surrogate)
    require_memory(count * shown.run_bytes, f"decoding {count} runs", "ask for fewer steps.")
    fields = np.empty((count, len(shown.times), *surrogate.reduction.field_shape), np.float32)
    for row in range(count):
        fields[row] = surrogate.decode(Latents(latents.z[[row]], latents.h[[row]]))[0]
    return labelled(shown, {"fields": fields}, labels, [])
