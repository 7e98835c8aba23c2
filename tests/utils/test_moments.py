"""Accumulators against the moments of all values at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.utils import moments
from simulgenvae.utils.merged_moments import MergedMoments
from simulgenvae.utils.moments import (
    ShiftedMoments,
    mean_and_square,
    merged_mean_and_variance,
)


@pytest.mark.parametrize("double_precision_values", [0, 2**20])
def test_shifted_columns_are_counted_and_yielded(
    monkeypatch: pytest.MonkeyPatch, double_precision_values: int
) -> None:
    monkeypatch.setattr(moments, "DOUBLE_PRECISION_VALUES", double_precision_values)
    rng = np.random.default_rng(0)
    values = (1e5 + rng.normal(size=(30, 1500))).astype(np.float32)
    values[:, 7] = 0.1  # constant, and not a number that is exact in binary
    shift = torch.from_numpy(values[0] + np.float32(1 / 3))
    counted = ShiftedMoments(shift)
    for block in (values[:20], values[20:]):
        shifted = torch.from_numpy(block.copy())
        seen = torch.cat([columns.clone() for _, columns in counted.shifted_parts(shifted)], 1)
        np.testing.assert_array_equal(seen, block - shift.numpy())
    exact = values.astype(np.float64)
    assert counted.samples == 30
    np.testing.assert_array_equal(counted.minimum, exact.min(0))
    np.testing.assert_array_equal(counted.maximum, exact.max(0))
    np.testing.assert_allclose(counted.mean, exact.mean(0), rtol=1e-6)
    np.testing.assert_allclose(counted.variance, exact.var(0), rtol=1e-5)
    assert counted.variance[7] == 0


def test_processes_add_their_counts() -> None:
    counted = ShiftedMoments(torch.zeros(3))
    counted.count_and_shift(torch.arange(6.0).reshape(2, 3))
    # Two processes that have counted the same.
    both = counted.combined(lambda each: 2 * each, lambda each: each)
    assert both.samples == 4
    np.testing.assert_array_equal(both.mean, counted.mean)
    np.testing.assert_array_equal(both.minimum, counted.minimum)


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_merged_blocks_are_all_values(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [rng.normal(size=(size, 2)) + 1e3 for size in sizes]
    merged = MergedMoments(2)
    merged.merge(MergedMoments())
    for block in blocks:
        merged.add(block)
    together = np.concatenate(blocks)
    merged.merge(MergedMoments())  # which has counted nothing, and changes nothing
    assert merged.count == len(together)
    np.testing.assert_allclose(merged.mean, together.mean(0))
    np.testing.assert_allclose(merged.deviation, together.std(0), atol=1e-9)


def test_finished_statistics_are_merged() -> None:
    values = np.random.default_rng(0).normal(size=(12, 4))
    first, second = values[:5], values[5:]
    mean, variance = merged_mean_and_variance(
        (5, first.mean(0), first.var(0)), (7, second.mean(0), second.var(0))
    )
    np.testing.assert_allclose(mean, values.mean(0))
    np.testing.assert_allclose(variance, values.var(0))


def test_every_run_has_the_same_weight() -> None:
    runs = [torch.full((2, 1), 1.0), torch.full((6, 1), 3.0)]
    mean, square = mean_and_square(runs, 1)
    assert (float(mean), float(square)) == (2.0, 5.0)
