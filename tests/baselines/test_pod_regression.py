"""Modes of runs, and how well the two regressions learn smooth responses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.baselines import pod_regression
from simulgenvae.baselines.base import Baseline
from simulgenvae.baselines.mean_run import MeanRun
from simulgenvae.baselines.pod_gpr import PodGpr
from simulgenvae.baselines.pod_rbf import PodRbf
from simulgenvae.baselines.pod_regression import RunModes, component_counts


def smooth_runs(x: np.ndarray) -> np.ndarray:
    """Return runs ``[n, T, r]`` that depend smoothly on the first parameter, not on the last."""
    t = np.linspace(0, 1, 12)[None, :, None]
    k = np.arange(3)[None, None, :]
    return (np.exp(0.3 * x[:, :1, None]) * np.sin(3 * t + k + 0.5 * x[:, :1, None])).astype(
        np.float32
    )


def relative_error(baseline: Baseline, train: np.ndarray, test: np.ndarray) -> float:
    baseline.fit(train, smooth_runs(train))
    truth = smooth_runs(test)
    return float(np.linalg.norm(baseline.predict(test) - truth) / np.linalg.norm(truth))


@given(runs=st.integers(2, 8), width=st.integers(1, 20), seed=st.integers(0, 99))
def test_modes_rebuild_the_runs(runs: int, width: int, seed: int) -> None:
    flat = np.random.default_rng(seed).normal(size=(runs, width)).astype(np.float32)
    modes = RunModes.of(flat, energy_left_out=1e-10)
    assert modes.amplitudes.shape[1] <= min(runs - 1, width)
    rebuilt = modes.weights(modes.amplitudes) @ flat
    assert np.linalg.norm(rebuilt - flat) <= 1e-4 * np.linalg.norm(flat)
    gram = modes.amplitudes.T @ modes.amplitudes
    assert gram == pytest.approx(np.diag(np.diag(gram)), abs=1e-8 * gram.max(initial=1))


def test_modes_leave_out_no_more_energy_than_asked() -> None:
    flat = (np.random.default_rng(0).normal(size=(9, 30)) * np.logspace(0, -8, 30)).astype(
        np.float32
    )
    modes = RunModes.of(flat, energy_left_out=1e-3)
    centred = flat - flat.mean(axis=0)
    left_out = 1 - np.square(modes.amplitudes).sum() / np.square(centred).sum()
    assert 0 < left_out <= 1e-3
    assert (
        left_out + modes.singular[-1] ** 2 / np.square(centred).sum() > 1e-3
    )  # and keep no mode in vain


@pytest.mark.parametrize("width", [6, 200])
def test_modes_of_many_runs_are_the_leading_ones(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    decay = np.logspace(0, -5, width)
    flat = (rng.normal(size=(60, width)) * decay + 3).astype(np.float32)
    whole = RunModes.of(flat)
    monkeypatch.setattr(pod_regression, "_MANY_RUNS", 50)
    many = RunModes.of(flat)
    assert many.singular == pytest.approx(whole.singular, rel=1e-3)
    rebuilt = many.weights(many.amplitudes) @ flat
    assert np.linalg.norm(rebuilt - flat) <= 1.1e-3 * np.linalg.norm(flat - flat.mean(axis=0))
    monkeypatch.setattr(pod_regression, "_MOST_MODES", 3)
    assert RunModes.of(flat).amplitudes.shape == (60, 3)
    assert RunModes.of(np.ones_like(flat)).amplitudes.shape == (60, 0)


@pytest.mark.parametrize(("kind", "bound"), [(PodRbf, 0.05), (PodGpr, 0.005)])
def test_smooth_response_is_learned(kind: type[Baseline], bound: float) -> None:
    rng = np.random.default_rng(3)
    train, test = rng.uniform(-1.7, 1.7, (24, 2)), rng.uniform(-1.5, 1.5, (10, 2))
    assert (
        relative_error(kind(), train, test) < bound < 0.2 * relative_error(MeanRun(), train, test)
    )


def test_numbers_of_components_to_try() -> None:
    assert component_counts(3, 0) == (0,)
    assert component_counts(3, 3) == (3,)
    assert component_counts(20, 20) == (4, 8, 16, 20)
    assert component_counts(10, 8) == (0, 4, 8)


def noisy_pictures(x: np.ndarray) -> np.ndarray:
    """Return columns like principal components: two matter, thirty with less variance do not."""
    noise = np.random.default_rng(1).normal(size=(len(x), 30))
    return np.concatenate([x[:, :2], 0.7 * noise], axis=1)


@pytest.mark.parametrize(("kind", "bound"), [(PodRbf, 0.1), (PodGpr, 0.005)])
@pytest.mark.parametrize("parameters", [0, 1])
def test_components_that_say_nothing_are_left_out(
    kind: type[Baseline], bound: float, parameters: int
) -> None:
    rng = np.random.default_rng(3)
    latent = rng.uniform(-1.7, 1.7, (60, 2))
    x = np.concatenate([rng.normal(size=(60, parameters)), noisy_pictures(latent)], axis=1)
    baseline = kind()
    baseline.fit(x[:40], smooth_runs(latent[:40]), components=32)
    assert baseline.describe()["image_components"] == 4
    truth = smooth_runs(latent[40:])
    error = np.linalg.norm(baseline.predict(x[40:]) - truth)
    assert error < bound * np.linalg.norm(truth)


@pytest.mark.parametrize("kind", [PodRbf, PodGpr])
def test_pictures_that_say_nothing_do_no_harm_beside_parameters(kind: type[Baseline]) -> None:
    rng = np.random.default_rng(3)
    latent = rng.uniform(-1.7, 1.7, (40, 1))
    x = np.concatenate([latent, rng.normal(size=(40, 12))], axis=1)
    alone, both = kind(), kind()
    alone.fit(x[:30, :1], smooth_runs(latent[:30]))
    both.fit(x[:30], smooth_runs(latent[:30]), components=12)
    assert both.describe()["image_components"] == 0
    assert both.predict(x[30:]) == pytest.approx(alone.predict(x[30:, :1]), abs=1e-3)
