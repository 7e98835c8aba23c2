"""The decoder of the classic interface."""

from __future__ import annotations

import pytest
import torch

from simulgenvae.models.decoders.convolutional import ConvolutionalDecoder
from simulgenvae.models.latents import Latents
from simulgenvae.settings import ModelSettings


def _settings(**choices: object) -> ModelSettings:
    small = {"filters": (16, 12, 8), "latent_dim": 4, "hierarchical_dim": 2, "time_features": 4}
    return ModelSettings.model_validate(small | choices)


def _latents(count: int = 3) -> Latents:
    generator = torch.Generator().manual_seed(0)
    return Latents(
        torch.randn(count, 4, generator=generator), torch.randn(count, 2, 2, generator=generator)
    )


@pytest.mark.parametrize("timesteps", [1, 2, 3, 7, 13, 97])
@pytest.mark.parametrize("size", ["small", "large"])
def test_convolutional_decoder_gives_any_number_of_timesteps(timesteps: int, size: str) -> None:
    decoder = ConvolutionalDecoder(_settings(decoder="convolutional", size=size), 5, timesteps)
    out = decoder(_latents(), torch.zeros(timesteps))
    assert out.shape == (3, timesteps, 5)
    assert out.isfinite().all()
