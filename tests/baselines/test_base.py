"""Properties that every registered baseline shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.baselines import BASELINES, Baseline, BaselineSpec
from simulgenvae.baselines.mean_run import MeanRun

RNG = np.random.default_rng(1)
X = RNG.normal(size=(6, 2))
C = RNG.normal(size=(6, 3, 4)).astype(np.float32)

every_baseline = pytest.mark.parametrize(
    "make", [spec.baseline for spec in BASELINES.values()], ids=list(BASELINES)
)


def fitted(make: Callable[[], Baseline], x: np.ndarray, coefficients: np.ndarray) -> Baseline:
    baseline = make()
    baseline.fit(x, coefficients)
    return baseline


@every_baseline
@pytest.mark.parametrize("components", [0, 1])
@pytest.mark.parametrize(
    ("runs", "parameters", "timesteps"), [(2, 1, 1), (2, 4, 3), (3, 2, 1), (5, 4, 2)]
)
def test_small_studies(
    make: Callable[[], Baseline], components: int, runs: int, parameters: int, timesteps: int
) -> None:
    x = RNG.normal(size=(runs, parameters))
    c = RNG.normal(size=(runs, timesteps, 3)).astype(np.float32)
    baseline = make()
    baseline.fit(x, c, components)
    predicted = baseline.predict(np.zeros((2, parameters)))
    assert predicted.shape == (2, timesteps, 3)
    assert predicted.dtype == np.float32
    assert np.isfinite(predicted).all()
    # The weights add up to 1: a prediction is an affine combination of the training runs.
    assert baseline.weights(x).sum(axis=1) == pytest.approx(np.ones(runs))


@every_baseline
def test_equal_runs_are_reproduced(make: Callable[[], Baseline]) -> None:
    c = np.ones((4, 2, 3), dtype=np.float32)
    assert fitted(make, X[:4], c).predict(X) == pytest.approx(np.ones((6, 2, 3)))


@every_baseline
def test_equal_conditions_are_no_obstacle(make: Callable[[], Baseline]) -> None:
    x = np.concatenate([X, X])
    assert np.isfinite(fitted(make, x, np.concatenate([C, C + 1])).predict(X)).all()


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(5, 2\)"):
        MeanRun().fit(X[:5], C)


def test_titles_follow_the_conditions() -> None:
    spec = BaselineSpec("a", MeanRun, "A", "#000000", "It.", title_for_both="A of both")
    assert spec.title_for(parameters=True, images=False) == "A"
    assert spec.title_for(parameters=False, images=True) == "A"  # none of its own: the usual one
    assert spec.title_for(parameters=True, images=True) == "A of both"
