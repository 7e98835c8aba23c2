from __future__ import annotations

import pytest
import torch
from torch import nn

from simulgenvae.training.muon import Muon
from simulgenvae.training.optimizers import Optimizers


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(20, 3), nn.Linear(3, 1)
    )


def _steps(network: nn.Module, optimizers: Optimizers, count: int, first: int = 0) -> None:
    for step in range(first, first + count):
        x = torch.randn(6, 2, 5, generator=torch.Generator().manual_seed(step))
        optimizers.zero_grad()
        (network(x) - x.sum((1, 2))[:, None]).square().mean().backward()
        optimizers.step(1e-2)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_every_parameter_is_trained_once_and_by_the_right_one(kind: str) -> None:
    network = _network()
    optimizers = Optimizers([network], kind, weight_decay=0.1)
    groups = [(type(member), group) for member, _ in optimizers._members for group in member.param_groups]
    counted = [id(p) for _, group in groups for p in group["params"]]
    assert sorted(counted) == sorted(id(p) for p in network.parameters())
    for owner, group in groups:
        for p in group["params"]:
            assert (owner is Muon) == (kind == "muon" and p.ndim == 2)
            assert group["weight_decay"] == (0.1 if p.ndim > 1 else 0.0)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_all_parameters_move_and_the_loss_falls(kind: str) -> None:
    network = _network()
    before = [p.detach().clone() for p in network.parameters()]
    x = torch.randn(64, 2, 5, generator=torch.Generator().manual_seed(99))
    errors = [(network(x) - x.sum((1, 2))[:, None]).square().mean().item()]
    _steps(network, Optimizers([network], kind, 0.0), 150)
    errors.append((network(x) - x.sum((1, 2))[:, None]).square().mean().item())
    assert all((p != old).any() for p, old in zip(network.parameters(), before, strict=True))
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_restored_state_continues_bit_exactly(kind: str) -> None:
    network, resumed = _network(), _network()
    optimizers = Optimizers([network], kind, 0.1)
    _steps(network, optimizers, 5)
    arrays = {name: value.clone() for name, value in optimizers.arrays().items()}
    resumed.load_state_dict(network.state_dict())
    _steps(network, optimizers, 5, first=5)
    restored = Optimizers([resumed], kind, 0.1)
    restored.load_arrays(arrays)
    _steps(resumed, restored, 5, first=5)
    for one, other in zip(network.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_frozen_parameters_are_left_alone() -> None:
    network = _network()
    network[0].requires_grad_(False)
    before = network[0].weight.detach().clone()
    optimizers = Optimizers([network], "muon", 0.5)
    _steps(network, optimizers, 3)
    assert torch.equal(network[0].weight, before)
    assert all(p.requires_grad for p in optimizers.parameters)
