"""Factors from errors whose distribution is known; what the intervals cover."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from simulgenvae.surrogate.ensemble.calibration import LEVEL, Calibration
from simulgenvae.surrogate.ensemble.spread import VARIANCE_FLOOR, Fields, spread, std_and_interval

SHAPE = (5, 30, 2)


def runs(
    count: int, scale: float, seed: int, between: float = 0.0
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return spreads of runs, and normal errors of ``scale`` times that.

    Some runs are worse by a factor of their own.
    """
    rng = np.random.default_rng(seed)
    spreads = [rng.uniform(0.5, 2.0, SHAPE) * [1.0, 1000.0] for _ in range(count)]
    own = np.exp(between * rng.normal(size=count))
    return [
        scale * factor * each * rng.normal(size=SHAPE)
        for factor, each in zip(own, spreads, strict=True)
    ], spreads


def fitted(errors: list[np.ndarray], spreads: list[np.ndarray]) -> Calibration:
    return Calibration.fit(zip(errors, spreads, strict=True))


@settings(max_examples=25)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_factors_of_normal_errors(scale: float, seed: int) -> None:
    found = fitted(*runs(8, scale, seed))
    # A further run is expected to err more than the mean of 8 known ones: Student's variance.
    assert found.std_factor == pytest.approx(scale * np.sqrt(8 / 6), rel=0.1)
    assert found.interval_factor == pytest.approx(norm.ppf(0.95) * scale, rel=0.15)
    assert found.runs == 8


@pytest.mark.parametrize("between", [0.0, 0.7])
@pytest.mark.parametrize("count", [4, 16])
def test_the_interval_covers_what_it_should_of_new_runs(count: int, between: float) -> None:
    covered = []
    for seed in range(60):
        errors, spreads = runs(count + 1, 0.3, seed, between)
        found = fitted(errors[:-1], spreads[:-1])
        covered.append((np.abs(errors[-1]) <= found.interval_factor * spreads[-1]).mean())
    assert LEVEL - 0.04 < np.mean(covered) < LEVEL + 0.05


def test_few_runs_give_wider_intervals_than_many() -> None:
    """In the mean, where runs differ: what leaving one out shows is added."""
    few, many = (
        np.mean(
            [fitted(*runs(count, 1.0, seed, between=0.7)).interval_factor for seed in range(60)]
        )
        for count in (3, 30)
    )
    assert few > 1.1 * many


def test_the_factor_of_each_variable_counts_alike() -> None:
    errors, spreads = runs(8, 1.0, 0)
    wrong = [error * [3.0, 1.0] for error in errors]
    expected = np.sqrt(8 / 6 * 2 / (1 / 9 + 1))
    assert fitted(wrong, spreads).std_factor == pytest.approx(expected, rel=0.15)


def test_the_fewer_runs_the_larger_the_standard_deviation() -> None:
    found = [fitted(*runs(count, 1.0, 0)).std_factor for count in (1, 4, 10, 60)]
    assert found == pytest.approx([np.sqrt(3), np.sqrt(2), np.sqrt(10 / 8), 1.0], rel=0.1)


def test_one_run_and_no_errors() -> None:
    errors, spreads = runs(1, 0.5, 0)
    expected = np.quantile(np.abs(errors[0]) / spreads[0], LEVEL)
    assert fitted(errors, spreads).interval_factor == pytest.approx(expected)
    none = fitted([np.zeros(SHAPE)], spreads)
    assert (none.std_factor, none.interval_factor) == (0.0, 0.0)


def test_runs_without_errors_beside_others() -> None:
    errors, spreads = runs(3, 0.5, 0)
    found = fitted([np.zeros(SHAPE), np.zeros(SHAPE), errors[2]], spreads)
    assert np.isfinite([found.std_factor, found.interval_factor]).all()


def test_a_seeded_part_of_large_runs_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted(*runs(8, 0.3, 1))
    monkeypatch.setattr("simulgenvae.surrogate.ensemble.calibration._ENTRIES", 100)
    part = fitted(*runs(8, 0.3, 1))
    assert part == fitted(*runs(8, 0.3, 1))
    assert part.interval_factor != whole.interval_factor
    assert part.interval_factor == pytest.approx(whole.interval_factor, rel=0.15)


