"""The whole VAE, for all decoders, sizes and awkward lengths."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from simulgenvae.models import HierarchicalVae, Latents
from simulgenvae.settings import ModelSettings

FILTERS = [(8,), (16, 8), (24, 17, 9, 7)]
VARIANTS = list(itertools.product(["modulated", "convolutional"], ["small", "large"], FILTERS))
LENGTHS = [1, 2, 7, 13, 16]


def make_vae(
    decoder: str, size: str, filters: tuple[int, ...], timesteps: int, rank: int = 5
) -> HierarchicalVae:
    torch.manual_seed(0)
    settings = ModelSettings(
        decoder=decoder,
        size=size,
        filters=filters,
        latent_dim=4,
        hierarchical_dim=2,
        time_features=4,
    )
    times = torch.linspace(0, 1, timesteps) if timesteps > 1 else torch.zeros(1)
    return HierarchicalVae(settings, torch.logspace(0, -3, rank), times)


def coefficients(count: int, timesteps: int, rank: int = 5) -> Tensor:
    noise = torch.randn(count, timesteps, rank, generator=torch.Generator().manual_seed(1))
    return noise * torch.logspace(0, -3, rank)


@pytest.mark.parametrize(("decoder", "size", "filters"), VARIANTS)
@pytest.mark.parametrize("timesteps", LENGTHS)
def test_shapes_and_one_hierarchical_latent_per_step_of_width(
    decoder: str, size: str, filters: tuple[int, ...], timesteps: int
) -> None:
    vae = make_vae(decoder, size, filters, timesteps)
    levels = max(1, len(filters) - 1)
    for count in (1, 3):
        for mode in (True, False):
            decoded, divergence, latents = vae.train(mode)(coefficients(count, timesteps))
            assert decoded.shape == (count, timesteps, 5)
            assert divergence.shape == (count, 1 + levels)
            assert latents.z.shape == (count, 4)
            assert latents.h.shape == (count, levels, 2)
            assert decoded.isfinite().all()
        assert vae.sample(count).shape == (count, timesteps, 5)


@pytest.mark.parametrize(("decoder", "size", "filters"), VARIANTS)
@pytest.mark.parametrize("timesteps", [1, 7, 13])
def test_every_latent_is_read_by_the_decoder(
    decoder: str, size: str, filters: tuple[int, ...], timesteps: int
) -> None:
    vae = make_vae(decoder, size, filters, timesteps)
    flat = torch.randn(2, 4 + 2 * max(1, len(filters) - 1), requires_grad=True)
    vae.decode(vae.latents_from_flat(flat)).square().sum().backward()
    assert flat.grad is not None
    assert (flat.grad.abs().sum(0) > 0).all()


@pytest.mark.parametrize(("decoder", "size", "filters"), VARIANTS)
def test_every_parameter_learns_from_reconstruction_and_divergence(
    decoder: str, size: str, filters: tuple[int, ...]
) -> None:
    vae = make_vae(decoder, size, filters, 13).train()
    truth = coefficients(3, 13)
    decoded, divergence, _ = vae(truth)
    ((decoded - truth).square().sum() + divergence.sum()).backward()
    unused = [name for name, value in vae.named_parameters() if value.grad is None]
    # The deepest hidden layer of a prior gets its first gradient once the layer after it is no
    # longer zero.
    silent = [
        name
        for name, value in vae.named_parameters()
        if value.grad is not None and not value.grad.any()
    ]
    assert unused == []
    assert all(name.startswith("hierarchy.priors") for name in silent)


@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
def test_evaluation_decodes_means_and_training_samples(decoder: str) -> None:
    vae, truth = make_vae(decoder, "small", (16, 8), 7), coefficients(3, 7)
    vae.eval()
    first, second = vae(truth)[0], vae(truth)[0]
    assert torch.equal(first, second)
    assert torch.equal(first, vae.decode(vae.encode(truth)[0]))
    vae.train()
    assert not torch.equal(vae(truth)[0], vae(truth)[0])


@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
def test_runs_of_a_batch_do_not_see_each_other(decoder: str) -> None:
    vae, truth = make_vae(decoder, "large", (16, 8), 7).eval(), coefficients(4, 7)
    together = vae(truth)[0]
    for row in range(4):
        torch.testing.assert_close(
            vae(truth[row : row + 1])[0][0], together[row], rtol=1e-4, atol=1e-6
        )


def test_amplitude_reaches_the_latents() -> None:
    """Normalisation layers must not erase how large a run is."""
    vae, truth = make_vae("modulated", "small", (16, 8), 7).eval(), coefficients(1, 7)
    one, ten = (vae.encode(factor * truth)[0].flat() for factor in (1.0, 10.0))
    assert (one - ten).abs().max() > 1e-2


def test_flat_latents_round_trip() -> None:
    vae = make_vae("modulated", "small", (24, 17, 9, 7), 7)
    latents = Latents(torch.randn(3, 4), torch.randn(3, 3, 2))
    back = vae.latents_from_flat(latents.flat())
    assert torch.equal(back.z, latents.z)
    assert torch.equal(back.h, latents.h)


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_coefficients_without_variation_do_no_harm(value: float) -> None:
    """One that never varies beside others, and data in which nothing varies at all."""
    std = torch.full((3,), value)
    std[1] = 0.0
    settings = ModelSettings(filters=(8,), latent_dim=2, hierarchical_dim=2, time_features=2)
    vae = HierarchicalVae(settings, std, torch.linspace(0, 1, 7))
    decoded, divergence, _ = vae(torch.randn(2, 7, 3) * std)
    assert decoded.isfinite().all()
    assert divergence.isfinite().all()
    assert (decoded[..., 1] == 0).all()


def test_sampling_follows_its_generator() -> None:
    vae = make_vae("modulated", "small", (16, 8), 7).eval()
    first, second, third = (
        vae.sample(2, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
