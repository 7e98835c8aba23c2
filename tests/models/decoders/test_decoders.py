"""The choice of a decoder by its name in the settings."""

from __future__ import annotations

import torch

from simulgenvae.models.decoders import build_decoder
from simulgenvae.models.decoders.convolutional import ConvolutionalDecoder
from simulgenvae.models.decoders.modulated import ModulatedDecoder
from simulgenvae.settings import ModelSettings


def _settings(**choices: object) -> ModelSettings:
    small = {"filters": (16, 12, 8), "latent_dim": 4, "hierarchical_dim": 2, "time_features": 4}
    return ModelSettings.model_validate(small | choices)


def test_the_setting_chooses() -> None:
    assert isinstance(build_decoder(_settings(), torch.ones(5), 7), ModulatedDecoder)
    convolutional = build_decoder(_settings(decoder="convolutional"), torch.ones(5), 7)
    assert isinstance(convolutional, ConvolutionalDecoder)
    assert build_decoder(_settings(), torch.ones(5), 7).continuous_in_time
    assert not build_decoder(
        _settings(decoder="convolutional"), torch.ones(5), 7
    ).continuous_in_time