def test_a_spread_taken_as_standard_deviation() -> None:
    found = Calibration.of_normal()
    assert (found.std_factor, found.runs) == (1.0, 0)
    assert norm.cdf(found.interval_factor) - norm.cdf(-found.interval_factor) == pytest.approx(
        LEVEL
    )


def test_left_out_runs_say_how_sure_the_interval_is() -> None:
    """Of each of few runs, what the interval of the others covers."""
    errors, spreads = runs(4, 0.5, 1, between=0.7)
    found = fitted(errors, spreads).left_out_coverage
    assert len(found) == 4
    for k, coverage in enumerate(found):
        others = fitted([*errors[:k], *errors[k + 1 :]], [*spreads[:k], *spreads[k + 1 :]])
        covered = (np.abs(errors[k]) <= others.interval_factor * spreads[k]).mean()
        assert coverage == pytest.approx(covered, abs=0.01)
    assert np.ptp(found) > 0.05, "runs differ"


@pytest.mark.parametrize(("count", "left_out"), [(1, 0), (2, 2), (9, 9), (10, 0)])
def test_only_few_runs_are_left_out(count: int, left_out: int) -> None:
    assert len(fitted(*runs(count, 0.5, 0)).left_out_coverage) == left_out


@pytest.mark.parametrize("count", [1, 3])
def test_survives_json(count: int) -> None:
    found = fitted(*runs(count, 0.3, 0))
    assert Calibration.model_validate(json.loads(found.model_dump_json())) == found


@pytest.mark.parametrize(
    "change",
    [
        {"std": None},
        {"std": "wide"},
        {"std": -1.0},
        {"interval": float("nan")},
        {"runs": float("inf")},
        {"left_out_coverage": None},
        {"left_out_coverage": [0.9]},
        {"runs": 2},
        {"runs": 2, "left_out_coverage": [0.9, 1.1]},
        {"runs": 2, "left_out_coverage": [0.9, float("nan")]},
    ],
)
def test_a_damaged_calibration_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        Calibration.model_validate(Calibration.of_normal().model_dump() | change)


def test_spread_has_a_floor_of_each_variable() -> None:
    variance = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    expected = np.sqrt(variance + VARIANCE_FLOOR * variance.mean(axis=(0, 1)))
    assert spread(variance) == pytest.approx(expected, rel=1e-6)


def test_spread_is_never_zero() -> None:
    assert (spread(np.zeros(SHAPE, np.float32)) > 0).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 3e38])
def test_what_cannot_be_told_is_infinite(wrong: float) -> None:
    """Of its variable alone; an interval around a prediction that is no number has no ends."""
    variance = np.full(SHAPE, 2.0, np.float32)
    variance[1:, 3, 1] = wrong
    mean = np.ones(SHAPE, np.float32)
    mean[2, 4, 1] = np.nan
    lower, upper = np.empty_like(mean), np.empty_like(mean)
    std_and_interval(variance, mean, Calibration.of_normal(), lower, upper)
    assert np.isfinite([variance[..., 0], lower[..., 0], upper[..., 0]]).all()
    assert (variance[..., 1] == np.inf).all()
    assert (lower[..., 1] == -np.inf).all()
    assert (upper[..., 1] == np.inf).all()


def test_files_keep_the_keys_of_older_versions() -> None:
    dumped = Calibration.of_normal().model_dump()
    assert dumped.keys() == {"std", "interval", "runs", "left_out_coverage"}
    assert Calibration.model_validate(dumped) == Calibration.of_normal()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standard_deviation_and_interval_are_multiples_of_the_spread(
    dtype: type[np.floating[Any]],
) -> None:
    """On more nodes than one block of timesteps has."""
    rng = np.random.default_rng(0)
    shape = (5, 30_000, 2)
    variance = rng.uniform(0.0, 2.0, shape).astype(np.float32)
    mean: Fields = rng.normal(size=shape).astype(dtype)
    factors = Calibration(std_factor=1.5, interval_factor=2.5, runs=20, left_out_coverage=())
    expected = spread(variance.copy())
    lower, upper = np.empty_like(mean), np.empty_like(mean)
    std_and_interval(variance, mean, factors, lower, upper)
    np.testing.assert_array_equal(variance, 1.5 * expected)
    np.testing.assert_array_equal(lower, mean - 2.5 * expected)
    np.testing.assert_array_equal(upper, mean + 2.5 * expected)
