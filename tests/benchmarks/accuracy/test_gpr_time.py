"""Gaussian processes over parameters and time, on smooth functions."""

import numpy as np
import pytest

from benchmarks.accuracy import gpr_time


def test_staggered_snapshots_keep_the_limit_and_show_every_time_and_run() -> None:
    runs, steps = gpr_time.staggered(72, 100, 2000)
    assert len(runs) <= 2000
    assert len(set(zip(runs, steps, strict=True))) == len(runs)
    assert set(runs) == set(range(72))
    assert set(steps) == set(range(100))
    assert len(gpr_time.staggered(10, 1, 2000)[0]) == 10
    assert len(gpr_time.staggered(10, 7, 5)[0]) == 10


def smooth(x: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Two coefficients, the second far smaller, ``[n, T, 2]``."""
    phase = x[:, :1] + 0.5 * times
    return np.stack([np.sin(phase) + 0.3 * x[:, 1:2], 1e-3 * np.cos(phase) + 7.0], axis=-1).astype(
        np.float32
    )


def test_predicts_a_smooth_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpr_time, "LIKELIHOOD_POINTS", 80)
    monkeypatch.setattr(gpr_time, "POINTS", 200)
    monkeypatch.setattr(gpr_time, "OWN", 1)
    generator = np.random.default_rng(0)
    x, new = generator.uniform(-1.5, 1.5, (30, 2)), generator.uniform(-1.2, 1.2, (5, 2))
    times = np.linspace(0.0, 3.0, 12)
    regression = gpr_time.TimeGpr(x, smooth(x, times), times, 0)
    error = np.abs(regression.predict(new) - smooth(new, times)).max(axis=(0, 1))
    assert error[0] < 0.02
    assert error[1] < 2e-4
    assert regression.about["snapshots"] <= 200


def test_reads_pictures_and_a_single_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpr_time, "LIKELIHOOD_POINTS", 40)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((30, 12))
    regression = gpr_time.TimeGpr(x, (2.0 * x[:, None, :1]).astype(np.float32), np.zeros(1), 12)
    assert regression.predict(x[:3]).shape == (3, 1, 1)
    assert regression.about["image_components"] in (4, 8, 12)
    np.testing.assert_allclose(regression.predict(x[:3])[:, 0, 0], 2.0 * x[:3, 0], atol=0.3)
