"""What radial basis functions choose. The interpolants themselves are in test_radial_basis.py."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.baselines.pod_rbf import PodRbf


def smooth_runs(x: np.ndarray) -> np.ndarray:
    """Return runs ``[n, T, r]`` that depend smoothly on the first parameter."""
    t, k = np.linspace(0, 1, 12)[None, :, None], np.arange(3)[None, None, :]
    first = x[:, :1, None]
    return (np.exp(0.3 * first) * np.sin(3 * t + k + 0.5 * first)).astype(np.float32)


def test_noise_is_smoothed_and_interpolated_where_there_is_none() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.7, 1.7, (40, 1))
    runs = smooth_runs(x)
    noisy, clean = PodRbf(), PodRbf()
    noisy.fit(x, runs + 0.3 * rng.normal(size=runs.shape).astype(np.float32))
    clean.fit(x, runs)
    assert float(noisy.describe()["smoothing"]) > float(clean.describe()["smoothing"])
    np.testing.assert_allclose(clean.predict(x), runs, atol=1e-2)


def test_choices_from_a_subset_still_use_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    train, test = rng.uniform(-1.7, 1.7, (60, 1)), rng.uniform(-1.5, 1.5, (10, 1))
    monkeypatch.setattr(PodRbf, "choosing_runs", 8)
    baseline = PodRbf()
    baseline.fit(train, smooth_runs(train))
    assert np.linalg.norm(baseline.predict(test) - smooth_runs(test)) < 0.005 * np.linalg.norm(
        smooth_runs(test)
    )


def test_equal_designs_that_were_not_both_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best choice of the subset cannot interpolate all: the next one is taken."""
    monkeypatch.setattr(PodRbf, "choosing_runs", 8)
    x = np.linspace(-1.7, 1.7, 20)[:, None]
    seen = np.random.default_rng(0).permutation(20)[:8]
    row, other = (k for k in range(20) if k not in seen), seen[0]
    x[next(row)] = x[other]
    baseline = PodRbf()
    baseline.fit(x, smooth_runs(x) + np.linspace(0, 0.01, 20, dtype=np.float32)[:, None, None])
    assert np.isfinite(baseline.predict(x)).all()
