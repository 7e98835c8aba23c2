from __future__ import annotations

import pytest
import torch
from torch.nn.utils import parametrize

from simulgenvae.models.conditioner.cnn import (
    STEM_SIZE,
    CnnEncoder,
    SpatialAttention,
    SqueezeExcitation,
)


@pytest.mark.parametrize("size", [16, 32, 33, 50, 64, 128, 256])
@pytest.mark.parametrize("filters", [(4,), (4, 8, 16, 32, 64)])
def test_any_size_of_image_and_any_number_of_filters(size: int, filters: tuple[int, ...]) -> None:
    encoder = CnnEncoder(3, size, filters, 0.0, False)
    assert encoder(torch.rand(2, 3, size, size)).shape == (2, encoder.features)


@pytest.mark.parametrize("size", [64, 100, 128, 256, 500])
def test_the_stem_makes_cost_independent_of_resolution(size: int) -> None:
    encoder, shapes = CnnEncoder(1, size, (8,), 0.0, False), []
    encoder.stem.register_forward_hook(lambda *call: shapes.append(call[-1].shape))
    encoder(torch.rand(1, 1, size, size))
    assert shapes[0][1] == 8
    assert STEM_SIZE / 2 < shapes[0][-1] <= STEM_SIZE


def test_convolutions_have_a_largest_singular_value_of_one() -> None:
    torch.manual_seed(0)
    encoder = CnnEncoder(1, 32, (8, 12), 0.0, True)
    for _ in range(50):  # each pass in training is one power iteration
        encoder(torch.rand(1, 1, 32, 32))
    encoder.eval()
    bounded = [
        module for module in encoder.modules() if parametrize.is_parametrized(module, "weight")
    ]
    assert len(bounded) == 2 * 2 + 1 + 2  # two blocks, a skip connection, two attentions
    for module in bounded:
        weight = module.weight
        assert isinstance(weight, torch.Tensor)
        largest = torch.linalg.matrix_norm(weight.detach().flatten(1), ord=2)
        assert float(largest) == pytest.approx(1.0, abs=0.02)


def test_evaluation_leaves_the_singular_vectors_alone() -> None:
    encoder = CnnEncoder(1, 32, (8, 12), 0.0, False).eval()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    encoder(torch.rand(2, 1, 32, 32))
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())


def test_where_something_is_matters() -> None:
    torch.manual_seed(0)
    left, right = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    left[..., 20:40, 5:25], right[..., 20:40, 39:59] = 1.0, 1.0
    encoder = CnnEncoder(1, 64, (8, 16), 0.0, False).eval()
    assert (encoder(left) - encoder(right)).abs().max() > 1e-3


def test_designs_do_not_see_each_other() -> None:
    encoder, x = CnnEncoder(1, 32, (8, 12), 0.0, True).eval(), torch.rand(4, 1, 32, 32)
    torch.testing.assert_close(encoder(x)[2:3], encoder(x[2:3]))


def test_spatial_attention_switches_only_spatial_attention() -> None:
    with_attention, without = (
        {name for name, _ in CnnEncoder(1, 32, (8, 12), 0.0, attention).named_parameters()}
        for attention in (True, False)
    )
    more = with_attention - without
    assert not without - with_attention
    assert len(more) == 2 * 2  # weight and bias in each of two blocks
    assert all("attention" in name for name in more)


def test_excitation_rescales_channels_and_attention_rescales_places() -> None:
    x = torch.rand(2, 6, 5, 5) + 0.1
    by_channel = SqueezeExcitation(6)(x) / x
    torch.testing.assert_close(by_channel, by_channel[:, :, :1, :1].expand_as(x))
    by_place = SpatialAttention()(x) / x
    torch.testing.assert_close(by_place, by_place[:, :1].expand_as(x))
