from __future__ import annotations

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from simulgenvae.training.memory.peak import PeakMemory

KB = 1024


def _kilobytes(count: int) -> torch.Tensor:
    return torch.zeros(count * KB, dtype=torch.uint8)


def test_the_peak_is_what_lived_at_once() -> None:
    with PeakMemory(nn.Identity()) as memory:
        one = _kilobytes(100)
        two = one + 1
        del one, two
        three = _kilobytes(50)
    assert memory.peak == 200 * KB
    assert memory.live == 50 * KB
    assert len(three)


def test_views_and_changes_in_place_take_nothing() -> None:
    with PeakMemory(nn.Identity()) as memory:
        one = _kilobytes(10)
        view = one[: 5 * KB].reshape(5, KB).T
        view += 1
    assert memory.peak == 10 * KB


def test_weights_are_left_out_and_what_backward_needs_is_held() -> None:
    layer = nn.Sequential(nn.Linear(256, 256, bias=False), nn.GELU())
    inputs = torch.zeros(64, 256)
    outputs, weights = 4 * 64 * 256, 4 * 256 * 256
    with PeakMemory(layer) as memory, torch.no_grad():
        layer(inputs)
    assert memory.peak == 2 * outputs
    with PeakMemory(layer) as memory:
        loss = layer(inputs).sum()
        assert memory.live >= outputs, "the argument of GELU"
        loss.backward()
    assert memory.live >= weights, "the gradient stays"


def test_tensors_without_memory_are_counted_alike() -> None:
    """Far more than any machine has."""
    with FakeTensorMode(), PeakMemory(nn.Identity()) as memory:
        huge = torch.zeros(2**50, dtype=torch.uint8)
        huge = huge + 1
    assert memory.peak == 2 * 2**50
    assert memory.live == 2**50
    assert huge.shape == (2**50,)
