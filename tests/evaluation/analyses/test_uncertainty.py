"""Measures of uncertainty on predictions whose uncertainty is right, too narrow or misplaced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from simulgenvae.evaluation.analyses.uncertainty import (
    BINS,
    UncertaintyErrors,
    rank_correlation,
    summarize,
)
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.evaluation.results.uncertainty import Uncertainty
from simulgenvae.surrogate.ensemble import Ensemble

SCALE = VariableScale(np.array([5.0, 0.0]), np.array([2.0, 1e5]))
SHAPE = (10, 200, 2)
IDS = tuple("abcdefgh")
HALF = norm.ppf(0.95)


def predicted(std: np.ndarray, **scores: np.ndarray) -> xr.Dataset:
    """Return predictions 0 of n runs with standard deviations and scores ``[n]``.

    Deviations are in units of the variables' spread.
    """
    spread = std[:, None, None, None] * SCALE.spread * np.ones(SHAPE)
    fields = {"fields": 0 * spread, "std": spread, "lower": -HALF * spread, "upper": HALF * spread}
    found: dict[str, Any] = {
        name: (("run", "time", "node", "variable"), values) for name, values in fields.items()
    }
    return xr.Dataset(found | {name: ("run", values) for name, values in scores.items()})


def truths(std: np.ndarray) -> np.ndarray:
    """Return normal errors with these standard deviations, ``[n, T, M, V]``."""
    noise = np.random.default_rng(0).standard_normal((len(std), *SHAPE))
    return np.asarray(std[:, None, None, None] * SCALE.spread * noise)


def counted(claimed: np.ndarray, true: np.ndarray, **scores: np.ndarray) -> UncertaintyErrors:
    found, prediction = UncertaintyErrors(SCALE), predicted(claimed, **scores)
    for run, truth in enumerate(truths(true)):
        found.add(prediction, run, truth)
    return found


TRUE = np.linspace(0.1, 0.8, len(IDS))
ERRORS = dict.fromkeys(IDS, 0.1)


def test_right_uncertainty() -> None:
    summary = counted(TRUE, TRUE).summary(IDS, ERRORS)
    assert summary.runs == len(IDS)
    assert summary.coverage == pytest.approx(0.9, abs=0.01)
    assert list(summary.coverage_of_runs) == sorted(summary.coverage_of_runs)
    assert summary.sd_ratio == pytest.approx(1.0, abs=0.02)
    assert summary.interval_width == pytest.approx(2 * HALF * TRUE.mean())
    assert summary.rank_correlation_with_error == pytest.approx(1.0)
    np.testing.assert_allclose(summary.pit, 1 / BINS, rtol=0.12)


def test_too_narrow_uncertainty() -> None:
    summary = counted(0.5 * TRUE, TRUE).summary(IDS, ERRORS)
    assert summary.coverage == pytest.approx(norm.cdf(HALF / 2) - norm.cdf(-HALF / 2), abs=0.01)
    assert summary.sd_ratio == pytest.approx(0.5, abs=0.02)
    outer, middle = (
        summary.pit[0] + summary.pit[-1],
        sum(summary.pit[BINS // 2 - 1 : BINS // 2 + 1]),
    )
    assert outer > 4 * middle


def test_too_wide_uncertainty_is_a_hill() -> None:
    pit = counted(2 * TRUE, TRUE).summary(IDS, ERRORS).pit
    assert sum(pit[BINS // 2 - 1 : BINS // 2 + 1]) > 4 * (pit[0] + pit[-1])


def test_prediction_that_is_too_low_leans_to_the_right() -> None:
    found, std = UncertaintyErrors(SCALE), np.ones(1)
    found.add(predicted(std), 0, truths(std)[0] + SCALE.spread)
    pit = found.summary(("a",), ERRORS).pit
    assert sum(pit[BINS // 2 :]) == pytest.approx(norm.cdf(1.0), abs=0.02)


def test_unknown_values_do_not_count() -> None:
    truth = truths(np.ones(1))[0]
    truth[:, ::2] = np.nan
    found = UncertaintyErrors(SCALE)
    found.add(predicted(np.ones(1)), 0, truth)
    assert found.summary(("a",), ERRORS).coverage == pytest.approx(0.9, abs=0.02)
    assert sum(found.summary(("a",), ERRORS).pit) == pytest.approx(1.0)


def test_exact_prediction_without_spread() -> None:
    found = UncertaintyErrors(SCALE)
    found.add(predicted(np.zeros(1)), 0, np.zeros(SHAPE))
    summary = found.summary(("a",), ERRORS)
    assert (summary.coverage, summary.sd_ratio, summary.interval_width_to_rmse) == (
        1.0,
        None,
        None,
    )
    with pytest.raises(ValueError, match="no runs"):
        UncertaintyErrors(SCALE).summary((), {})


def test_runs_one_by_one() -> None:
    first = counted(TRUE, TRUE, novelty=TRUE**2).summary(IDS, ERRORS).per_run["a"]
    assert first.std == pytest.approx(TRUE[0])
    assert first.rmse == pytest.approx(TRUE[0], rel=0.05)
    assert first.novelty == TRUE[0] ** 2
    assert first.expected_error is None
    assert counted(TRUE, TRUE).summary(IDS, ERRORS).per_run["a"].novelty is None


def test_everything_together(trained: Any) -> None:
    errors: dict[str, float | None] = dict(zip(IDS, TRUE.tolist(), strict=True))
    errors["h"] = None
    # The run without an error would spoil the order.
    novelty = np.append(TRUE[:-1], 0.0)
    found = summarize(
        {"test": counted(TRUE, TRUE, novelty=novelty, expected_error=-novelty)},
        {"test": IDS},
        {"test": errors},
        trained.ensemble,
    )
    assert Uncertainty.model_validate_json(found.model_dump_json()) == found
    assert found.splits["test"].rank_correlation_of_novelty_with_error == pytest.approx(1.0)
    assert found.splits["test"].rank_correlation_of_expected_error_with_error == pytest.approx(-1.0)
    assert found.splits["test"].per_run["b"].relative_l2 == TRUE[1]
    assert list(found.splits) == ["test"]


def test_without_calibration_and_novelty(trained: Any) -> None:
    alone: Ensemble = replace(trained.ensemble, calibration=None)
    found = summarize(
        {"test": counted(TRUE, TRUE)}, {"test": IDS}, {"test": dict.fromkeys(IDS, 0.1)}, alone
    )
    assert found.calibration_runs == 0
    assert found.splits["test"].rank_correlation_of_novelty_with_error is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 30], [0.1, 0.2, 0.3], 1.0),
        ([1, 2, 3], [3, 2, -9], -1.0),
        ([1, 2], [1, 2], None),
        ([1, 1, 1], [1, 2, 3], None),
    ],
)
def test_rank_correlation(first: list[float], second: list[float], expected: float | None) -> None:
    found = rank_correlation(np.array(first), np.array(second))
    assert found is None if expected is None else found == pytest.approx(expected)
