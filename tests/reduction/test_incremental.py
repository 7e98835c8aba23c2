"""Runs added to a decomposition, against one of all runs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import Pod, ReducedRuns, RunReader, candidates, reduce_runs
from simulgenvae.settings import ReductionSettings

TOLERANCE = 1e-3


class _Unread(Dataset):
    """Fails where a run is read that is reduced."""

    def read(self, index: int, out: np.ndarray) -> None:
        assert not self.ids[index].startswith("reduced"), self.ids[index]
        super().read(index, out)


def _dataset(fields: np.ndarray, reduced: int = 0) -> Dataset:
    ids = tuple(f"{'reduced' if row < reduced else 'new'}_{row}" for row in range(len(fields)))
    made = Dataset.from_arrays(
        fields, Conditions(ids, ("p",), np.arange(len(fields), dtype=float)[:, None])
    )
    return _Unread(**vars(made))


def _pod(
    dataset: Dataset,
    rows: np.ndarray,
    choices: ReductionSettings,
    reduced: ReducedRuns | None = None,
) -> tuple[Pod, np.ndarray]:
    """Return a POD and the coefficients of all runs, in memory."""
    pod, coefficients = reduce_runs(dataset, rows, choices, earlier=reduced)
    assert isinstance(pod, Pod)
    return pod, np.asarray(coefficients)


def _reduced(fields: np.ndarray, runs: int, choices: ReductionSettings) -> ReducedRuns:
    """Return the first runs, reduced."""
    pod, coefficients = _pod(_dataset(fields[:runs]), np.arange(runs), choices)
    assert pod.summary is not None
    return ReducedRuns(pod.state_map, pod.basis, pod.summary, coefficients, np.arange(runs))


def _fields(shape: tuple[int, ...], decay: float, seed: int) -> np.ndarray:
    """Return runs around a moving mean, with directions of decreasing weight.

    Each direction of the snapshots is ``decay`` times the one before.
    """
    runs, steps, nodes, variables = shape
    rng, rank = np.random.default_rng(seed), 12
    left, right = rng.normal(size=(runs * steps, rank)), rng.normal(size=(rank, nodes * variables))
    drift = np.linspace(0, 3, runs)[:, None, None, None] * rng.normal(size=(nodes, variables))
    return (left * decay ** np.arange(rank) @ right).reshape(shape) + drift + 5.0


def _error(pod: Pod, coefficients: np.ndarray, fields: np.ndarray) -> float:
    """Return the error of the decoded states, as a fraction of what varies in them."""
    states = np.concatenate([pod.state_map.to_state(run) for run in fields])
    found = coefficients.reshape(len(states), -1) @ pod.basis.T
    return float(np.linalg.norm(states - found) / np.linalg.norm(states))


shapes = st.tuples(st.integers(5, 9), st.integers(1, 6), st.integers(5, 40), st.integers(1, 2))


@given(
    shape=shapes,
    runs=st.integers(3, 4),
    decay=st.sampled_from([0.9, 0.5]),
    scaling=st.sampled_from(["variable", "node"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30)
def test_modes_of_reduced_and_added_runs_keep_the_tolerance(
    shape: tuple[int, ...], runs: int, decay: float, scaling: Literal["variable", "node"], seed: int
) -> None:
    fields, choices = (
        _fields(shape, decay, seed),
        ReductionSettings(tolerance=TOLERANCE, scaling=scaling),
    )
    rows = np.arange(shape[0])
    reduced = _reduced(fields, runs, choices)
    pod, coefficients = _pod(_dataset(fields, reduced=runs), rows, choices, reduced)
    whole, _ = _pod(_dataset(fields), rows, choices)
    np.testing.assert_allclose(pod.basis.T @ pod.basis, np.identity(pod.rank), atol=2e-5)
    for name in ("minimum", "maximum", "mean", "variance"):
        found, expected = (getattr(each.summary.statistics, name) for each in (pod, whole))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    # The modes of the first runs left out what the tolerance allows, in states that were a little
    # smaller or larger.
    stretched = float((pod.state_map.field_factor() / reduced.state_map.field_factor()).max())
    assert _error(pod, coefficients, fields) <= 1.05 * TOLERANCE * max(1.0, stretched)
    assert whole.rank <= pod.rank <= reduced.basis.shape[1] + 1 + (shape[0] - runs) * shape[1]


def test_one_snapshot_is_added() -> None:
    fields = _fields((6, 1, 30, 1), 0.8, 0)
    reduced = _reduced(fields, 5, ReductionSettings())
    pod, coefficients = _pod(
        _dataset(fields, reduced=5), np.arange(6), ReductionSettings(), reduced
    )
    np.testing.assert_allclose(
        pod.decode(coefficients), fields, rtol=0, atol=5e-3 * float(fields.std())
    )


def test_runs_that_nothing_is_learned_from_change_no_mode() -> None:
    fields = _fields((6, 4, 30, 1), 0.5, 1)
    reduced = _reduced(fields, 4, ReductionSettings())
    runs = RunReader(_dataset(fields, reduced=4), np.arange(4), earlier=reduced)
    (candidate,) = candidates(runs, ReductionSettings())
    found = candidate.project()
    assert found is not None
    pod, coefficients = found
    assert isinstance(pod, Pod)
    assert isinstance(coefficients, np.ndarray)
    assert pod.basis is reduced.basis
    assert candidate.reduction.rank == pod.rank
    np.testing.assert_array_equal(coefficients[:4], reduced.coefficients)
    np.testing.assert_allclose(
        coefficients[5], pod.encode(fields[5].astype(np.float32)), rtol=1e-5, atol=1e-5
    )


def test_additions_one_after_the_other_keep_the_tolerance() -> None:
    fields, choices = _fields((10, 5, 60, 2), 0.7, 2), ReductionSettings(tolerance=TOLERANCE)
    reduced = _reduced(fields, 4, choices)
    for runs in range(5, 11):
        rows = np.arange(runs)
        pod, coefficients = _pod(_dataset(fields[:runs], reduced=runs - 1), rows, choices, reduced)
        reduced = ReducedRuns(pod.state_map, pod.basis, pod.summary, coefficients, rows)
    assert _error(pod, coefficients, fields) <= 1.5 * TOLERANCE
    assert torch.tensor(pod.summary.left_out) > 0


def test_fields_of_other_units_share_no_scale() -> None:
    """A variable that grows by a factor is stretched in the earlier modes too."""
    fields = _fields((8, 4, 30, 2), 0.5, 3) * [1.0, 1e6]
    fields[4:, ..., 1] *= 40
    reduced = _reduced(fields, 4, ReductionSettings())
    pod, coefficients = _pod(
        _dataset(fields, reduced=4), np.arange(8), ReductionSettings(), reduced
    )
    assert _error(pod, coefficients, fields) <= 1.05e-3 * max(
        1.0, float((pod.state_map.field_factor() / reduced.state_map.field_factor()).max())
    )


@pytest.mark.parametrize("scaling", ["variable", "node"])
def test_statistics_merge_as_if_they_were_counted_together(
    scaling: Literal["variable", "node"],
) -> None:
    fields = _fields((6, 3, 20, 2), 0.9, 4)
    fields[..., 3, 0] = 2.5  # constant
    first, second, both = (
        _pod(_dataset(some), np.arange(len(some)), ReductionSettings(scaling=scaling))[
            0
        ].summary.statistics
        for some in (fields[:2], fields[2:], fields)
    )
    merged = first.merged(second)
    assert merged.samples == both.samples
    assert merged.variance[3, 0] == 0
    np.testing.assert_allclose(merged.variance, both.variance, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(merged.mean, both.mean, rtol=1e-6)
