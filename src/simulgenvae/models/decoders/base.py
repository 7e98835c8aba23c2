"""Base class of decoders: networks from latents and times to coefficients.

Tested in tests/models/decoders and tests/models/test_registries.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from simulgenvae.models.latents import Latents


class LatentDecoder(nn.Module, ABC):
    """Network from the latents of runs to standardised coefficients at given times.

    A kind of decoder derives from this class and has a
    :class:`~simulgenvae.settings.networks.DecoderSpec`.
    """

    samples_points = False
    """True if it is a field: it also gives states at some points, see :mod:`neural_field`, and its
    coefficients are not standardised."""
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
