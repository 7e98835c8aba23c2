from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.training.optim.muon import BLOCK_ROWS, MOMENTUM, Muon, orthogonalised

STEPS = 3


def _matrix(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(st.integers(1, 3), st.integers(1, 20), st.integers(1, 20), st.integers(0, 10**6))
def test_singular_vectors_stay_and_values_come_near_one(
    count: int, rows: int, columns: int, seed: int
) -> None:
    """But for those that are tiny beside the norm."""
    matrices = _matrix(count, rows, columns, seed=seed)
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    found = left.mT @ orthogonalised(matrices) @ right.mT
    inside = values > 2e-3 * matrices.norm(dim=(1, 2))[:, None]
    diagonal = found.diagonal(dim1=1, dim2=2)
    assert ((diagonal > 0.4) & (diagonal < 1.6))[inside].all()
    torch.testing.assert_close(found, torch.diag_embed(diagonal), atol=2e-3, rtol=0.0)


def test_no_singular_value_leaves_its_range_in_half_precision() -> None:
    values = torch.logspace(-4, 0, 40)
    left, right = (torch.linalg.qr(_matrix(40, 40, seed=seed)).Q for seed in (1, 2))
    found = orthogonalised((left @ values.diag() @ right).bfloat16()[None])[0]
    assert found.dtype == torch.bfloat16
    assert torch.linalg.svdvals(found.float()).max() < 1.7


def test_a_processor_without_half_precision_takes_the_same_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned = []
    for dtype in (torch.bfloat16, torch.float32):
        monkeypatch.setattr(
            "simulgenvae.training.optim.muon.precision", lambda _, dtype=dtype: dtype
        )
        weights = torch.nn.Parameter(_matrix(6, 9))
        optimizer = Muon([weights], 0.01)
        for step in range(STEPS):
            weights.grad = _matrix(6, 9, seed=step + 1)
            optimizer.step()
        learned.append(weights.detach() - _matrix(6, 9))
    half, single = learned
    assert not torch.equal(half, single)
    # The polynomials are steep for small singular values, and so for their rounding.
    torch.testing.assert_close(half, single, rtol=0, atol=0.2 * float(single.abs().max()))


def test_the_size_of_a_gradient_does_not_matter_and_zero_stays_zero() -> None:
    matrix = _matrix(1, 5, 9)
    torch.testing.assert_close(orthogonalised(1e6 * matrix), orthogonalised(matrix))
    assert not orthogonalised(torch.zeros(2, 4, 3)).any()


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (BLOCK_ROWS, BLOCK_ROWS), (2 * BLOCK_ROWS, 40)])
def test_matrices_without_blocks_go_as_with_torch(shape: tuple[int, int]) -> None:
    """Momentum, decay and size of step agree; directions nearly, as both near the polar factor."""
    ours, theirs = (torch.nn.Parameter(_matrix(*shape)) for _ in range(2))
    optimizers = (
        Muon([ours], weight_decay=0.1),
        torch.optim.Muon(
            [theirs], weight_decay=0.1, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw"
        ),
    )
    for step in range(STEPS):
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = _matrix(*shape, seed=step)
            optimizer.param_groups[0]["lr"] = 0.1
            optimizer.step()
    buffers = [
        each.state[p]["momentum_buffer"] for each, p in zip(optimizers, (ours, theirs), strict=True)
    ]
    torch.testing.assert_close(*buffers)
    moved = [
        (p.detach() - (1 - 0.1 * 0.1) ** STEPS * _matrix(*shape)).flatten() for p in (ours, theirs)
    ]
    assert torch.cosine_similarity(moved[0], moved[1], dim=0) > 0.93
    assert 0.75 < moved[0].norm() / moved[1].norm() < 1.35


def test_rows_of_large_matrices_are_orthogonalised_in_blocks() -> None:
    rows, columns = 2 * BLOCK_ROWS + 10, BLOCK_ROWS + 1
    start = _matrix(rows, columns)
    whole = torch.nn.Parameter(start.clone())
    parts = [torch.nn.Parameter(part.clone()) for part in start.split(BLOCK_ROWS)]
    gradient = _matrix(rows, columns, seed=1)
    for parameters, gradients in (([whole], [gradient]), (parts, gradient.split(BLOCK_ROWS))):
        optimizer = Muon(parameters, weight_decay=0.2)
        for parameter, each in zip(parameters, gradients, strict=True):
            parameter.grad = each.clone()
        optimizer.step()
    assert torch.equal(whole, torch.cat(list(parts)))
    alone = torch.nn.Parameter(start.clone())
    alone.grad = gradient
    torch.optim.Muon([alone], lr=1e-3, weight_decay=0.2, adjust_lr_fn="match_rms_adamw").step()
    assert not torch.allclose(whole, alone, rtol=1e-3), "one block would be another step"


def test_what_has_no_gradient_is_left_alone() -> None:
    parameters = [torch.nn.Parameter(_matrix(3, 3)) for _ in range(2)]
    parameters[0].grad = _matrix(3, 3, seed=1)
    Muon(parameters, weight_decay=0.1).step()
    assert not torch.equal(parameters[0], _matrix(3, 3))
    assert torch.equal(parameters[1], _matrix(3, 3))
