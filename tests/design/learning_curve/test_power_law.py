"""The law of errors against runs comes back from its points, with an interval that holds it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.design.learning_curve.power_law import (
    FARTHEST,
    PowerLaw,
    extrapolate,
    fit_power_law,
)

RUNS = np.array([12.0, 24.0, 36.0, 48.0])


@given(st.floats(0.0, 0.1), st.floats(0.05, 5.0), st.floats(0.3, 3.0))
@settings(max_examples=30)
def test_errors_of_a_law_give_that_law(floor: float, part: float, exponent: float) -> None:
    law = fit_power_law(RUNS, floor + part * RUNS**-exponent, floor=True)
    for runs in (12.0, 30.0, 96.0, 192.0):
        assert float(law(runs)) == pytest.approx(floor + part * runs**-exponent, rel=1e-3)


@given(st.floats(0.01, 5.0), st.floats(0.0, 3.0))
@settings(max_examples=30)
def test_two_points_give_the_law_without_a_floor(part: float, exponent: float) -> None:
    law = fit_power_law(RUNS[1:3], part * RUNS[1:3] ** -exponent, floor=False)
    assert law.floor == 0.0
    assert float(law(96.0)) == pytest.approx(part * 96.0**-exponent, rel=1e-3)


@given(st.floats(0.0, 0.1), st.floats(0.01, 1.0), st.floats(0.1, 3.0), st.floats(1.0, 500.0))
def test_runs_for_an_error_have_that_error(
    floor: float, part: float, exponent: float, runs: float
) -> None:
    law = PowerLaw(floor, part, exponent, 48.0)
    assert law.runs_for(float(law(runs))) == pytest.approx(runs, rel=1e-6)
    assert law.runs_for(floor) == math.inf


@pytest.mark.parametrize("floor", [True, False])
def test_errors_that_grow_are_taken_as_flat(floor: bool) -> None:
    law = fit_power_law(RUNS, np.array([0.1, 0.11, 0.12, 0.13]), floor=floor)
    assert law.exponent == pytest.approx(0.0, abs=1e-6)
    assert float(law(1e4)) == pytest.approx(0.1145, rel=0.01)  # the geometric mean
    assert law.runs_for(0.05) == math.inf


def measured(scatter: float, runs: np.ndarray = RUNS, measured_runs: int = 20) -> np.ndarray:
    """Return errors ``[k, R]`` about 0.01 + 0.5 / n.

    Some measured runs are harder than others, and trainings scatter by a factor.
    """
    generator = np.random.default_rng(1)
    harder = np.exp(0.3 * generator.standard_normal(measured_runs))
    lucky = np.exp(scatter * generator.standard_normal(len(runs)))
    return (0.01 + 0.5 / runs)[:, None] * harder / harder.mean() * lucky[:, None]


def test_interval_holds_the_truth_and_grows_with_the_scatter_of_the_trainings() -> None:
    widths = []
    for scatter in (0.0, 0.05):
        found = extrapolate(RUNS, measured(scatter))
        assert found is not None
        error = found.error(96.0)
        assert error.lower < 0.01 + 0.5 / 96 < error.upper
        assert error.lower <= error.value <= error.upper
        widths.append(error.upper - error.lower)
    assert widths[1] > 1.3 * widths[0]


def test_runs_for_a_target_within_reach_only() -> None:
    found = extrapolate(RUNS, measured(0.0))
    assert found is not None
    assert found.runs_for(0.015).value == pytest.approx(100.0, rel=1e-3)
    assert found.runs_for(0.009).value == math.inf
    assert found.runs_for(0.01 + 0.5 / (2.0 * FARTHEST * 48.0)).value == math.inf


def test_a_floor_takes_four_different_numbers_of_runs() -> None:
    three = RUNS[[0, 0, 1, 2]]
    found = extrapolate(three, measured(0.0, three))
    assert found is not None
    assert not found.with_floor
    assert found.law.floor == 0.0
    assert found.spare_points == 2
    assert extrapolate(RUNS, measured(0.0)).with_floor


def test_two_points_know_the_choice_of_measured_runs() -> None:
    few, many = (extrapolate(RUNS[:2], measured(0.0, RUNS[:2], count)) for count in (5, 200))
    assert few is not None
    assert many is not None
    assert few.spare_points == 0
    widths = [found.error(96.0).upper - found.error(96.0).lower for found in (few, many)]
    assert 0.0 < 2.0 * widths[1] < widths[0]


def test_nothing_to_follow() -> None:
    assert extrapolate(RUNS[:1], measured(0.0)[:1]) is None
    assert extrapolate(RUNS, np.zeros((4, 3))) is None
    assert extrapolate(RUNS, np.zeros((4, 0))) is None


def test_one_measured_run_is_enough() -> None:
    found = extrapolate(RUNS, measured(0.02, measured_runs=1))
    assert found is not None
    assert found.error(96.0).lower < found.error(96.0).upper
