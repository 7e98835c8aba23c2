from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.reduction import RunReader
from simulgenvae.reduction.node_statistics import node_statistics
from simulgenvae.reduction.scaling import HALF_RANGE

Mode = Literal["variable", "node"]
MODES: tuple[Mode, ...] = ("variable", "node")


def _dataset(fields: np.ndarray) -> Dataset:
    table = np.arange(len(fields), dtype=float)[:, None]
    return Dataset.from_arrays(
        fields, Conditions(tuple(map(str, range(len(fields)))), ("p",), table)
    )


def _rows(dataset: Dataset) -> np.ndarray:
    return np.arange(len(dataset.ids))


@pytest.mark.parametrize("mode", MODES)
def test_training_runs_end_up_exactly_at_the_bounds(
    make_waves: Callable[..., Dataset], mode: Mode
) -> None:
    dataset = make_waves(variables=3)
    scaled = (
        node_statistics(RunReader(dataset, _rows(dataset)))
        .scaler(mode)
        .scale(np.asarray(dataset.fields))
    )
    axes = (0, 1, 2) if mode == "variable" else (0, 1)
    np.testing.assert_allclose(scaled.min(axes), -HALF_RANGE, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scaled.max(axes), HALF_RANGE, rtol=0, atol=1e-12)


@given(
    offset=st.floats(-(2.0**60), 2.0**60),
    span=st.floats(2.0**-60, 2.0**60),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50)
@pytest.mark.parametrize("mode", MODES)
def test_unscale_inverts_scale_whatever_the_magnitudes(
    mode: Mode, offset: float, span: float, seed: int
) -> None:
    fields = np.random.default_rng(seed).uniform(-1, 1, (3, 2, 4, 1)) * span + offset
    dataset = _dataset(fields.astype(np.float32))
    fields = np.asarray(dataset.fields, np.float64)
    scaler = node_statistics(RunReader(dataset, _rows(dataset))).scaler(mode)
    assert np.abs(scaler.scale(fields)).max() <= HALF_RANGE * (1 + 1e-9)
    np.testing.assert_allclose(
        scaler.unscale(scaler.scale(fields)), fields, rtol=1e-12, atol=1e-12 * span
    )


@pytest.mark.parametrize("mode", MODES)
def test_constant_nodes_and_variables_become_zero_and_come_back(mode: Mode) -> None:
    fields = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
    fields[:, :, 0, 0] = 7.0
    fields[..., 1] = 0.1
    statistics = node_statistics(RunReader(_dataset(fields), np.arange(3)))
    scaler = statistics.scaler(mode)
    scaled = scaler.scale(fields)
    np.testing.assert_array_equal(scaled[..., 1], 0.0)
    if mode == "node":
        np.testing.assert_array_equal(scaled[:, :, 0, 0], 0.0)
    np.testing.assert_allclose(scaler.unscale(scaled), fields, rtol=1e-12)
    assert statistics.scaled_std(scaler)[1] == 1.0


def test_a_standard_deviation_is_that_of_all_scaled_values(
    make_waves: Callable[..., Dataset],
) -> None:
    dataset = make_waves(variables=2)
    statistics, fields = (
        node_statistics(RunReader(dataset, _rows(dataset))),
        np.asarray(dataset.fields, np.float64),
    )
    for mode in MODES:
        scaler = statistics.scaler(mode)
        np.testing.assert_allclose(
            statistics.scaled_std(scaler), scaler.scale(fields).std((0, 1, 2)), rtol=1e-9
        )


def test_fields_in_which_nothing_varies_are_refused() -> None:
    fields = np.full((3, 4, 5, 1), 0.1, np.float32)
    with pytest.raises(UserError, match="the same in all 12 snapshots"):
        node_statistics(RunReader(_dataset(fields), np.arange(3))).require_variation()
    fields[2, 3, 4] += 1e-6
    node_statistics(RunReader(_dataset(fields), np.arange(3))).require_variation()
