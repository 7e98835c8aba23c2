from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import nn

from simulgenvae.training.optim.muon import Muon
from simulgenvae.training.optim.optimizers import Optimizers


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.Flatten(),
        nn.Linear(20, 3),
        nn.Linear(3, 1),
    )


def _steps(network: nn.Module, optimizers: Optimizers, count: int, first: int = 0) -> None:
    for step in range(first, first + count):
        x = torch.randn(6, 2, 5, generator=torch.Generator().manual_seed(step))
        optimizers.zero_grad()
        (network(x) - x.sum((1, 2))[:, None]).square().mean().backward()
        optimizers.step(1e-2, torch.tensor(True))


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_every_parameter_is_trained_once_and_by_the_right_one(
    kind: Literal["muon", "adamw"],
) -> None:
    network = _network()
    optimizers = Optimizers([network], kind, weight_decay=0.1)
    groups = [
        (type(member), group) for member, _ in optimizers._members for group in member.param_groups
    ]
    counted = [id(p) for _, group in groups for p in group["params"]]
    assert sorted(counted) == sorted(id(p) for p in network.parameters())
    for owner, group in groups:
        for p in group["params"]:
            assert (owner is Muon) == (kind == "muon" and p.ndim == 2)
            assert group["weight_decay"] == (0.1 if p.ndim > 1 else 0.0)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_all_parameters_move_and_the_loss_falls(kind: Literal["muon", "adamw"]) -> None:
    network = _network()
    before = [p.detach().clone() for p in network.parameters()]
    x = torch.randn(64, 2, 5, generator=torch.Generator().manual_seed(99))
    errors = [(network(x) - x.sum((1, 2))[:, None]).square().mean().item()]
    _steps(network, Optimizers([network], kind, 0.0), 150)
    errors.append((network(x) - x.sum((1, 2))[:, None]).square().mean().item())
    assert all((p != old).any() for p, old in zip(network.parameters(), before, strict=True))
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_restored_state_continues_bit_exactly(kind: Literal["muon", "adamw"]) -> None:
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
    first = network.get_submodule("0")
    first.requires_grad_(False)
    before = first.get_parameter("weight").detach().clone()
    optimizers = Optimizers([network], "muon", 0.5)
    _steps(network, optimizers, 3)
    assert torch.equal(first.get_parameter("weight"), before)
    assert all(p.requires_grad for p in optimizers.parameters)


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_a_step_that_is_not_good_changes_nothing(
    kind: Literal["muon", "adamw"], *, told: bool
) -> None:
    """On the CPU the step is left out; on a GPU the optimisers are told to change nothing."""
    network = _network()
    optimizers = Optimizers([network], kind, 0.1)
    _steps(network, optimizers, 3)
    weights = [p.detach().clone() for p in network.parameters()]
    state = {name: value.clone() for name, value in optimizers.arrays().items()}
    for p in network.parameters():
        p.grad.fill_(torch.nan)
    if told:
        for member, _ in optimizers._members:
            setattr(member, "found_inf", torch.ones(()))  # noqa: B010 # optimizers on a GPU have it
            member.step()
    else:
        optimizers.step(1e-2, torch.tensor(False))
    assert all(
        torch.equal(p, before) for p, before in zip(network.parameters(), weights, strict=True)
    )
    assert all(torch.equal(value, state[name]) for name, value in optimizers.arrays().items())


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_being_told_that_a_step_is_good_is_no_other_step(kind: Literal["muon", "adamw"]) -> None:
    plain, told = _network(), _network()
    for network, flag in ((plain, None), (told, torch.zeros(()))):
        optimizers = Optimizers([network], kind, 0.1)
        for member, _ in optimizers._members:
            setattr(member, "found_inf", flag)  # noqa: B010 # optimizers on a GPU have it
        for step in range(4):
            x = torch.randn(6, 2, 5, generator=torch.Generator().manual_seed(step))
            optimizers.zero_grad()
            (network(x) - x.sum((1, 2))[:, None]).square().mean().backward()
            for member, _ in optimizers._members:
                member.step()
    for one, other in zip(plain.parameters(), told.parameters(), strict=True):
        torch.testing.assert_close(one, other)
