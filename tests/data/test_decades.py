"""Logarithms of parameters that have zeros or both signs."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.decades import linear_below, unwarp, warp


def test_which_values_span_decades() -> None:
    random = np.random.default_rng(0)
    decades = 10 ** random.uniform(-6, 2, 40)
    with_zero = np.where(np.arange(40) == 3, 0.0, decades)
    signed = decades * random.choice([-1, 1], 40)
    uniform = random.uniform(-1, 1, 40)
    zero_to_one = np.linspace(0, 1, 40)
    table = np.stack([decades, with_zero, signed, uniform, zero_to_one, np.zeros(40)], axis=1)
    found = linear_below(table)
    assert found.tolist() == [0, np.sort(with_zero)[1], np.abs(signed).min(), 0, 0, 0]


def test_unwarp_is_the_inverse_of_warp() -> None:
    table = np.array([[0.0, 1e-3, -2.0], [1e-6, 1.0, 0.0], [1e2, 1e3, 5.0]])
    logarithm = np.array([True, True, False])
    below = np.array([1e-6, 0.0, 0.0])
    warped = warp(table, logarithm, below)
    assert warped[0, 0] == 0
    assert warped[2, 0] == pytest.approx(np.log(2e8))  # a logarithm far above the smallest value
    assert warped[:, 1].tolist() == np.log(table[:, 1]).tolist()
    assert np.allclose(unwarp(warped, logarithm, below), table, rtol=1e-12, atol=1e-20)


def test_a_zero_among_decades_is_scaled_with_them() -> None:
    values = np.array([0.0, 1e-6, 1e-4, 1e-2, 1.0, 1e2])
    conditions = Conditions(tuple("abcdef"), ("k",), values[:, None])
    scaler = ConditionScaler.fit(conditions)
    assert (scaler.logarithm, scaler.linear_below) == ((True,), (1e-6,))
    scaled = scaler.transform(conditions)[:, 0]
    assert np.allclose(np.diff(scaled)[1:], np.diff(scaled)[2], rtol=0.1)
    assert scaler.transform(conditions.select([0])).shape == (1, 1)  # zero is no error
    linear = ConditionScaler.fit(conditions, logarithms=())
    assert linear.linear_below == (0.0,)
