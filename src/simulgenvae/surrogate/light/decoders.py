"""Decoders evaluated with NumPy: the same functions as in :mod:`simulgenvae.models.decoders`.

Tested in tests/surrogate/test_light.py.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simulgenvae.models.field_sizes import FIXED_TIMES, LAYERS, POSITION_FEATURES
from simulgenvae.surrogate.light.layers import Weights, gelu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.models.field_points import FieldSample
    from simulgenvae.settings import ModelSettings

    Array = NDArray[np.float32]

POINTS_TOGETHER = 2**10
"""Points (times × nodes) that are computed together: their layers stay in the cache."""


class LightDecoder(Protocol):
    """Decoder of one run at a time."""

    def __call__(self, z: Array, h: Array, times: Array) -> Array:
        """Return what the network gives for z ``[D]`` and h ``[L, d]`` at times, ``[t, r]``."""
        ...


class LightModulated:
    """:class:`~simulgenvae.models.decoders.modulated.ModulatedDecoder` of one run.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    weights
        Weights of the decoder.
    coefficient_std
        Standard deviation of each coefficient, ``[r]``, by which the network's output is
        multiplied.
    """

    def __init__(self, settings: ModelSettings, weights: Weights, coefficient_std: Array) -> None:
        features = settings.time_features
        context = settings.latent_dim + settings.hierarchical_dim
        self.levels = settings.levels
        self.layers = settings.layers
        self.std = coefficient_std
        self.frequency = weights.take("frequency", features)
        self.warp = weights.linear("warp", settings.latent_dim, 2 * features)
        widths = [2 * features + 1] + [settings.width] * (self.levels * self.layers)
        self.linear = []
        self.modulation = []
        for number, (before, after) in enumerate(pairwise(widths)):
            name = f"modulated.{number}"
            self.linear.append(weights.linear(f"{name}.linear", before, after))
            self.modulation.append(weights.linear(f"{name}.modulation", context, 2 * after))
        self.output = weights.linear("output", settings.width, len(coefficient_std))
        weights.require_empty()

    def __call__(self, z: Array, h: Array, times: Array) -> Array:
        """Return coefficients, ``[t, r]``."""
        stretch, phase = np.split(self.warp(z), 2)
        angle = self.frequency * (1 + stretch) * times[:, None] + phase
        x = np.concatenate([np.sin(angle), np.cos(angle), times[:, None]], axis=-1)
        for number, (linear, modulation) in enumerate(
            zip(self.linear, self.modulation, strict=True)
        ):
            level = number // self.layers
            scale, shift = np.split(modulation(np.concatenate([z, h[level]])), 2)
            x = gelu(linear(x) * (1 + scale) + shift)
        return self.output(x) * self.std


class LightField:
    """:class:`~simulgenvae.models.decoders.neural_field.NeuralFieldDecoder` of one run.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    weights
        Weights of the decoder.
    sample
        Nodes, and the map from states at them to coefficients.
    """

    def __init__(self, settings: ModelSettings, weights: Weights, sample: FieldSample) -> None:
        dimensions = sample.positions.shape[1]
        variables = sample.rows.shape[1]
        width = settings.field_width
        warped = max(1, settings.time_features // 2)
        times = 1 + 2 * FIXED_TIMES + 2 * warped
        context = settings.latent_dim + settings.hierarchical_dim + times
        self.levels = settings.levels
        self.sample = sample
        self.projections = weights.take("projections", dimensions, POSITION_FEATURES)
        self.fixed = weights.take("fixed", FIXED_TIMES)
        self.frequency = weights.take("frequency", warped)
        self.warp = weights.linear("warp", settings.latent_dim, 2 * warped)
        self.from_position = weights.linear(
            "from_position", dimensions + 2 * POSITION_FEATURES, width
        )
        self.from_time = weights.linear("from_time", times, width, bias=False)
        self.layers = [
            weights.linear(f"layers.{number}", width, width) for number in range(LAYERS - 1)
        ]
        self.modulations = [
            weights.linear(f"modulations.{number}", context, 2 * width) for number in range(LAYERS)
        ]
        self.output = weights.linear("output", width, variables)
        self.state_std = weights.take("state_std", variables)
        weights.require_empty()

    def __call__(self, z: Array, h: Array, times: Array) -> Array:
        """Return coefficients, ``[t, r]``, from some of the points after the other."""
        features = self._time_features(z, times)
        from_time = self.from_time(features)[:, None]
        modulations = []
        for number, modulation in enumerate(self.modulations):
            level = number * self.levels // LAYERS
            of_latents = np.broadcast_to(
                np.concatenate([z, h[level]]), (len(times), len(z) + h.shape[1])
            )
            both = modulation(np.concatenate([of_latents, features], axis=-1))[:, None]
            scale, shift = np.split(both, 2, axis=-1)
            modulations.append((1 + scale, shift))
        positions = self.sample.fit_positions
        variables = self.sample.rows.shape[1]
        total = np.zeros((len(times), len(self.sample.fit)), np.float32)
        count = max(1, POINTS_TOGETHER // len(times))
        for start in range(0, len(positions), count):
            some = positions[start : start + count]
            states = self._states(some, from_time, modulations)
            columns = slice(start * variables, (start + len(some)) * variables)
            total += states @ self.sample.fit[:, columns].T
        return total

    def _time_features(self, z: Array, times: Array) -> Array:
        """Return the features of times, ``[t, features]``."""
        stretch, phase = np.split(self.warp(z), 2)
        at = times[:, None]
        warped = self.frequency * (1 + stretch) * at + phase
        angles = np.concatenate([self.fixed * at, warped], axis=-1)
        return np.concatenate([at, np.sin(angles), np.cos(angles)], axis=-1)

    def _states(
        self, positions: Array, from_time: Array, modulations: list[tuple[Array, Array]]
    ) -> Array:
        """Return the states at positions ``[n, D]``, ``[t, n·V]``."""
        angles = positions @ self.projections
        places = np.concatenate([positions, np.sin(angles), np.cos(angles)], axis=-1)
        x = self.from_position(places) + from_time
        for number, (scale, shift) in enumerate(modulations):
            y = x if number == 0 else self.layers[number - 1](x)
            y *= scale
            y += shift
            x = gelu(y) if number == 0 else x + gelu(y)
        states: Array = self.output(x) * self.state_std
        return states.reshape(len(x), -1)
