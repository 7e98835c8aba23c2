from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import RunReader
from simulgenvae.reduction.node_statistics import node_statistics
from simulgenvae.reduction.state_map import StateMap
from simulgenvae.settings import ReductionSettings

MODES = ["variable", "node"]


def _fit(fields: np.ndarray, mode: str = "variable") -> tuple[StateMap, np.ndarray]:
    """Return the map of ``fields`` ``[N, T, M, V]`` and their states ``[N, T, M·V]``."""
    table = np.arange(len(fields), dtype=float)[:, None]
    dataset = Dataset.from_arrays(
        fields, Conditions(tuple(map(str, range(len(fields)))), ("p",), table)
    )
    state = StateMap.fit(
        node_statistics(RunReader(dataset, np.arange(len(fields)))), ReductionSettings(scaling=mode)
    )
    return state, state.to_state(np.asarray(dataset.fields))


@pytest.mark.parametrize("mode", MODES)
def test_states_are_centred_and_come_back(make_waves: Callable[..., Dataset], mode: str) -> None:
    fields = np.asarray(make_waves(variables=3).fields)
    state, states = _fit(fields, mode)
    assert states.shape == (12, 8, 90) == (12, 8, state.size)
    np.testing.assert_allclose(states.mean((0, 1)), 0.0, atol=1e-12)
    np.testing.assert_allclose(state.to_field(states), fields, rtol=1e-6)


@given(
    exponents=st.tuples(st.integers(-12, 12), st.integers(-12, 12)), seed=st.integers(0, 2**32 - 1)
)
@settings(max_examples=25)
@pytest.mark.parametrize("mode", MODES)
def test_units_of_a_variable_do_not_matter(
    mode: str, exponents: tuple[int, int], seed: int
) -> None:
    """Even where part of the nodes is fixed, as at a boundary."""
    fields = np.random.default_rng(seed).normal(size=(3, 4, 6, 2)).astype(np.float32)
    fields[:, :, 0] = 3.0
    _, states = _fit(fields, mode)
    _, other = _fit(fields * np.float32(2.0) ** np.array(exponents, np.float32), mode)
    np.testing.assert_allclose(other, states, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_variables_count_alike(mode: str) -> None:
    fields = np.random.default_rng(0).normal(size=(5, 6, 7, 3)) * [1e-6, 1.0, 1e6]
    _, states = _fit(fields, mode)
    energy = np.square(states).reshape(5, 6, 7, 3).sum((0, 1, 2))
    np.testing.assert_allclose(energy / energy.sum(), 1 / 3, atol=0.02)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e20, 1e-30])
@pytest.mark.parametrize("mode", MODES)
def test_a_constant_variable_has_no_energy(mode: str, value: float) -> None:
    fields = np.random.default_rng(0).normal(size=(3, 7, 5, 2)).astype(np.float32)
    fields[..., 1] = value
    state, states = _fit(fields, mode)
    assert np.abs(states.reshape(3, 7, 5, 2)[..., 1]).max() <= 1e-12 * max(1.0, abs(value))
    np.testing.assert_allclose(state.to_field(states)[..., 1], fields[..., 1], rtol=1e-6)


def test_a_large_offset_is_no_reason_to_fail() -> None:
    fields = np.float32(1e18) * (1 + 1e-3 * np.random.default_rng(0).normal(size=(3, 4, 5, 1)))
    _, states = _fit(fields)
    np.testing.assert_allclose(states.std(), 1.0, rtol=0.2)


@pytest.mark.parametrize("mode", MODES)
def test_a_state_is_the_distance_from_the_mean_field_times_a_factor(
    make_waves: Callable[..., Dataset], mode: str
) -> None:
    fields = np.asarray(make_waves(variables=3).fields)
    state, states = _fit(fields, mode)
    np.testing.assert_allclose(
        state.mean_field(), fields.mean((0, 1), dtype=np.float64).ravel(), rtol=1e-12
    )
    flat = fields.reshape(*states.shape)
    np.testing.assert_allclose(
        (flat - state.mean_field()) * state.field_factor(), states, atol=1e-9
    )


def test_scaled_factor_leads_to_scaled_units(make_waves: Callable[..., Dataset]) -> None:
    fields = np.asarray(make_waves(variables=2).fields)
    state, states = _fit(fields)
    scaled = states * state.scaled_factor()
    expected = state.scaler.scale(fields) - state.mean
    np.testing.assert_allclose(scaled, expected.reshape(scaled.shape), atol=1e-6)


def test_arrays_round_trip_and_what_is_missing_or_does_not_fit(
    make_waves: Callable[..., Dataset],
) -> None:
    fields = np.asarray(make_waves(variables=2).fields)
    state, states = _fit(fields, "node")
    arrays = state.arrays()
    np.testing.assert_array_equal(StateMap.from_arrays(arrays).to_state(fields), states)
    for name in arrays:
        with pytest.raises(KeyError):
            StateMap.from_arrays({key: value for key, value in arrays.items() if key != name})
        with pytest.raises(ValueError, match="shape"):
            StateMap.from_arrays(arrays | {name: arrays[name][..., :1]})


@pytest.mark.parametrize("mode", ["variable", "node"])
def test_weights_scale_the_entries_of_a_state(
    make_waves: Callable[..., Dataset], mode: str
) -> None:
    data = make_waves(variables=2)
    fields = np.stack([data.run(row) for row in range(len(data.ids))])
    weights = np.linspace(0.1, 1.0, data.nodes)
    statistics = node_statistics(RunReader(data, np.arange(len(data.ids))))
    reduction = ReductionSettings.model_validate({"scaling": mode})
    plain = StateMap.fit(statistics, reduction)
    weighted = StateMap.fit(statistics, reduction, weights=weights)
    np.testing.assert_allclose(weighted.to_field(weighted.to_state(fields)), fields, rtol=1e-5)
    ratio = weighted.field_factor() * weighted.std[None].repeat(data.nodes, 0).ravel()
    ratio /= plain.field_factor() * plain.std[None].repeat(data.nodes, 0).ravel()
    np.testing.assert_allclose(ratio.reshape(-1, 2), weights[:, None].repeat(2, 1))
    restored = StateMap.from_arrays(weighted.arrays())
    np.testing.assert_array_equal(restored.field_factor(), weighted.field_factor())
    np.testing.assert_array_equal(restored.weights, weights)
    part = restored.at(np.array([3, 1]), np.array([1]))
    np.testing.assert_array_equal(part.weights, weights[[3, 1]])
    for wrong in (weights[:-1], -weights, weights * np.nan):
        with pytest.raises(ValueError, match="not a positive number a node"):
            StateMap.from_arrays(weighted.arrays() | {"node_weights": wrong})
