"""The mean run against its definition."""

import numpy as np
import pytest

from simulgenvae.baselines.mean_run import MeanRun


def test_the_mean_is_predicted_for_every_design() -> None:
    rng = np.random.default_rng(1)
    coefficients = rng.normal(size=(6, 3, 4)).astype(np.float32)
    baseline = MeanRun()
    baseline.fit(rng.normal(size=(6, 2)), coefficients)
    predicted = baseline.predict(rng.normal(size=(2, 2)))
    assert predicted == pytest.approx(np.stack([coefficients.mean(axis=0)] * 2), abs=1e-6)
