"""The decoder that is a function of time."""

from __future__ import annotations

import pytest
import torch

from simulgenvae.models.decoders.modulated import ModulatedDecoder
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


@pytest.mark.parametrize("size", ["small", "large"])
def test_modulated_decoder_at_any_times_gives_the_values_of_its_own_grid(size: str) -> None:
    decoder, latents = ModulatedDecoder(_settings(size=size), 5, 11), _latents()
    grid = torch.linspace(0, 1, 11)
    whole = decoder(latents, grid)
    for times in (grid[[3]], grid[[10, 0, 4]], grid[1:6]):
        index = [int(torch.argmin((grid - time).abs())) for time in times]
        torch.testing.assert_close(decoder(latents, times), whole[:, index])
    between = decoder(latents, (grid[1:] + grid[:-1]) / 2)
    assert not torch.allclose(between, whole[:, 1:])


def test_modulated_decoder_is_continuous_in_time() -> None:
    decoder, latents = ModulatedDecoder(_settings(), 5, 11), _latents()
    steps = [
        (decoder(latents, torch.tensor([0.5, 0.5 + gap])).diff(dim=1).abs().max())
        for gap in (1e-2, 1e-3)
    ]
    assert steps[1] < steps[0] / 5


def test_modulated_decoder_takes_times_of_each_run() -> None:
    decoder, latents = ModulatedDecoder(_settings(), 5, 11), _latents()
    times = torch.rand(3, 6)
    together = decoder(latents, times)
    for row in range(3):
        alone = decoder(Latents(latents.z[row : row + 1], latents.h[row : row + 1]), times[row])
        torch.testing.assert_close(together[row], alone[0])


def test_time_is_warped_by_the_latents() -> None:
    """Frequencies and phases are each run's own, not one grid for all."""
    decoder, latents = ModulatedDecoder(_settings(), 5, 11), _latents()
    stretch, _ = decoder.warp(latents.z).chunk(2, dim=-1)
    assert (stretch.std(0) > 0).all()
