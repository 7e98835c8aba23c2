"""Errors of peaks: values, places, times, plateaus, and which end of a variable its peak is."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.evaluation.metrics import FieldAxes, FieldErrors, VariableScale
from simulgenvae.evaluation.metrics.peaks import peak_errors

AXES = FieldAxes(np.array([0.0, 2.0, 4.0]), np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]))
HIGH = np.array([False])


def field(values: list[list[float]]) -> np.ndarray:
    """Return a field of one variable, ``[T, M, 1]``."""
    return np.array(values, np.float32)[..., None]


TRUTH = field([[0, 1, 0], [0, 9, 0], [0, 2, 0]])


def test_value_place_and_time() -> None:
    prediction = field([[0, 1, 0], [0, 7, 0], [0, 2, 8]])
    found = peak_errors(prediction, TRUTH, HIGH, AXES)
    assert (found.value[0], found.place[0], found.time[0]) == (1.0, 5.0, 2.0)


def test_the_nearest_place_of_a_plateau_counts() -> None:
    plateau = field([[5, 0, 0], [5, 0, 0], [5, 0, 5]])
    prediction = field([[0, 0, 0], [6, 0, 0], [0, 0, 0]])
    found = peak_errors(prediction, plateau, HIGH, AXES)
    assert (found.value[0], found.place[0], found.time[0]) == (1.0, 0.0, 0.0)


def test_without_coordinates_there_is_a_time_but_no_place() -> None:
    found = peak_errors(TRUTH, TRUTH, HIGH, FieldAxes(AXES.times, None))
    assert np.isnan(found.place[0])
    assert found.time[0] == 0.0
    assert np.isnan(peak_errors(TRUTH, TRUTH, HIGH, None).time[0])


def test_a_field_with_undefined_values_has_no_error() -> None:
    found = peak_errors(TRUTH, TRUTH * np.nan, HIGH, AXES)
    assert np.isnan([found.value, found.place, found.time]).all()


def test_the_peak_is_the_end_that_is_further_from_the_mean() -> None:
    runs = [np.concatenate([TRUTH, -TRUTH], axis=-1)]
    scale = VariableScale.fit(runs)
    assert scale.peak_is_low.tolist() == [False, True]
    assert VariableScale(np.zeros(2), np.ones(2)).peak_is_low.tolist() == [False, False]
    errors = FieldErrors(("up", "down"), scale, AXES)
    errors.add(0.5 * runs[0], runs[0])
    assert errors.of_metric("peak_value")[0].tolist() == pytest.approx([4.5, 4.5])
    assert errors.of_metric("peak_place")[0].tolist() == [0.0, 0.0]


def test_the_range_of_several_parts_is_that_of_all() -> None:
    whole = VariableScale.fit([TRUTH, 2 * TRUTH, -TRUTH])
    assert whole.range.tolist() == [[-9.0], [18.0]]
