"""Modes against the full decomposition by numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import Pod, reduce_runs
from simulgenvae.reduction.pilot import OVERSAMPLING
from simulgenvae.settings import ReductionSettings


def _dataset(fields: np.ndarray) -> Dataset:
    table = np.arange(len(fields), dtype=float)[:, None]
    return Dataset.from_arrays(
        fields, Conditions(tuple(map(str, range(len(fields)))), ("p",), table)
    )


def _fit(dataset: Dataset, rows: np.ndarray, **choices: object) -> Pod:
    pod, _ = reduce_runs(dataset, rows, ReductionSettings(**choices))
    assert isinstance(pod, Pod)
    return pod


def _fields(shape: tuple[int, ...], rank: int, decay: float, seed: int) -> np.ndarray:
    """Return runs whose snapshots have directions that are each ``decay`` times the one before."""
    runs, steps, nodes, variables = shape
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(runs * steps, rank)), rng.normal(size=(rank, nodes * variables))
    return (left * decay ** np.arange(rank) @ right).reshape(shape)


shapes = st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(1, 20), st.integers(1, 3))


@given(
    shape=shapes,
    rank=st.integers(1, 30),
    decay=st.sampled_from([1.0, 0.5, 0.1]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_where_a_sketch_can_hold_everything_the_modes_are_those_of_the_decomposition(
    shape: tuple[int, ...], rank: int, decay: float, seed: int
) -> None:
    fields = _fields(shape, rank, decay, seed)
    if shape[0] * shape[1] == 1:
        return  # a single snapshot is its own mean
    dataset, rows = _dataset(fields), np.arange(shape[0])
    pod, coefficients = reduce_runs(dataset, rows, ReductionSettings(tolerance=1e-3))
    assert isinstance(pod, Pod)
    states = np.concatenate([pod.state_map.to_state(dataset.run(int(row))) for row in rows])
    exact = np.linalg.svd(states, compute_uv=False)
    np.testing.assert_allclose(pod.basis.T @ pod.basis, np.identity(pod.rank), atol=2e-5)
    found = np.sqrt(np.square(coefficients.astype(np.float64)).sum((0, 1)))
    np.testing.assert_allclose(found, exact[: pod.rank], rtol=1e-3, atol=1e-5 * exact[0])
    left_out = np.sqrt(
        np.maximum(np.square(exact).sum() - np.square(exact).cumsum(), 0.0) / np.square(exact).sum()
    )
    assert left_out[pod.rank - 1] <= 1e-3 * (1 + 1e-2)
    assert pod.rank == 1 or left_out[pod.rank - 2] > 1e-3 * (1 - 1e-2)


@pytest.fixture(scope="module", params=[0.97, 0.9, 0.6])
def large(request: pytest.FixtureRequest) -> Dataset:
    """Return more snapshots and nodes than a sketch has columns.

    Singular values fall in different ways.
    """
    return _dataset(_fields((60, 20, 900, 1), 400, request.param, 0))


@pytest.mark.parametrize("tolerance", [1e-1, 1e-2, 1e-3])
def test_a_sketch_needs_hardly_more_modes_than_the_decomposition(
    large: Dataset, tolerance: float
) -> None:
    rows = np.arange(60)
    pod = _fit(large, rows, tolerance=tolerance)
    states = np.concatenate([pod.state_map.to_state(large.run(int(row))) for row in rows])
    energies = np.square(np.linalg.svd(states, compute_uv=False))
    after = np.sqrt((energies.sum() - energies.cumsum()) / energies.sum())
    best = int(np.argmax(after <= tolerance)) + 1
    assert best <= pod.rank <= 1.1 * best + 1
    lost = np.linalg.norm(states - states @ pod.basis @ pod.basis.T) / np.linalg.norm(states)
    assert lost <= 1.02 * tolerance


@pytest.mark.parametrize("decay", [1.0, 0.995])
def test_fields_with_more_modes_than_wanted_keep_most_of_their_energy(decay: float) -> None:
    """Noise, whose directions are alike, and fields whose modes fall off slowly."""
    fields = _fields((60, 20, 900, 1), 900, decay, 0)
    dataset, rows = _dataset(fields), np.arange(60)
    pod = _fit(dataset, rows, max_rank=100)
    assert pod.rank == 100
    states = np.concatenate([pod.state_map.to_state(dataset.run(int(row))) for row in rows])
    energies = np.square(np.linalg.svd(states, compute_uv=False))
    lost = np.linalg.norm(states - states @ pod.basis @ pod.basis.T) / np.linalg.norm(states)
    assert lost <= 1.03 * np.sqrt(energies[100:].sum() / energies.sum())


@pytest.mark.parametrize("unit", [1e20, 1e-20])
@pytest.mark.parametrize("max_rank", [20, 512])
def test_units_do_not_matter(unit: float, max_rank: int) -> None:
    """Particle densities, say; in blocks so large that they are summed in single precision."""
    fields, rows = _fields((60, 20, 2100, 1), 120, 0.9, 0), np.arange(60)
    choices = ReductionSettings(max_rank=max_rank)
    (pod, expected), (_, found) = (
        reduce_runs(_dataset(each), rows, choices) for each in (fields, fields * unit)
    )
    assert pod.rank == found.shape[2]
    energies = [np.square(each.astype(np.float64)).sum((0, 1)) for each in (expected, found)]
    np.testing.assert_allclose(energies[0], energies[1], rtol=1e-2)


def test_a_pilot_that_misses_most_is_made_up_for() -> None:
    """Only three of a hundred runs move: they are not among those that the pilot looks at."""
    fields = np.tile(np.random.default_rng(0).normal(size=(1, 1, 700, 1)), (100, 20, 1, 1))
    fields[[3, 50, 77]] += _fields((3, 20, 700, 1), 60, 1.0, 1)
    pod = _fit(_dataset(fields), np.arange(100), max_rank=100)
    assert pod.rank == 60


def test_a_large_offset_costs_no_accuracy() -> None:
    """Temperatures of 300 K that vary by a hundredth."""
    fields = 300.0 + 0.01 * _fields((40, 20, 900, 1), 30, 0.5, 0)
    dataset, rows = _dataset(fields), np.arange(40)
    pod = _fit(dataset, rows, tolerance=1e-2)
    states = np.concatenate([pod.state_map.to_state(dataset.run(int(row))) for row in rows])
    assert (
        np.linalg.norm(states - states @ pod.basis @ pod.basis.T)
        <= 1e-2 * np.linalg.norm(states) * 1.02
    )
    assert pod.rank < OVERSAMPLING


@pytest.mark.parametrize("tolerance", [0.3, 1e-2, 1e-3])
@pytest.mark.parametrize("scaling", ["variable", "node"])
def test_truncation_is_within_the_tolerance_and_is_the_missing_energy(
    make_waves: Callable[..., Dataset], scaling: str, tolerance: float
) -> None:
    dataset, rows = make_waves(variables=3), np.arange(10)
    pod = _fit(dataset, rows, tolerance=tolerance, scaling=scaling)
    lost = kept = total = 0.0
    for row in rows:
        run = dataset.run(int(row))
        states = pod.state_map.to_state(run)
        coefficients = pod.encode(run)
        lost += np.square(states - coefficients @ pod.basis.T).sum()
        kept += np.square(coefficients.astype(float)).sum()
        total += np.square(states).sum()
    assert np.sqrt(lost / total) <= tolerance * (1 + 1e-4)
    np.testing.assert_allclose(lost, total - kept, atol=1e-6 * total)


def test_max_rank_limits_the_modes(waves: Dataset) -> None:
    assert _fit(waves, np.arange(12), tolerance=1e-6, max_rank=2).rank == 2


def test_basis_is_orthonormal_and_round_trips_are_exact_within_it(
    make_waves: Callable[..., Dataset],
) -> None:
    dataset = make_waves(variables=3)
    pod = _fit(dataset, np.arange(12), tolerance=1e-6)
    np.testing.assert_allclose(pod.basis.T @ pod.basis, np.eye(pod.rank), atol=1e-5)
    run = dataset.run(3)
    coefficients = pod.encode(run)
    assert coefficients.shape == (8, pod.rank)
    assert coefficients.dtype == np.float32
    decoded = pod.decode(coefficients)
    assert decoded.shape == run.shape
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(decoded, run, atol=1e-5 * np.abs(run).max((0, 1)).max())
    np.testing.assert_allclose(pod.encode(decoded), coefficients, atol=1e-4)
    np.testing.assert_array_equal(pod.decode(coefficients[None, None]), decoded[None, None])
    np.testing.assert_allclose(pod.encode(run.astype(np.float64)), coefficients, atol=1e-5)


def test_rows_of_the_basis_give_single_entries_in_scaled_units(
    make_waves: Callable[..., Dataset],
) -> None:
    dataset = make_waves(variables=2)
    pod = _fit(dataset, np.arange(12))
    rows, factor = pod.basis_and_factor()
    assert rows is not None
    first, second = pod.encode(dataset.run(0)), pod.encode(dataset.run(1))
    difference = (first - second) @ rows.T * factor
    expected = pod.state_map.scaler.scale(pod.decode(first)) - pod.state_map.scaler.scale(
        pod.decode(second)
    )
    np.testing.assert_allclose(difference, expected.reshape(difference.shape), atol=1e-5)


def test_two_runs_of_a_single_timestep(make_waves: Callable[..., Dataset]) -> None:
    single = make_waves(runs=3, timesteps=1)
    pod = _fit(single, np.arange(2))
    np.testing.assert_allclose(pod.decode(pod.encode(single.run(1))), single.run(1), rtol=1e-3)


def test_arrays_round_trip(waves: Dataset) -> None:
    pod = _fit(waves, np.arange(12))
    restored = Pod.from_arrays(pod.arrays())
    np.testing.assert_array_equal(
        restored.decode(pod.encode(waves.run(0))), pod.decode(pod.encode(waves.run(0)))
    )
    with pytest.raises(KeyError):
        Pod.from_arrays(pod.state_map.arrays())
    with pytest.raises(ValueError, match="shape"):
        Pod.from_arrays(pod.arrays() | {"basis": pod.basis[:-1]})
