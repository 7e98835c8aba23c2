"""Base class of decoders: networks from latents and times to coefficients.

Tested in tests/models/decoders and tests/models/test_registries.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from simulgenvae.distributed.batch_shards import draw_random

if TYPE_CHECKING:
    from simulgenvae.models.field_points import FieldPoints
    from simulgenvae.models.latents import Latents


POINTS_PER_STEP = 64
"""Nodes at which each run is compared with the truth in a training step."""
POINTS_COMPARED = 128
"""Nodes at which errors of runs are measured otherwise, the same for all."""


class LatentDecoder(nn.Module, ABC):
    """Network from the latents of runs to standardised coefficients at given times.

    A kind of decoder derives from this class and has a
    :class:`~simulgenvae.settings.networks.DecoderSpec`.
    """

    continuous_in_time: bool
    """True if it predicts at any time, not only at the training times. Set from its
    descriptor."""

    @abstractmethod
    def forward(self, latents: Latents, times: Tensor) -> Tensor:
        """Return the standardised coefficients of B runs, ``[B, T, r]``.

        Parameters
        ----------
        latents
            Latents of B runs.
        times
            Times at which they are wanted, mapped to 0 … 1: ``[T]``, or ``[B, T]`` for times of
            each run. A decoder that is not continuous in time is given the training times.
        """


class FieldDecoder(LatentDecoder):
    """Decoder that is a function of position: it gives states at some nodes, or coefficients.

    Its descriptor has ``is_field``. It learns from states at random nodes, and a prediction is
    evaluated at some nodes and expressed in the modes.

    Parameters
    ----------
    points
        Nodes to learn from and to predict at, and the modes of the surrogate's reduction there.
    coefficient_std
        Training standard deviation of each coefficient, ``[r]``.
    """

    state_std: Tensor
    """Standard deviation of each variable's states over the training runs, ``[V]``: where runs
    differ little from each other, a network that gives numbers of order one would start with an
    error so large that it cannot learn."""
    positions: Tensor
    rows: Tensor
    fit_positions: Tensor
    fit: Tensor

    def __init__(self, points: FieldPoints, coefficient_std: Tensor) -> None:
        super().__init__()
        self.nodes = points.nodes
        # The model's files have mesh and modes already: these are made from them when it is read.
        for name in ("positions", "rows", "fit_positions", "fit"):
            self.register_buffer(name, getattr(points, name), persistent=False)
        # A model is assembled without memory at first: then this is only a size.
        rows = points.rows.to(coefficient_std.device)
        variance = (rows * coefficient_std).square().sum(-1).mean(0)
        self.register_buffer("state_std", variance.sqrt())

    @abstractmethod
    def forward(self, latents: Latents, times: Tensor, points: Tensor | None = None) -> Tensor:
        """Return the coefficients of B runs, ``[B, T, r]``, or states, ``[B, T, n, V]``.

        Coefficients are in the units of the data, not standardised.

        Parameters
        ----------
        latents, times
            See :meth:`LatentDecoder.forward`.
        points
            Numbers ``[B, n]`` of the points whose states are wanted, instead of coefficients.
        """

    def some_points(self, runs: int) -> Tensor:
        """Return the numbers of points at which runs are compared, ``[runs, n]``.

        They are new ones of each run in each call while it trains, and otherwise always the same:
        all points where these are few.
        """
        known = len(self.positions)
        device = self.positions.device
        if self.training and known > POINTS_PER_STEP:
            return draw_random(
                lambda count: torch.randint(known, (count, POINTS_PER_STEP), device=device), runs
            )
        return self.compared_points(0).expand(runs, -1)

    def compared_points(self, group: int) -> Tensor:
        """Return the numbers of points at which runs are compared, ``[n]``, others of each group.

        There are at most ``POINTS_COMPARED``; groups repeat where the points are used up.
        """
        known = len(self.positions)
        count = min(POINTS_COMPARED, known)
        return (group * count + torch.arange(count, device=self.positions.device)) % known
