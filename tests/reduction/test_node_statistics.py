"""Statistics of the training runs against those of all snapshots at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import RunReader
from simulgenvae.reduction.node_statistics import NodeStatistics, node_statistics


def _dataset(fields: np.ndarray) -> Dataset:
    table = np.arange(len(fields), dtype=float)[:, None]
    return Dataset.from_arrays(
        fields, Conditions(tuple(map(str, range(len(fields)))), ("p",), table)
    )


def _statistics(fields: np.ndarray, runs: int | None = None) -> NodeStatistics:
    """Statistics of the first ``runs`` runs; of all when None."""
    return node_statistics(RunReader(_dataset(fields), np.arange(runs or len(fields))))


@given(
    shape=st.tuples(*(st.integers(1, 5) for _ in range(4))),
    offset=st.sampled_from([0.0, 1.0, -300.0, 1e6]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50)
def test_statistics_are_those_of_all_snapshots(
    shape: tuple[int, ...], offset: float, seed: int
) -> None:
    fields = (np.random.default_rng(seed).normal(size=shape) + offset).astype(np.float32)
    found = _statistics(fields)
    exact = fields.astype(np.float64)
    np.testing.assert_array_equal(found.minimum, exact.min((0, 1)))
    np.testing.assert_array_equal(found.maximum, exact.max((0, 1)))
    np.testing.assert_allclose(found.mean, exact.mean((0, 1)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.variance, exact.var((0, 1)), rtol=1e-9, atol=1e-18)
    assert found.samples == shape[0] * shape[1]


def test_only_the_given_runs_count(waves: Dataset) -> None:
    first = _statistics(np.asarray(waves.fields), 3)
    alone = _statistics(np.asarray(waves.fields)[:3])
    np.testing.assert_array_equal(first.minimum, alone.minimum)
    np.testing.assert_array_equal(first.variance, alone.variance)
    assert first.samples == 3 * 8


def test_a_small_variation_on_a_large_offset_is_not_lost(
    make_waves: Callable[..., Dataset],
) -> None:
    """Squares about zero of 1e5 ± 10 would leave no digit in single precision."""
    fields = (1e5 + 10 * np.random.default_rng(0).normal(size=(20, 30, 7, 1))).astype(np.float32)
    found = _statistics(fields)
    np.testing.assert_allclose(found.variance, fields.astype(np.float64).var((0, 1)), rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e20, 3e38])
def test_what_is_constant_has_no_variance(value: float) -> None:
    found = _statistics(np.full((3, 4, 5, 1), value, np.float32))
    np.testing.assert_array_equal(found.variance, 0.0)
    np.testing.assert_array_equal(found.minimum, found.maximum)
