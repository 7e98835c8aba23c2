from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.models.losses import SAMPLED_ENTRIES, THRESHOLD, FieldLoss
from simulgenvae.reduction import Reduction, reduce_runs
from simulgenvae.settings import ReductionSettings

EXACT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mae": F.l1_loss,
    "smooth_l1": lambda a, b: F.smooth_l1_loss(a, b, beta=THRESHOLD),
    "huber": lambda a, b: F.huber_loss(a, b, delta=THRESHOLD),
}


@pytest.fixture(scope="module", params=["pod", "none"])
def reduction(request: pytest.FixtureRequest, make_waves: Callable[..., Dataset]) -> Reduction:
    """With more entries than a loss samples."""
    dataset = make_waves(runs=4, timesteps=3, nodes=SAMPLED_ENTRIES, variables=2)
    return reduce_runs(dataset, np.arange(4), ReductionSettings(method=request.param))[0]


def _loss(kind: Any, reduction: Reduction, variance: float = 1.0) -> FieldLoss:
    rows, factor = reduction.basis_and_factor()
    return FieldLoss(
        kind, variance, None if rows is None else torch.from_numpy(rows), torch.from_numpy(factor)
    )


def _pair(reduction: Reduction) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    one, two = (torch.randn(2, 3, reduction.rank, generator=generator) for _ in range(2))
    return one, two


def _states(reduction: Reduction, coefficients: Tensor) -> Tensor:
    rows, _ = reduction.basis_and_factor()
    return coefficients if rows is None else coefficients @ torch.from_numpy(rows).T


def test_mse_of_coefficients_is_that_of_states(reduction: Reduction) -> None:
    prediction, truth = _pair(reduction)
    difference = _states(reduction, prediction) - _states(reduction, truth)
    expected = difference.square().sum(-1).mean(-1) / 7.0
    torch.testing.assert_close(
        _loss("mse", reduction, 7.0)(prediction - truth), expected, rtol=1e-4, atol=0
    )


@pytest.mark.parametrize("kind", EXACT)
def test_the_others_estimate_the_loss_over_all_entries_without_bias(
    reduction: Reduction, kind: str
) -> None:
    prediction, truth = _pair(reduction)
    factor = torch.from_numpy(reduction.basis_and_factor()[1])
    scaled = _states(reduction, prediction - truth) * factor
    exact = EXACT[kind](scaled, torch.zeros_like(scaled))
    loss = _loss(kind, reduction)
    torch.manual_seed(0)
    draws = torch.stack([loss(prediction - truth).mean() for _ in range(200)])
    error = draws.std() / len(draws) ** 0.5
    assert error > 0, "a fresh subset for each call"
    assert (draws.mean() - exact).abs() < 5 * error
    assert error < 0.01 * exact


@pytest.mark.parametrize("kind", ["mse", *EXACT])
def test_zero_for_equals_and_gradients_elsewhere(reduction: Reduction, kind: str) -> None:
    prediction, truth = _pair(reduction)
    loss = _loss(kind, reduction)
    assert loss(truth - truth).tolist() == [0, 0]
    values = loss(prediction.requires_grad_() - truth)
    assert all(value > 0 for value in values)
    values.sum().backward()
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()
    assert prediction.grad.any()


def test_data_without_variance_do_not_divide_by_zero(reduction: Reduction) -> None:
    prediction, truth = _pair(reduction)
    assert _loss("mse", reduction, 0.0)(truth - truth).tolist() == [0, 0]
    assert not _loss("mse", reduction, 0.0)(prediction - truth).isnan().any()
