"""Scale of deviations, on errors that are known powers of them."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.baselines.deviation_scale import DeviationScale

INSIDE = np.ones(400)


def drawn(level: float, power: float, runs: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return errors and deviations of one amplitude, ``[runs, 1]`` each."""
    generator = np.random.default_rng(0)
    deviations = np.exp(generator.uniform(-6.0, 0.0, (runs, 1)))
    return level * deviations**power * generator.standard_normal((runs, 1)), deviations


@pytest.mark.parametrize(("level", "power"), [(1.0, 1.0), (0.3, 1.3), (2.0, 0.7)])
def test_power_and_level_are_found(level: float, power: float) -> None:
    scale = DeviationScale.fit(*drawn(level, power), INSIDE)
    assert scale.power == pytest.approx(power, abs=0.05)
    at = np.exp([[-5.0], [-1.0]])
    expected = level * at[:, 0] ** power
    np.testing.assert_allclose(scale.factors(at) * at[:, 0], expected, rtol=0.15)


def test_scaled_errors_have_a_mean_square_of_one() -> None:
    errors, deviations = drawn(0.2, 1.4)
    scaled = deviations[:, 0] * DeviationScale.fit(errors, deviations, INSIDE).factors(deviations)
    assert np.square(errors[:, 0] / scaled).mean() == pytest.approx(1.0, rel=0.01)


def test_the_factor_is_constant_outside_of_what_was_seen() -> None:
    errors, deviations = drawn(1.0, 1.5)
    scale = DeviationScale.fit(errors, deviations, INSIDE)
    ends = np.array([[deviations.min()], [deviations.max()]])
    np.testing.assert_array_equal(scale.factors(ends * [[0.01], [100.0]]), scale.factors(ends))
    assert np.diff(scale.factors(ends))[0] > 0


@pytest.mark.parametrize("widening", [0.0, 3.0])
def test_errors_outside_of_the_range_give_the_widening(widening: float) -> None:
    errors, deviations = drawn(0.5, 1.2)
    reach = np.where(np.arange(400) % 4, 0.5, 2.0)
    errors *= np.maximum(1.0, reach)[:, None] ** widening
    scale = DeviationScale.fit(errors, deviations, reach)
    assert scale.widening == pytest.approx(widening, abs=0.3)
    assert scale.power == pytest.approx(1.2, abs=0.05)


def test_few_runs_and_no_errors_change_nothing() -> None:
    errors, deviations = drawn(3.0, 1.5)
    few = DeviationScale.fit(errors[:9], deviations[:9], INSIDE[:9])
    exact = DeviationScale.fit(0 * errors, deviations, INSIDE)
    assert not few.is_fitted
    assert not exact.is_fitted
    np.testing.assert_array_equal(few.factors(deviations), 1.0)


def test_files() -> None:
    scale = DeviationScale.fit(*drawn(3.0, 1.5), INSIDE)
    assert DeviationScale.restore(scale.array()) == scale
    for damaged in (
        [0.0, 1, 1, 1, 1, 1],
        [1.0, 1, 1, 2, 1, 1],
        [np.nan, 1, 1, 1, 1, 1],
        [1.0, 1, 1, 1, 1, -1],
    ):
        with pytest.raises(ValueError, match="scale of deviations"):
            DeviationScale.restore(np.array(damaged))
