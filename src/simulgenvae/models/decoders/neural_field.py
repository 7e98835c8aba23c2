"""Decoder that is a function of position and time, without modes in between."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.models.decoders.base import FieldDecoder
from simulgenvae.models.field_sizes import FIXED_TIMES, LAYERS, POSITION_FEATURES
from simulgenvae.models.latents import Latents

if TYPE_CHECKING:
    from simulgenvae.models.field_points import FieldPoints
    from simulgenvae.settings import ModelSettings

POSITION_FREQUENCY = 2.0
"""Standard deviation of their frequencies, in radians for each half of the longest side."""
EVALUATED_TOGETHER = 2**12
"""Points (runs × times × nodes) that each thread of a processor computes together. Their layers
stay in its cache, so that a prediction takes a third of the time."""


class NeuralFieldDecoder(FieldDecoder):
    """Neural field: position, time and latents in, state out.

    Positions are read as themselves and as sines and cosines of random projections (Tancik et al.
    2020, "Fourier features let networks learn high frequency functions", section 4), time as
    itself, with fixed frequencies, and with frequencies and phases that depend on the latents, as
    in :class:`~simulgenvae.models.decoders.modulated.ModulatedDecoder`. Latents and time scale and
    shift each of the residual layers (FiLM, Perez et al. 2018).

    It learns from random nodes and times, so that a step costs the same on any mesh. A prediction
    is evaluated at the nodes of ``points`` and then expressed in the modes.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    points
        Nodes, and the modes of the surrogate's reduction there.
    coefficient_std
        Training standard deviation of each coefficient, ``[r]``.
    """

    projections: Tensor
    fixed: Tensor

    def __init__(
        self, settings: ModelSettings, points: FieldPoints, coefficient_std: Tensor
    ) -> None:
        super().__init__(points, coefficient_std)
        self.levels = settings.levels
        dimensions = points.positions.shape[1]
        width = settings.field_width
        draws = torch.randn(dimensions, POSITION_FEATURES) * POSITION_FREQUENCY
        self.register_buffer("projections", draws)
        # On the processor even where a model is assembled without memory, as in ModulatedDecoder.
        fixed = math.pi / 4 * 2.0 ** torch.arange(FIXED_TIMES, device="cpu")
        self.register_buffer("fixed", fixed)
        warped = max(1, settings.time_features // 2)
        self.frequency = nn.Parameter(torch.logspace(0, 1.5, warped, device="cpu") * math.pi / 4)
        self.warp = nn.Linear(settings.latent_dim, 2 * warped)
        times = 1 + 2 * FIXED_TIMES + 2 * warped
        context = settings.latent_dim + settings.hierarchical_dim + times
        self.from_position = nn.Linear(dimensions + 2 * POSITION_FEATURES, width)
        self.from_time = nn.Linear(times, width, bias=False)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(LAYERS - 1))
        modulations = [nn.Linear(context, 2 * width) for _ in range(LAYERS)]
        for modulation in modulations:
            nn.init.zeros_(modulation.bias)
        self.modulations = nn.ModuleList(modulations)
        self.output = nn.Linear(width, points.rows.shape[1])

    def forward(self, latents: Latents, times: Tensor, points: Tensor | None = None) -> Tensor:
        """Return coefficients, or states at ``points``; see :meth:`FieldDecoder.forward`."""
        features = self._time_features(latents, times)
        if points is not None:
            return self._states(latents, features, self.positions[points])
        # An exported model has no loop whose length depends on its inputs.
        if torch.is_grad_enabled() or torch.compiler.is_exporting():
            states = self._states(latents, features, self.fit_positions.unsqueeze(0))
            return states.flatten(-2) @ self.fit.T
        return self._coefficients(latents, features)

    def _time_features(self, latents: Latents, times: Tensor) -> Tensor:
        """Return the features of times ``[T]`` or ``[B, T]``, ``[B, T, features]``."""
        times = times.expand(latents.z.shape[0], -1).unsqueeze(-1)
        stretch, phase = self.warp(latents.z).unsqueeze(1).chunk(2, dim=-1)
        warped = self.frequency * (1 + stretch) * times + phase
        angles = torch.cat([self.fixed * times, warped], dim=-1)
        return torch.cat([times, angles.sin(), angles.cos()], dim=-1)

    def _states(self, latents: Latents, features: Tensor, positions: Tensor) -> Tensor:
        """Return states ``[B, T, n, V]`` at positions ``[B, n, D]``, or ``[1, n, D]``."""
        # A graphics processor is the faster the more it computes together, and an exported model
        # has no loop whose length depends on its inputs.
        if positions.device.type != "cpu" or torch.compiler.is_exporting():
            return self._states_together(latents, features, positions)
        runs, times, _ = features.shape
        count = max(1, _points_together() // (times * positions.shape[1]))
        positions = positions.expand(runs, -1, -1)
        parts = []
        for start in range(0, runs, count):
            some = slice(start, start + count)
            part = Latents(latents.z[some], latents.h[some])
            parts.append(self._states_together(part, features[some], positions[some]))
        return torch.cat(parts)

    def _states_together(self, latents: Latents, features: Tensor, positions: Tensor) -> Tensor:
        """Return what :meth:`_states` does, of all runs in one computation."""
        angles = positions @ self.projections
        places = torch.cat([positions, angles.sin(), angles.cos()], dim=-1)
        x = self.from_position(places).unsqueeze(1) + self.from_time(features).unsqueeze(2)
        for number, modulation in enumerate(self.modulations):
            # The levels of the latents are divided among the layers.
            level = number * self.levels // LAYERS
            context = torch.cat([latents.z, latents.h[:, level]], dim=1).unsqueeze(1)
            context = torch.cat([context.expand(-1, features.shape[1], -1), features], dim=-1)
            scale, shift = modulation(context).unsqueeze(2).chunk(2, dim=-1)
            if number == 0:
                x = F.gelu(torch.addcmul(shift, x, 1 + scale))
            else:
                x = x + F.gelu(torch.addcmul(shift, self.layers[number - 1](x), 1 + scale))
        out: Tensor = self.output(x) * self.state_std
        return out

    def _coefficients(self, latents: Latents, features: Tensor) -> Tensor:
        """Return coefficients ``[B, T, r]``, from some of the points after the other."""
        variables = self.rows.shape[1]
        count = max(1, _points_together() // features.shape[1])
        total = torch.zeros((*features.shape[:2], len(self.fit)), device=features.device)
        for start in range(0, len(self.fit_positions), count):
            positions = self.fit_positions[None, start : start + count]
            states = self._states(latents, features, positions)
            columns = slice(start * variables, (start + count) * variables)
            total += states.flatten(-2) @ self.fit[:, columns].T
        return total


def _points_together() -> int:
    return EVALUATED_TOGETHER * torch.get_num_threads()
