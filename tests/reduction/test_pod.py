from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import Pod, fit_reduction
from simulgenvae.reduction.pod import rank_for, streamed_svd
from simulgenvae.settings import ReductionSettings


def _blocks(matrix: np.ndarray, rows: int) -> Callable[[], Iterator[np.ndarray]]:
    return lambda: (matrix[start : start + rows] for start in range(0, len(matrix), rows))


def _fit(dataset: Dataset, rows: np.ndarray, **choices: object) -> Pod:
    pod = fit_reduction(dataset, rows, ReductionSettings(**choices))
    assert isinstance(pod, Pod)
    return pod


shapes = st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 7), st.integers(0, 2**32 - 1))


@given(shape=shapes)
@settings(deadline=None, max_examples=60)
def test_a_full_sketch_is_the_decomposition(shape: tuple[int, int, int, int]) -> None:
    count, width, block, seed = shape
    matrix = np.random.default_rng(seed).normal(size=(count, width))
    sketch = min(count, width)
    basis, values, total = streamed_svd(_blocks(matrix, block), width, sketch)
    np.testing.assert_allclose(values, np.linalg.svd(matrix, compute_uv=False), rtol=1e-6, atol=1e-6 * values[0])
    np.testing.assert_allclose(basis.T @ basis, np.eye(sketch), atol=1e-9)
    np.testing.assert_allclose(matrix @ basis @ basis.T, matrix, atol=1e-6 * values[0])
    np.testing.assert_allclose(total, np.square(matrix).sum())


@given(shape=shapes, rank=st.integers(0, 30), sketch=st.integers(1, 30))
@settings(deadline=None, max_examples=60)
def test_any_sketch_of_any_matrix_is_orthonormal_and_bounded(
    shape: tuple[int, int, int, int], rank: int, sketch: int
) -> None:
    """Also of a matrix of low rank, or of nothing but zeros."""
    count, width, block, seed = shape
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(count, rank)) @ rng.normal(size=(rank, width))
    sketch = min(sketch, width, count)
    basis, values, total = streamed_svd(_blocks(matrix, block), width, sketch)
    assert basis.shape == (width, sketch)
    np.testing.assert_allclose(basis.T @ basis, np.eye(sketch), atol=1e-9)
    assert (np.diff(values) <= 0).all()
    exact = np.linalg.svd(matrix, compute_uv=False)[:sketch]
    assert (values <= exact + 1e-6 * (exact[0] + 1e-12)).all(), "no projection has larger singular values"
    assert np.square(values).sum() <= total * (1 + 1e-9) + 1e-12


def test_a_narrow_sketch_comes_close_to_the_decomposition() -> None:
    rng = np.random.default_rng(0)
    left, right = np.linalg.qr(rng.normal(size=(200, 80)))[0], np.linalg.qr(rng.normal(size=(100, 80)))[0]
    exact = 0.7 ** np.arange(80)
    matrix = left * exact @ right.T
    basis, values, _ = streamed_svd(_blocks(matrix, 17), 100, 30)
    np.testing.assert_allclose(values[:15], exact[:15], rtol=1e-3)
    best = np.sqrt(np.square(exact[15:]).sum())
    leading = basis[:, :15]
    assert np.linalg.norm(matrix - matrix @ leading @ leading.T) <= 1.01 * best


@given(
    values=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20),
    rest=st.floats(0.0, 10.0),
    tolerance=st.floats(1e-4, 0.9),
)
@settings(deadline=None)
def test_rank_is_the_smallest_that_satisfies_the_tolerance(values: list[float], rest: float, tolerance: float) -> None:
    values_array = np.sort(np.array(values))[::-1]
    total = float(np.square(values_array).sum() + rest)
    rank = rank_for(values_array, total, tolerance)
    left_out = [max(total - np.square(values_array[:k]).sum(), 0.0) for k in range(len(values) + 1)]
    assert 1 <= rank <= len(values)
    slack = 1e-12 * total
    assert left_out[rank] <= tolerance**2 * total + slack or rank == len(values)
    assert rank == 1 or left_out[rank - 1] > tolerance**2 * total - slack


@pytest.mark.parametrize("tolerance", [0.3, 1e-2, 1e-3])
@pytest.mark.parametrize("scaling", ["variable", "node"])
def test_truncation_is_within_the_tolerance_and_is_the_missing_energy(
    make_waves: Callable[..., Dataset], scaling: str, tolerance: float
) -> None:
    dataset, rows = make_waves(variables=3), np.arange(10)
    pod = _fit(dataset, rows, tolerance=tolerance, scaling=scaling)
    lost = kept = total = 0.0
    for row in rows:
        run = dataset.run(row)
        states = pod.state.to_state(run)
        coefficients = pod.encode(run)
        lost += np.square(states - coefficients @ pod.basis.T).sum()
        kept += np.square(coefficients.astype(float)).sum()
        total += np.square(states).sum()
    assert np.sqrt(lost / total) <= tolerance * (1 + 1e-4)
    np.testing.assert_allclose(lost, total - kept, atol=1e-6 * total)


def test_max_rank_limits_the_modes(waves: Dataset) -> None:
    assert _fit(waves, np.arange(12), tolerance=1e-6, max_rank=2).rank == 2


def test_basis_is_orthonormal_and_round_trips_are_exact_within_it(make_waves: Callable[..., Dataset]) -> None:
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


def test_rows_of_the_basis_give_single_entries_in_scaled_units(make_waves: Callable[..., Dataset]) -> None:
    dataset = make_waves(variables=2)
    pod = _fit(dataset, np.arange(12))
    rows, factor = pod.state_rows()
    assert rows is not None
    first, second = pod.encode(dataset.run(0)), pod.encode(dataset.run(1))
    difference = (first - second) @ rows.T * factor
    expected = pod.state.scaler.scale(pod.decode(first)) - pod.state.scaler.scale(pod.decode(second))
    np.testing.assert_allclose(difference, expected.reshape(difference.shape), atol=1e-5)


def test_two_runs_of_a_single_timestep(make_waves: Callable[..., Dataset]) -> None:
    single = make_waves(runs=3, timesteps=1)
    pod = _fit(single, np.arange(2))
    np.testing.assert_allclose(pod.decode(pod.encode(single.run(1))), single.run(1), rtol=1e-3)


def test_arrays_round_trip(waves: Dataset) -> None:
    pod = _fit(waves, np.arange(12))
    restored = Pod.from_arrays(pod.arrays())
    np.testing.assert_array_equal(restored.decode(pod.encode(waves.run(0))), pod.decode(pod.encode(waves.run(0))))
    with pytest.raises(KeyError):
        Pod.from_arrays(pod.state.arrays())
    with pytest.raises(ValueError, match="shape"):
        Pod.from_arrays(pod.arrays() | {"basis": pod.basis[:-1]})


def test_runs_are_read_one_by_one(waves: Dataset) -> None:
    """Never a second run while the first is held: only one array of the size of a run is alive at each read."""

    class OneAtATime(Dataset):
        alive: list[weakref.ref] = []  # noqa: RUF012 - shared on purpose
        most = 0

        def run(self, index: int) -> np.ndarray:
            run = super().run(index)
            cls = OneAtATime
            cls.alive = [each for each in cls.alive if each() is not None] + [weakref.ref(run)]
            cls.most = max(cls.most, len(cls.alive))
            return run

    fit_reduction(OneAtATime(**vars(waves)), np.arange(12), ReductionSettings())
    # The name that a loop binds still holds the previous run while the next is read.
    assert 1 <= OneAtATime.most <= 3
