"""Decoders: one file for each kind, and the choice of one by its name in the settings.

Tested in tests/models/decoders/test_decoders.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.models.decoders.base import LatentDecoder
from simulgenvae.settings.networks import DECODERS, load_builder

if TYPE_CHECKING:
    from simulgenvae.settings import ModelSettings

__all__ = ["LatentDecoder", "build_decoder"]


def build_decoder(settings: ModelSettings, rank: int, timesteps: int) -> LatentDecoder:
    """Return the decoder that ``settings.decoder`` names, with new weights.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    rank
        Number of coefficients at each time, r.
    timesteps
        Number of training times, T.
    """
    spec = DECODERS[settings.decoder]
    decoder: LatentDecoder = load_builder(spec)(settings, rank, timesteps)
    decoder.continuous_in_time = spec.continuous_in_time
    return decoder
