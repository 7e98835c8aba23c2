"""Designs and ids that the problems share."""

import numpy as np
import pytest

from benchmarks.accuracy.problem import (
    BEYOND,
    EXTRAPOLATION_STREAM,
    TEST_STREAM,
    TRAIN_STREAM,
    Runs,
    grid_positions,
    unit_designs,
)


@pytest.mark.parametrize("stream", [TRAIN_STREAM, TEST_STREAM])
def test_designs_fill_the_range(stream: int) -> None:
    unit = unit_designs(200, 3, 0, stream)
    assert unit.min() >= 0.0
    assert unit.max() < 1.0
    assert (np.ptp(unit, axis=0) > 0.95).all()
    np.testing.assert_allclose(unit.mean(axis=0), 0.5, atol=0.1)


def test_extrapolation_designs_have_one_or_two_parameters_outside() -> None:
    unit = unit_designs(300, 4, 0, EXTRAPOLATION_STREAM)
    excess = np.maximum(-unit, unit - 1.0)
    outside = excess > 0.0
    assert set(outside.sum(axis=1)) == {1, 2}
    for side in (unit < 0.0, unit > 1.0):
        assert (side.sum(axis=0) > 30).all()
    assert excess[outside].min() >= BEYOND[0] - 1e-12
    assert excess[outside].max() <= BEYOND[1] + 1e-12
    assert excess[outside].max() > 0.95 * BEYOND[1]


@pytest.mark.parametrize("stream", [TRAIN_STREAM, TEST_STREAM, EXTRAPOLATION_STREAM])
def test_a_design_does_not_depend_on_how_many_there_are(stream: int) -> None:
    many = unit_designs(20, 4, 5, stream)
    np.testing.assert_array_equal(unit_designs(3, 4, 5, stream), many[:3])
    assert unit_designs(0, 4, 5, stream).shape == (0, 4)


def test_designs_of_each_seed_and_stream_are_others() -> None:
    drawn = [unit_designs(10, 4, seed, stream) for seed in (0, 1) for stream in range(3)]
    assert len(np.unique(drawn)) == 2 * 3 * 10 * 4


def test_grid_runs_along_x_first() -> None:
    positions = grid_positions(np.array([0.0, 1.0, 2.0]), np.array([5.0, 7.0]))
    np.testing.assert_array_equal(positions, [[0, 5], [1, 5], [2, 5], [0, 7], [1, 7], [2, 7]])


def test_rows_follow_each_other_in_the_order_of_the_ids() -> None:
    ids, train, test, extrapolation = Runs.of((2, 3, 1))
    np.testing.assert_array_equal(np.concatenate([train, test, extrapolation]), np.arange(6))
    assert [ids[row] for row in test] == ["test_000", "test_001", "test_002"]
    assert ids[extrapolation[0]] == "extrapolation_000"
