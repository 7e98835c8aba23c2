from __future__ import annotations

import pytest
import torch

from simulgenvae.models.blocks import Modulated, ResidualConv


@pytest.mark.parametrize(("before", "after"), [(8, 8), (17, 9), (1, 1), (7, 16)])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("length", [1, 2, 13])
def test_residual_convolution_keeps_the_length(
    before: int, after: int, layers: int, length: int
) -> None:
    block = ResidualConv(before, after, layers)
    out = block(torch.randn(2, before, length))
    assert out.shape == (2, after, length)
    assert out.isfinite().all()


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
def test_residual_convolution_of_a_single_run_at_a_single_time(width: int) -> None:
    block = ResidualConv(width, width, 2)
    assert block(torch.randn(1, width, 1)).isfinite().all()


def test_residual_convolution_keeps_amplitude_on_its_skip() -> None:
    block, x = ResidualConv(8, 8, 1), torch.randn(2, 8, 13)
    torch.testing.assert_close(block(3 * x) - block(x), 2 * x, atol=1e-2, rtol=1e-2)


def test_modulation_scales_and_shifts() -> None:
    layer = Modulated(3, 5, 2)
    x = torch.randn(4, 7, 3)
    plain = torch.nn.functional.gelu(layer.linear(x))
    torch.testing.assert_close(layer(x, torch.zeros(4, 2)), plain)
    assert not torch.allclose(layer(x, torch.ones(4, 2)), plain)
