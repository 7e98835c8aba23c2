"""Errors against values worked out by hand, and their invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulgenvae.evaluation.metrics import FieldErrors, VariableScale, relative_l2, scale
from simulgenvae.evaluation.results.base import OverRuns

fields = arrays(np.float32, (3, 4, 2), elements=st.floats(-100, 100, width=16))
UNIT = VariableScale(np.zeros(2), np.ones(2))


def ids(errors: FieldErrors) -> list[str]:
    return [f"run {k}" for k in range(len(errors.joint))]


def test_hand_computed_values() -> None:
    truth = np.array([[[3.0], [1.0]], [[1.0], [5.0]]])  # T = 2, M = 2, V = 1; ‖truth‖ = 6
    prediction = truth + np.array([[[3.0], [0.0]], [[0.0], [0.0]]])
    errors = FieldErrors(("u",), VariableScale(np.array([1.0]), np.array([2.0])))
    errors.add(prediction, truth)
    found = errors.summary(ids(errors))
    assert found.variables["u"].relative_l2.mean == pytest.approx(3 / 6)
    assert found.relative_l2.mean == pytest.approx(
        (3 / 2) / np.sqrt(1 + 4)
    )  # shifted truth / 2: 1, 0, 0, 2
    assert found.variables["u"].rmse.mean == pytest.approx(1.5)
    assert found.variables["u"].max_error.max == pytest.approx(3.0)
    assert found.variables["u"].r2 == pytest.approx(
        1 - 9 / 11
    )  # mean 2.5, squares 0.25 + 2.25 + 2.25 + 6.25
    assert found.times.rmse["u"] == pytest.approx([np.sqrt(4.5), 0.0])
    assert found.times.max_error["u"] == pytest.approx([3.0, 0.0])
    assert found.times.relative_l2 == pytest.approx([1.5 * np.sqrt(2) / np.sqrt(5), 0.0])
    assert errors.node_rmse() == pytest.approx(np.array([[np.sqrt(4.5)], [0.0]]))


@given(prediction=fields, truth=fields)
def test_zero_exactly_when_equal(prediction: np.ndarray, truth: np.ndarray) -> None:
    joint, raw = relative_l2(prediction, truth, UNIT)
    assert (joint == 0) == bool(np.array_equal(prediction, truth))
    assert np.array_equal(
        raw == 0, [np.array_equal(prediction[..., v], truth[..., v]) for v in range(2)]
    )
    assert relative_l2(truth, truth, UNIT)[0] == 0


@given(prediction=fields, truth=fields, power=st.integers(-8, 8), shift=st.integers(-64, 64))
def test_joint_error_does_not_depend_on_units(
    prediction: np.ndarray, truth: np.ndarray, power: int, shift: int
) -> None:
    factor = np.array(
        [2.0**power, 1.0]
    )  # powers of two: exact, so that rounding cannot hide a mistake
    offset = np.array([float(shift), 0.0])
    other = VariableScale(UNIT.mean * factor + offset, UNIT.spread * factor)
    before, raw = relative_l2(prediction, truth, UNIT)
    after, _ = relative_l2(prediction * factor + offset, truth * factor + offset, other)
    assert after == pytest.approx(before, rel=1e-9)
    assert relative_l2(prediction * factor, truth * factor, UNIT)[1] == pytest.approx(raw, rel=1e-9)


@given(prediction=fields, truth=fields)
def test_blocks_do_not_change_the_result(prediction: np.ndarray, truth: np.ndarray) -> None:
    whole = FieldErrors(("u", "v"), UNIT)
    whole.add(prediction, truth)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "BLOCK_VALUES", 6)  # 3 of 4 nodes at a time
        split = FieldErrors(("u", "v"), UNIT)
        split.add(prediction, truth)
    assert split.joint == pytest.approx(whole.joint)
    assert split.node_rmse() == pytest.approx(whole.node_rmse())
    r2 = [
        [errors.summary(ids(errors)).variables[v].r2 for v in ("u", "v")]
        for errors in (whole, split)
    ]
    assert np.array(r2[0], dtype=float) == pytest.approx(
        np.array(r2[1], dtype=float), rel=1e-6, abs=1e-9, nan_ok=True
    )


@pytest.mark.parametrize("first", [0, 1, 3])
def test_errors_counted_in_two_parts_are_those_of_all_runs(first: int) -> None:
    runs = 5 + np.random.default_rng(0).normal(size=(2, 3, 5, 6, 2))
    whole, part, rest = (FieldErrors(("u", "v"), UNIT) for _ in range(3))
    for number, (prediction, truth) in enumerate(zip(*runs, strict=True)):
        whole.add(prediction, truth)
        (part if number < first else rest).add(prediction, truth)
    part.merge(rest)
    np.testing.assert_allclose(part.node_rmse(), whole.node_rmse())
    found, expected = part.summary(ids(part)), whole.summary(ids(whole))
    assert found.per_run == expected.per_run
    assert found.times.relative_l2 == pytest.approx(expected.times.relative_l2)
    for name in ("u", "v"):
        assert found.times.max_error[name] == expected.times.max_error[name]
        assert found.times.rmse[name] == pytest.approx(expected.times.rmse[name])
        assert found.variables[name].r2 == pytest.approx(expected.variables[name].r2)


def test_scale_is_that_of_all_runs_together() -> None:
    rng = np.random.default_rng(0)
    runs = (300 + rng.normal(size=(4, 5, 6, 2)) * [1e-2, 10]).astype(np.float32)
    found = VariableScale.fit(runs)
    assert found.mean == pytest.approx(runs.astype(float).mean(axis=(0, 1, 2)))
    assert found.spread == pytest.approx(runs.astype(float).std(axis=(0, 1, 2)), rel=1e-6)


def test_constant_variables_keep_errors_finite() -> None:
    runs = np.zeros((2, 3, 4, 2), dtype=np.float32)
    runs[..., 0] = 293.15
    assert VariableScale.fit(runs).spread == pytest.approx([293.15, 1.0])
    with pytest.raises(ValueError, match="no training run"):
        VariableScale.fit(np.zeros((0, 3, 4, 2)))


def test_zero_truth_is_counted_and_not_averaged() -> None:
    errors = FieldErrors(("u", "v"), UNIT)
    truth = np.zeros((2, 3, 2))
    errors.add(truth, truth)
    errors.add(truth + 1, truth)
    found = errors.summary(ids(errors))
    assert found.relative_l2 == OverRuns(mean=0.0, median=0.0, max=0.0, undefined_runs=1)
    assert list(found.per_run.values()) == [0.0, None]
    assert found.variables["u"].r2 is None
    assert found.variables["u"].rmse.max == 1.0


def test_nothing_finite_and_nothing_at_all() -> None:
    assert OverRuns.of([np.nan, np.inf]).undefined_runs == 2
    assert OverRuns.of([]).mean is None
    with pytest.raises(ValueError, match="no runs"):
        FieldErrors(("u",), UNIT).summary(())
    errors = FieldErrors(("u", "v"), UNIT)
    errors.add(np.full((1, 3, 2), np.nan), np.ones((1, 3, 2)))
    assert errors.summary(ids(errors)).per_run == {"run 0": None}


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3, 1\)"):
        FieldErrors(("u", "v"), UNIT).add(np.zeros((2, 3, 1)), np.zeros((2, 3, 2)))
