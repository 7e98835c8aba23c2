"""Fewer directions for deviations that change slowly in time."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.reduction import joined_times as module
from simulgenvae.reduction.joined_times import JoinedTimes, joined_times

MANY = 10**6
"""Entries of a state for which joining takes less time."""


def slow(count: int, times: int, rank: int) -> np.ndarray:
    """Return deviations ``[K, t, r]`` that are cubic in time."""
    rng = np.random.default_rng(0)
    powers = np.linspace(0.0, 1.0, times)[:, None] ** np.arange(4)
    return np.einsum("tp,kpr->ktr", powers, rng.normal(size=(count, 4, rank))).astype(np.float32)


def rows(block: JoinedTimes) -> np.ndarray:
    return block.directions if block.weights is None else block.weights @ block.directions


@pytest.mark.parametrize("rank", [50, 300])
def test_slow_deviations_need_few_directions(rank: int) -> None:
    """With fewer coefficients than rows of a block, and with more."""
    deviations = slow(3, 47, rank)
    found = joined_times(deviations, MANY)
    assert [block.count for block in found] == [20, 20, 7]
    for block in found:
        assert len(block.directions) <= 12
        expected = deviations[:, block.times].reshape(-1, rank)
        np.testing.assert_allclose(rows(block), expected, atol=2e-3)


@pytest.mark.parametrize("rank", [50, 300])
def test_little_is_left_out(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    deviations = slow(3, 40, rank) + 5e-5 * rng.normal(size=(3, 40, rank))
    found = joined_times(deviations, MANY)
    assert all(block.weights is not None for block in found)
    squares = sum(
        np.square(rows(block) - deviations[:, block.times].reshape(-1, rank)).sum()
        for block in found
    )
    total = np.square(deviations).sum()
    assert 1e-10 * total < squares < 1.01 * module.LEFT_OUT * total
    monkeypatch.setattr(module, "LEFT_OUT", 1e-15)
    assert all(block.weights is None for block in joined_times(deviations, MANY))


@pytest.mark.parametrize("entries", [10, MANY])
def test_other_deviations_stay_as_they_are(entries: int) -> None:
    """Deviations of small states, and those that have nothing in common."""
    deviations = slow(3, 47, 50)
    if entries == MANY:
        deviations = np.random.default_rng(0).normal(size=deviations.shape)
    found = joined_times(deviations, entries)
    assert all(block.weights is None for block in found)
    whole = np.concatenate([rows(block).reshape(3, -1, 50) for block in found], axis=1)
    np.testing.assert_array_equal(whole, deviations.astype(np.float32))


def test_many_deviations_are_cut_into_blocks_of_few_times() -> None:
    squares = module.SQUARED_TOGETHER // module.SQUARED_PART
    for block in joined_times(slow(100, 47, 20), MANY):
        assert len(block.directions) <= squares
        assert block.weights is None or len(block.weights) <= squares


@pytest.mark.parametrize("count", [0, 2])
def test_nothing_deviates(count: int) -> None:
    found = joined_times(np.zeros((count, 30, 5)), MANY)
    assert sum(block.count for block in found) == 30
    assert not any(rows(block).any() for block in found)
