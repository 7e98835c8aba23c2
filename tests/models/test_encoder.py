from __future__ import annotations

import pytest
import torch

from simulgenvae.models.encoder import Encoder


@pytest.mark.parametrize("timesteps", [1, 2, 7, 8, 9, 97])
@pytest.mark.parametrize("filters", [(8,), (16, 8), (24, 17, 9, 7)])
@pytest.mark.parametrize("layers", [1, 2])
def test_features_have_the_announced_widths_whatever_the_length(
    timesteps: int, filters: tuple[int, ...], layers: int
) -> None:
    encoder = Encoder(5, filters, layers)
    features = encoder(torch.randn(3, timesteps, 5))
    assert [each.shape for each in features] == [(3, width) for width in encoder.feature_dims]
    assert len(features) == max(2, len(filters))


@pytest.mark.parametrize("filters", [(8,), (16, 8), (24, 17, 9, 7)])
def test_every_timestep_and_coefficient_is_read(filters: tuple[int, ...]) -> None:
    x = torch.randn(1, 97, 5, requires_grad=True)
    for feature in Encoder(5, filters, 1)(x):
        (gradient,) = torch.autograd.grad(feature.square().sum(), x, retain_graph=True)
        assert (gradient != 0).all()
