from __future__ import annotations

import pytest
import torch
from torch import nn

from simulgenvae.models import MlpConditioner


def _conditioner(dropout: float = 0.0, filters: tuple[int, ...] = (16, 12, 8)) -> MlpConditioner:
    torch.manual_seed(0)
    return MlpConditioner(parameters=3, filters=filters, latents=10, dropout=dropout)


@pytest.mark.parametrize("filters", [(1,), (8,), (16, 12, 8), (8, 16)])
@pytest.mark.parametrize("parameters", [1, 3])
def test_shapes(filters: tuple[int, ...], parameters: int) -> None:
    predicted = MlpConditioner(parameters, filters, 10, 0.0)(torch.randn(4, parameters))
    assert predicted.mean.shape == predicted.log_std.shape == (4, 10)


@pytest.mark.parametrize("factor", [0.5, 2.0, 100.0])
def test_amplitude_survives(factor: float) -> None:
    """A normalisation layer on raw parameters would make designs that differ in scale alone the same."""
    conditioner, x = _conditioner().eval(), torch.randn(4, 3)
    assert ((conditioner(factor * x).mean - conditioner(x).mean).abs().amax(1) > 1e-3).all()
    same_in_all = torch.tensor([[1.0, 1.0, 1.0]])
    assert (conditioner(factor * same_in_all).mean - conditioner(same_in_all).mean).abs().max() > 1e-3


def test_every_parameter_is_read_and_every_weight_learns() -> None:
    conditioner, x = _conditioner(), torch.randn(4, 3, requires_grad=True)
    predicted = conditioner(x)
    (predicted.mean.square().sum() + predicted.log_std.square().sum()).backward()
    assert x.grad is not None
    assert (x.grad != 0).all()
    assert all(value.grad is not None and value.grad.any() for value in conditioner.parameters())


def test_evaluation_is_deterministic_and_training_drops() -> None:
    conditioner, x = _conditioner(dropout=0.5), torch.randn(4, 3)
    conditioner.eval()
    assert torch.equal(conditioner(x).mean, conditioner(x).mean)
    conditioner.train()
    assert not torch.equal(conditioner(x).mean, conditioner(x).mean)


def test_dropout_grows_linearly_with_depth() -> None:
    rates = [module.p for module in _conditioner(dropout=0.3).modules() if isinstance(module, nn.Dropout)]
    assert rates == pytest.approx([0.1, 0.2, 0.3])


def test_the_spread_shapes_nothing_but_its_own_weights() -> None:
    conditioner = MlpConditioner(parameters=2, filters=(8, 8), latents=3, dropout=0.0)
    conditioner(torch.randn(5, 2)).log_std.sum().backward()
    reached = {name for name, value in conditioner.named_parameters() if value.grad is not None}
    assert reached == {"log_std.weight", "log_std.bias"}
