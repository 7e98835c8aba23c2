"""Mean and nearest run against their definitions; properties that every reference shares."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.baselines.simple import Baseline, MeanRun, NearestRun
from simulgenvae.evaluation.compare import BASELINES

RNG = np.random.default_rng(1)
X = RNG.normal(size=(6, 2))
C = RNG.normal(size=(6, 3, 4)).astype(np.float32)


def fitted(kind: type[Baseline], x: np.ndarray, coefficients: np.ndarray) -> Baseline:
    reference = kind()
    reference.fit(x, coefficients)
    return reference


def test_mean_and_nearest() -> None:
    new = X[[4, 0]] + 1e-6
    assert fitted(MeanRun, X, C).predict(new) == pytest.approx(
        np.stack([C.mean(axis=0)] * 2), abs=1e-6
    )
    assert np.array_equal(fitted(NearestRun, X, C).predict(new), C[[4, 0]])


@pytest.mark.parametrize("kind", BASELINES)
@pytest.mark.parametrize("components", [0, 1])
@pytest.mark.parametrize(
    ("runs", "parameters", "timesteps"), [(2, 1, 1), (2, 4, 3), (3, 2, 1), (5, 4, 2)]
)
def test_small_studies(
    kind: type[Baseline], components: int, runs: int, parameters: int, timesteps: int
) -> None:
    x = RNG.normal(size=(runs, parameters))
    c = RNG.normal(size=(runs, timesteps, 3)).astype(np.float32)
    reference = kind()
    reference.fit(x, c, components)
    answer = reference.predict(np.zeros((2, parameters)))
    assert answer.shape == (2, timesteps, 3)
    assert answer.dtype == np.float32
    assert np.isfinite(answer).all()
    assert reference.weights(x).sum(axis=1) == pytest.approx(
        np.ones(runs)
    )  # an affine combination of runs


@pytest.mark.parametrize("kind", BASELINES)
def test_equal_runs_are_reproduced(kind: type[Baseline]) -> None:
    c = np.ones((4, 2, 3), dtype=np.float32)
    assert fitted(kind, X[:4], c).predict(X) == pytest.approx(np.ones((6, 2, 3)))


@pytest.mark.parametrize("kind", BASELINES)
def test_equal_conditions_are_no_obstacle(kind: type[Baseline]) -> None:
    x = np.concatenate([X, X])
    assert np.isfinite(fitted(kind, x, np.concatenate([C, C + 1])).predict(X)).all()


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(5, 2\)"):
        MeanRun().fit(X[:5], C)
