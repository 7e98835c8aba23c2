from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import (
    Identity,
    Pod,
    RunReader,
    candidates,
    encode_runs,
    joined_times,
    pod,
    reduce_runs,
    restore_reduction,
)
from simulgenvae.settings import ReductionSettings
from simulgenvae.surrogate.light.pod import LightPod


@pytest.mark.parametrize("method", ["pod", "none"])
def test_either_method_encodes_all_runs_and_is_restored(waves: Dataset, method: str) -> None:
    reduction, coefficients = reduce_runs(waves, np.arange(9), ReductionSettings(method=method))
    assert isinstance(reduction, {"pod": Pod, "none": Identity}[method])
    assert coefficients.shape == (12, 8, reduction.rank)
    assert coefficients.dtype == np.float32
    again = encode_runs(waves, reduction)
    expected = np.asarray(coefficients)
    np.testing.assert_allclose(again, expected, atol=1e-5 * np.abs(expected).max())
    restored = restore_reduction(method, reduction.arrays())
    np.testing.assert_array_equal(encode_runs(waves, restored), again)


@pytest.mark.parametrize("method", ["pod", "none"])
def test_held_out_runs_change_nothing(waves: Dataset, method: str) -> None:
    """What is not for training may not leak into basis, mean or scale."""
    fields = np.array(waves.fields)
    fields[9:] *= 100.0
    other = dataclasses.replace(waves, fields=fields)
    settings = ReductionSettings(method=method)
    (first, before), (second, after) = (
        reduce_runs(each, np.arange(9), settings) for each in (waves, other)
    )
    np.testing.assert_array_equal(np.asarray(before)[:9], np.asarray(after)[:9])
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name])


@pytest.mark.parametrize("method", ["pod", "none"])
def test_the_rank_can_be_checked_before_all_runs_are_encoded(waves: Dataset, method: str) -> None:
    class TrainingRunsOnly(Dataset):
        def read(self, index: int, out: np.ndarray) -> None:
            assert index < 9
            super().read(index, out)

    runs = RunReader(TrainingRunsOnly(**vars(waves)), np.arange(9))
    candidate = next(candidates(runs, ReductionSettings(method=method)))
    reduction, _ = reduce_runs(waves, np.arange(9), ReductionSettings(method=method))
    assert candidate.reduction.rank >= reduction.rank
    with pytest.raises(AssertionError):
        candidate.project()


@pytest.mark.parametrize("method", ["pod", "none"])
def test_runs_read_ahead_are_the_same_runs(waves: Dataset, method: str) -> None:
    settings = ReductionSettings(method=method)
    (_, first), (_, second) = (
        reduce_runs(waves, np.arange(9), settings, workers=workers) for workers in (0, 3)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("method", ["pod", "none"])
def test_sums_of_squares_are_those_of_decoded_differences(
    waves: Dataset, method: str, part: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small blocks, so that states and times are cut into several, the last of another size.
    monkeypatch.setattr(pod, "SQUARED_PART", 7)
    monkeypatch.setattr(joined_times, "SQUARED_PART", 7)
    monkeypatch.setattr(joined_times, "SQUARED_TOGETHER", 3 * 4 * 7)
    settings = ReductionSettings(method=method, scaling="node")
    whole, _ = reduce_runs(waves, np.arange(9), settings)
    decoder = whole.at(np.array([5, 2, 11]), np.array([0])) if part else whole
    mean, *others = np.random.default_rng(0).normal(size=(4, 5, whole.rank)).astype(np.float32)
    differences = decoder.decode(np.stack(others)).astype(np.float64) - decoder.decode(mean)
    found = decoder.sum_of_squares(np.stack(others) - mean)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.square(differences).sum(axis=0), rtol=1e-3, atol=1e-5)
    given = np.full_like(found, np.nan)
    assert decoder.sum_of_squares(np.stack(others) - mean, given) is given
    np.testing.assert_array_equal(given, found)
    nothing = decoder.sum_of_squares(np.zeros((0, 5, whole.rank)))
    np.testing.assert_array_equal(nothing, np.zeros((5, *decoder.field_shape)))


def test_sums_of_squares_of_joined_times_are_nearly_the_same(
    waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of deviations that change slowly in time, by torch and by NumPy."""
    reduction, _ = reduce_runs(waves, np.arange(9), ReductionSettings())
    assert isinstance(reduction, Pod)
    slow = np.linspace(0.0, 1.0, 30)[:, None] ** np.arange(3)
    parts = np.random.default_rng(0).normal(size=(5, 3, reduction.rank))
    deviations = np.einsum("tp,kpr->ktr", slow, parts).astype(np.float32)
    expected = reduction.sum_of_squares(deviations)
    monkeypatch.setattr(joined_times, "_FEWEST_ENTRIES", 1)
    monkeypatch.setattr(joined_times, "_WORTH", 10.0)
    blocks = joined_times.joined_times(deviations, reduction.state_map.size)
    assert all(block.weights is not None for block in blocks)
    floor = 0.1 * expected.mean()
    for decoder in (reduction, LightPod(reduction.state_map, reduction.basis)):
        found = decoder.sum_of_squares(deviations)
        np.testing.assert_allclose(found + floor, expected + floor, rtol=1e-3)
