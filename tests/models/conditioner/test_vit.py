from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from simulgenvae.models.conditioner.base import FEATURES
from simulgenvae.models.conditioner.vit import (
    HALVINGS,
    DropPath,
    TransformerBlock,
    VisionTransformer,
)

PATCH = 2**HALVINGS


@pytest.mark.parametrize("size", [16, 32, 40, 128])
@pytest.mark.parametrize("filters", [(8,), (4, 8, 16), (64, 64)])
def test_any_size_of_image_and_any_number_of_filters(size: int, filters: tuple[int, ...]) -> None:
    network = VisionTransformer(3, size, filters, 0.0)
    assert network(torch.rand(2, 3, size, size)).shape == (2, FEATURES) == (2, network.features)
    assert len(network.blocks) == len(filters)


def test_attention_is_softmax_of_scaled_products() -> None:
    """Against the definition, Vaswani et al. 2017, equation 1."""
    torch.manual_seed(0)
    block, x = TransformerBlock(64, 0.0, 0.0), torch.randn(2, 5, 64)
    assert block.heads == 2
    heads = []
    for head in range(2):
        part = slice(32 * head, 32 * (head + 1))
        query, key, value = (
            block.query(x)[..., part],
            block.key(x)[..., part],
            block.value(x)[..., part],
        )
        heads.append(F.softmax(query @ key.transpose(1, 2) / 32**0.5, dim=-1) @ value)
    torch.testing.assert_close(block._attend(x), block.output(torch.cat(heads, -1)))


def test_patches_are_tokens_row_by_row_with_their_positions() -> None:
    network, x = VisionTransformer(1, 2 * PATCH, (8,), 0.0), torch.zeros(1, 1, 2 * PATCH, 2 * PATCH)
    tokens: list[torch.Tensor] = []
    network.blocks[0].register_forward_pre_hook(lambda _, inputs: tokens.append(inputs[0]))
    network(x)
    # Seen by the second patch alone: patches are read with a little of their neighbours.
    x[0, 0, 0, PATCH + 4 : -4] = 1.0
    network(x)
    assert tokens[0].shape == (1, 4, 8)
    change = (tokens[1] - tokens[0]).abs().amax(-1)[0]
    assert (change > 0).tolist() == [False, True, False, False]
    empty = network.patches(torch.full_like(x, -1.0)).flatten(2).transpose(1, 2)
    torch.testing.assert_close(tokens[0] - empty, network.positions)


def test_where_something_is_matters() -> None:
    torch.manual_seed(0)
    left, right = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    left[..., 16:32, :16], right[..., 16:32, 48:] = 1.0, 1.0
    network = VisionTransformer(1, 64, (32, 32), 0.0).eval()
    change = (network(left) - network(right)).norm()
    # Not a nuance among what all images have in common.
    assert change > 0.2 * network(left).norm()


def test_stochastic_depth_leaves_out_whole_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    x = torch.ones(2000, 3, 4)
    dropped = DropPath(0.25)(x)
    per_sample = dropped.flatten(1)
    assert (per_sample == per_sample[:, :1]).all()
    assert sorted(set(per_sample[:, 0].tolist())) == pytest.approx([0.0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.05)
    assert torch.equal(DropPath(0.25).eval()(x), x)


def test_depth_is_dropped_more_in_later_blocks() -> None:
    network = VisionTransformer(1, 32, (8, 8, 8), 0.0)
    rates = [module.rate for module in network.modules() if isinstance(module, DropPath)]
    assert len(rates) == len(network.blocks)
    assert rates == sorted(rates)
    assert rates[0] > 0
