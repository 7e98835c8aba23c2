"""Decoders: one file for each kind, and the choice of one by its name in the settings.

Tested in tests/models/decoders/test_decoders.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.models.decoders.base import FieldDecoder, LatentDecoder
from simulgenvae.settings.networks import DECODERS, load_builder

if TYPE_CHECKING:
    from torch import Tensor

    from simulgenvae.models.field_points import FieldPoints
    from simulgenvae.settings import ModelSettings

__all__ = ["FieldDecoder", "LatentDecoder", "build_decoder"]


def build_decoder(
    settings: ModelSettings,
    coefficient_std: Tensor,
    timesteps: int,
    points: FieldPoints | None = None,
) -> LatentDecoder:
    """Return the decoder that ``settings.decoder`` names, with new weights.

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    coefficient_std
        Training standard deviation of each coefficient, ``[r]``.
    timesteps
        Number of training times, T.
    points
        Nodes and modes, for a decoder that is a field.
    """
    spec = DECODERS[settings.decoder]
    build = load_builder(spec)
    decoder: LatentDecoder
    if spec.is_field:
        decoder = build(settings, points, coefficient_std)
    else:
        decoder = build(settings, len(coefficient_std), timesteps)
    decoder.continuous_in_time = spec.continuous_in_time
    return decoder
