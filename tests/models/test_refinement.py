"""Refinement of latents for one run."""

from __future__ import annotations

import pytest
import torch

from simulgenvae.models import refinement
from simulgenvae.models.refinement import refined
from simulgenvae.models.vae import HierarchicalVae
from simulgenvae.settings import ModelSettings


def _vae(decoder: str) -> HierarchicalVae:
    torch.manual_seed(0)
    settings = ModelSettings(
        decoder=decoder, latent_dim=4, hierarchical_dim=2, filters=(16, 8), width=32
    )
    return HierarchicalVae(settings, torch.ones(5), torch.linspace(0, 1, 40)).eval()


@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
def test_latents_of_a_run_that_the_decoder_can_make_are_found(
    decoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a start far away, with more steps than usual."""
    monkeypatch.setattr(refinement, "STEPS", 20)
    monkeypatch.setattr(refinement, "SMALLEST_GAIN", 1e-3)
    vae = _vae(decoder)
    with torch.inference_mode():
        wanted = vae.hierarchy.prior_sample(1, torch.Generator().manual_seed(1))
        run = vae.decode(wanted)[0]
        noise = torch.randn(wanted.flat().shape, generator=torch.Generator().manual_seed(2))
        start = vae.latents_from_flat(wanted.flat() + 0.3 * noise)
        before = (vae.decode(start)[0] - run).norm() / run.norm()
        found = refined(vae, start, run)
        after = (vae.decode(found)[0] - run).norm() / run.norm()
    assert found.z.shape == wanted.z.shape
    assert found.h.shape == wanted.h.shape
    assert after < 0.05 * before


def test_the_start_from_which_the_run_is_nearest_is_taken() -> None:
    vae = _vae("modulated")
    with torch.inference_mode():
        wanted = vae.hierarchy.prior_sample(1, torch.Generator().manual_seed(1))
        run = vae.decode(wanted)[0]
        far = vae.latents_from_flat(wanted.flat() + 30.0)
        others = torch.cat([far.flat() * 2, wanted.flat() + 1e-3, far.flat() * 3])
        found = refined(vae, far, run, others)
        alone = refined(vae, far, run)
    assert torch.allclose(found.flat(), wanted.flat(), atol=0.01)
    assert not torch.allclose(alone.flat(), wanted.flat(), atol=0.01)


def test_latents_that_cannot_be_improved_stay() -> None:
    vae = _vae("modulated")
    with torch.inference_mode():
        start = vae.hierarchy.prior_sample(1, torch.Generator().manual_seed(1))
        run = vae.decode(start)[0]
        found = refined(vae, start, run)
    assert torch.allclose(found.flat(), start.flat(), atol=1e-4)


def test_latents_without_any_effect_stay() -> None:
    """As where all runs are the same, so that no coefficient varies."""
    vae = _vae("modulated")
    vae.coefficient_std.zero_()
    with torch.inference_mode():
        start = vae.hierarchy.prior_sample(1, torch.Generator().manual_seed(1))
        found = refined(vae, start, torch.ones(40, 5))
    assert torch.equal(found.flat(), start.flat())
