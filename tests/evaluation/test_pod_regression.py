"""Modes of runs, and how well the two regressions learn smooth responses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.evaluation.pod_regression import LikelihoodSearch, PodGpr, PodRbf, RunModes
from simulgenvae.evaluation.references import MeanRun, Reference


def smooth_runs(x: np.ndarray) -> np.ndarray:
    """Runs ``[n, T, r]`` that depend smoothly on the first parameter and not at all on the last."""
    t = np.linspace(0, 1, 12)[None, :, None]
    k = np.arange(3)[None, None, :]
    return (np.exp(0.3 * x[:, :1, None]) * np.sin(3 * t + k + 0.5 * x[:, :1, None])).astype(np.float32)


def relative_error(reference: Reference, train: np.ndarray, test: np.ndarray) -> float:
    reference.fit(train, smooth_runs(train))
    truth = smooth_runs(test)
    return float(np.linalg.norm(reference.predict(test) - truth) / np.linalg.norm(truth))


@given(runs=st.integers(2, 8), width=st.integers(1, 20), seed=st.integers(0, 99))
def test_modes_rebuild_the_runs(runs: int, width: int, seed: int) -> None:
    flat = np.random.default_rng(seed).normal(size=(runs, width)).astype(np.float32)
    modes = RunModes(flat, energy_left_out=1e-10)
    assert modes.amplitudes.shape[1] <= min(runs - 1, width)
    rebuilt = modes.weights(modes.amplitudes) @ flat
    assert np.linalg.norm(rebuilt - flat) <= 1e-4 * np.linalg.norm(flat)
    gram = modes.amplitudes.T @ modes.amplitudes
    assert gram == pytest.approx(np.diag(np.diag(gram)), abs=1e-8 * gram.max(initial=1))


def test_modes_leave_out_no_more_energy_than_asked() -> None:
    flat = (np.random.default_rng(0).normal(size=(9, 30)) * np.logspace(0, -8, 30)).astype(np.float32)
    modes = RunModes(flat, energy_left_out=1e-3)
    centred = flat - flat.mean(axis=0)
    left_out = 1 - np.square(modes.amplitudes).sum() / np.square(centred).sum()
    assert 0 < left_out <= 1e-3
    assert left_out + modes.singular[-1] ** 2 / np.square(centred).sum() > 1e-3  # and keep no mode in vain


@pytest.mark.parametrize(("kind", "bound"), [(PodRbf, 0.05), (PodGpr, 0.005)])
def test_smooth_response_is_learned(kind: type[Reference], bound: float) -> None:
    rng = np.random.default_rng(3)
    train, test = rng.uniform(-1.7, 1.7, (24, 2)), rng.uniform(-1.5, 1.5, (10, 2))
    assert relative_error(kind(), train, test) < bound < 0.2 * relative_error(MeanRun(), train, test)


POOR, GOOD = np.full(3, 3.0), np.array([0.0, 0.5, -6.0])  # logarithms of amplitude, length scale, noise


def two_wells(point: np.ndarray, eval_gradient: bool = True) -> tuple[float, np.ndarray] | float:
    """Squared distance to the nearer of a shallow and a deep minimum."""
    values = [float(np.sum((point - POOR) ** 2)) + 1, float(np.sum((point - GOOD) ** 2))]
    slope = 2 * (point - (POOR if values[0] < values[1] else GOOD))
    return (min(values), slope) if eval_gradient else min(values)


def test_likelihood_search_leaves_a_poor_maximum() -> None:
    bounds = np.array([[-9.0, 9.0]] * 3)
    search = LikelihoodSearch(parameters=1, seed=0)
    search.thorough = False
    assert search(two_wells, POOR, bounds)[0] == pytest.approx(POOR)
    search.thorough = True
    assert search(two_wells, POOR, bounds)[0] == pytest.approx(GOOD, abs=1e-6)  # from a random candidate
    search.thorough = False
    assert search(two_wells, POOR, bounds)[0] == pytest.approx(GOOD, abs=1e-6)  # from the search before


def test_hyperparameters_from_a_subset_still_use_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    train, test = rng.uniform(-1.7, 1.7, (24, 1)), rng.uniform(-1.5, 1.5, (10, 1))
    monkeypatch.setattr(PodGpr, "likelihood_runs", 5)
    assert relative_error(PodGpr(), train, test) < 0.005


def test_rbf_smooths_noise() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.7, 1.7, (40, 1))
    noisy = smooth_runs(x) + 0.3 * rng.normal(size=(40, 12, 3)).astype(np.float32)
    reference = PodRbf()
    reference.fit(x, noisy)
    assert reference.describe()["smoothing"] > 0


def test_same_data_same_answer() -> None:
    x = np.random.default_rng(3).uniform(-1, 1, (8, 2))
    answers = []
    for _ in range(2):
        reference = PodGpr()
        reference.fit(x, smooth_runs(x))
        answers.append(reference.predict(x + 0.1))
    assert np.array_equal(*answers)
