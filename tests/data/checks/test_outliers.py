"""Scores of outliers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.checks.outliers import robust_scores


@given(st.lists(st.floats(0.1, 10), min_size=8, max_size=30), st.floats(1e-6, 1e6))
def test_scores_do_not_depend_on_units(values: list[float], unit: float) -> None:
    plain, scaled = robust_scores(np.array(values)), robust_scores(np.array(values) * unit)
    assert np.all(np.isfinite(plain))
    if len(set(values)) == len(values) and np.ptp(values) > 1:
        assert np.allclose(plain, scaled, atol=1e-3) or not scaled.any() or not plain.any()


def test_scores_find_the_odd_one() -> None:
    scores = robust_scores(np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 100.0, np.nan]))
    assert int(np.argmax(np.abs(scores))) == 6
    assert scores[7] == 0


def test_runs_that_differ_by_a_tenth_are_no_outliers() -> None:
    nearly_equal = 1 + 1e-4 * np.arange(9)
    assert np.abs(robust_scores(np.append(nearly_equal, 1.1))).max() < 6
    assert np.abs(robust_scores(np.append(nearly_equal, 1.5))).max() > 6


@pytest.mark.parametrize("runs", [8])
def test_equal_values_have_no_outliers(runs: int) -> None:
    assert not robust_scores(np.ones(runs)).any()
