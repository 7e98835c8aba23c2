"""The nearest run against its definition."""

import numpy as np

from simulgenvae.baselines.nearest_run import NearestRun


def test_the_run_of_the_most_similar_design_is_predicted() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 2))
    coefficients = rng.normal(size=(6, 3, 4)).astype(np.float32)
    baseline = NearestRun()
    baseline.fit(x, coefficients)
    assert np.array_equal(baseline.predict(x[[4, 0]] + 1e-6), coefficients[[4, 0]])
