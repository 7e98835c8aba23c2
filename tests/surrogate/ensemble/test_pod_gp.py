"""POD with Gaussian processes as a part of the model: any time, novelty, and files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

RUNS, TIMES = 10, np.array([0.0, 1.0, 3.0, 4.0])


def conditions(has_images: bool = False) -> Conditions:
    rng = np.random.default_rng(0)
    images = None
    if has_images:
        images = Images(
            rng.integers(0, 255, (RUNS, 4, 4, 1), dtype=np.uint8), ImageFormat(4, 4, 1, 4)
        )
    return Conditions(
        tuple(f"run{k}" for k in range(RUNS)), ("p", "q"), rng.uniform(1, 3, (RUNS, 2)), images
    )


def fitted(known: Conditions, times: np.ndarray = TIMES) -> PodGaussianProcesses:
    """Of smooth coefficients ``[n, T, 3]``."""
    p, q = (column[:, None, None] for column in known.table.T)
    coefficients = np.sin(p + times[:, None] / 4) + 0.2 * q * np.arange(3)
    found = PodGaussianProcesses.fit(
        known, ConditionScaler.fit(known), coefficients.astype(np.float32), times
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def linear() -> PodGaussianProcesses:
    return fitted(conditions())


@pytest.fixture(scope="module")
def with_images() -> PodGaussianProcesses:
    """Return processes of designs with images and parameters."""
    return fitted(conditions(has_images=True))


def test_known_runs_are_reproduced(linear: PodGaussianProcesses) -> None:
    assert np.abs(linear.predict(conditions(), TIMES) - linear.leading._coefficients).max() < 0.02


def test_times_between_are_interpolated(linear: PodGaussianProcesses) -> None:
    at = linear.predict(conditions(), TIMES)
    times = np.array([4.0, 2.5, 0.0, 1.0, 0.25])
    expected = np.stack([[[np.interp(times, TIMES, each) for each in run.T] for run in at]])[
        0
    ].transpose(0, 2, 1)
    np.testing.assert_allclose(linear.predict(conditions(), times), expected, rtol=1e-5, atol=1e-6)
    drawn, between = (linear.samples(conditions(), each, 3, 0) for each in (TIMES, times))
    assert between.shape == (3, RUNS, 5, 3)
    np.testing.assert_allclose(
        between[:, :, [0, 2, 3]], drawn[:, :, [3, 0, 1]], rtol=1e-5, atol=1e-6
    )


def test_a_single_time_may_be_asked_for_again() -> None:
    linear = fitted(conditions(), np.zeros(1))
    twice = linear.predict(conditions(), np.zeros(2))
    np.testing.assert_array_equal(
        twice, np.repeat(linear.predict(conditions(), np.zeros(1)), 2, axis=1)
    )
    assert linear.samples(conditions(), np.zeros(2), 3, 0).shape == (3, RUNS, 2, 3)


def test_novelty_is_one_at_the_loneliest_run(linear: PodGaussianProcesses) -> None:
    assert linear.novelty(conditions()).max() < 0.5
    lonely = int(np.argmax(linear.leading.leave_one_out_relative_std()))
    assert linear.training_relative_std[-1] == linear.leading.leave_one_out_relative_std()[lonely]
    far = Conditions(("far",), ("p", "q"), np.array([[30.0, -20.0]]))
    alone = linear.leading.leave_one_out_relative_std().max()
    expected = linear.leading.relative_posterior_std(linear.features.transform(far)) / alone
    assert linear.novelty(far) == pytest.approx(expected)
    assert linear.novelty(far)[0] > 1


@pytest.fixture(scope="module")
def mixed() -> PodGaussianProcesses:
    """Return processes with both kernels, with weights that differ."""
    rng = np.random.default_rng(2)
    table = rng.uniform(-2, 2, (24, 2))
    known = Conditions(tuple(f"run{k}" for k in range(24)), ("p", "q"), table)
    smooth, kinked = np.sin(table[:, 0]), np.abs(table[:, 1] - 0.3)
    values = np.column_stack([smooth, kinked]) @ rng.normal(size=(2, 12))
    coefficients = values.reshape(24, 4, 3).astype(np.float32)
    found = PodGaussianProcesses.fit(known, ConditionScaler.fit(known), coefficients, TIMES)
    assert found is not None
    assert len(found.by_kernel) == 2
    return replace(found, weights=(0.7, 0.3))


def test_kernels_are_mixed_with_their_weights(mixed: PodGaussianProcesses) -> None:
    new = Conditions(("a", "b"), ("p", "q"), np.array([[0.1, 0.2], [5.0, -4.0]]))
    alone = [
        replace(mixed, by_kernel=(pod_gpr,), weights=(1.0,)).predict(new, TIMES)
        for pod_gpr in mixed.by_kernel
    ]
    expected = 0.7 * alone[0] + 0.3 * alone[1]
    np.testing.assert_allclose(mixed.predict(new, TIMES), expected, rtol=1e-5, atol=1e-5)
    drawn = mixed.samples(new, TIMES, 10, 0)
    first = replace(mixed, by_kernel=mixed.by_kernel[:1], weights=(1.0,)).samples(new, TIMES, 10, 0)
    second = replace(mixed, by_kernel=mixed.by_kernel[1:], weights=(1.0,))
    np.testing.assert_array_equal(drawn[:7], first[:7])
    np.testing.assert_array_equal(drawn[7:], second.samples(new, TIMES, 10, 0)[7:])


def test_both_kernels_survive_a_file(mixed: PodGaussianProcesses) -> None:
    after = PodGaussianProcesses.restore(mixed.arrays(), mixed.features.scaler, TIMES)
    new = Conditions(("a", "b"), ("p", "q"), np.array([[0.1, 0.2], [5.0, -4.0]]))
    assert after.weights == mixed.weights
    assert np.array_equal(after.predict(new, TIMES), mixed.predict(new, TIMES))
    assert np.array_equal(after.samples(new, TIMES, 5, 0), mixed.samples(new, TIMES, 5, 0))


@pytest.mark.parametrize(
    "change",
    [
        {"weights": None},
        {"weights": np.array([0.5, 0.6])},
        {"weights": np.array([-0.5, 1.5])},
        {"weights": np.array([np.nan, 1.0])},
        {"second.alpha": None},
        {"second.theta": np.zeros(3)},
    ],
)
def test_damaged_arrays_of_a_second_kernel_are_refused(
    mixed: PodGaussianProcesses, change: dict[str, Any]
) -> None:
    arrays = {name: value for name, value in (mixed.arrays() | change).items() if value is not None}
    with pytest.raises((LookupError, TypeError, ValueError)):
        PodGaussianProcesses.restore(arrays, mixed.features.scaler, TIMES)


def test_the_kernel_that_fits_the_response_has_the_larger_weight() -> None:
    """Smooth responses are those of the squared exponential, kinks are not."""
    x = np.linspace(1, 3, 20)[:, None]
    known = Conditions(tuple(f"run{k}" for k in range(20)), ("p",), x)
    leading = []
    for values in (np.sin(2 * x), np.abs(x - 1.3) + np.abs(x - 2.55)):
        coefficients = (values * np.ones(12)).reshape(20, 4, 3).astype(np.float32)
        found = PodGaussianProcesses.fit(known, ConditionScaler.fit(known), coefficients, TIMES)
        assert found is not None
        leading.append(found.leading.kernel)
        assert found.weights[0] == max(found.weights)
        assert sum(found.weights) == pytest.approx(1)
    assert leading == ["squared_exponential", "matern52"]


def test_errors_that_choose_the_kernel_are_relative_to_the_size_of_runs() -> None:
    """Runs that are called large hardly count: here the smooth ones, or those with kinks."""
    x = np.linspace(1, 3, 24)[:, None]
    known = Conditions(tuple(f"run{k}" for k in range(24)), ("p",), x)
    smooth = x[:, 0] < 2
    values = np.where(smooth, np.sin(3 * x[:, 0]), np.sin(6) + np.abs(np.sin(9 * (x[:, 0] - 2))))
    coefficients = (values[:, None] * np.ones(12)).reshape(24, 4, 3).astype(np.float32)
    scaler = ConditionScaler.fit(known)
    weights = []
    for large in (smooth, ~smooth):
        sizes = np.where(large, 1e6, 1.0)
        found = PodGaussianProcesses.fit(known, scaler, coefficients, TIMES, sizes)
        assert found is not None
        kernels = [pod_gpr.kernel for pod_gpr in found.by_kernel]
        weights.append(dict(zip(kernels, found.weights, strict=True)).get("matern52", 0.0))
    assert abs(weights[0] - weights[1]) > 0.05


def test_too_few_runs_and_runs_that_are_all_the_same() -> None:
    known = conditions()
    same = np.ones((RUNS, 4, 3), np.float32)
    assert PodGaussianProcesses.fit(known, ConditionScaler.fit(known), same, TIMES) is None
    few = known.select([0, 1, 2])
    varied = np.random.default_rng(0).random((3, 4, 3), np.float32)
    assert PodGaussianProcesses.fit(few, ConditionScaler.fit(few), varied, TIMES) is None


@pytest.mark.parametrize("has_images", [False, True])
def test_arrays_give_the_same_predictions_again(
    linear: PodGaussianProcesses, with_images: PodGaussianProcesses, has_images: bool
) -> None:
    known, before = conditions(has_images), with_images if has_images else linear
    scaler = ConditionScaler.model_validate(json.loads(before.features.scaler.model_dump_json()))
    after = PodGaussianProcesses.restore(before.arrays(), scaler, TIMES)
    assert np.array_equal(after.predict(known, TIMES), before.predict(known, TIMES))
    assert np.array_equal(after.novelty(known), before.novelty(known))
    assert np.array_equal(after.samples(known, TIMES, 2, 0), before.samples(known, TIMES, 2, 0))


@pytest.mark.parametrize(
    "change",
    [
        {"known": None},
        {"known": np.zeros(0)},
        {"known": np.full(RUNS, np.nan)},
        {"surprise.x": np.zeros(1)},
        {"processes.x": np.zeros((RUNS, 3))},
        {"processes.theta": None},
        {"images.pixels": None},
        {"images.pixels": np.zeros((RUNS, 9), np.uint8), "images.mean": np.zeros(9, np.float32)},
        {"images.mean": np.zeros(3, np.float32)},
        {"images.projection": np.zeros((2, 2))},
        {"images.surprise": np.zeros(1)},
    ],
)
def test_damaged_arrays_are_refused(
    with_images: PodGaussianProcesses, change: dict[str, Any]
) -> None:
    arrays = {
        name: value for name, value in (with_images.arrays() | change).items() if value is not None
    }
    with pytest.raises((LookupError, TypeError, ValueError)):
        PodGaussianProcesses.restore(arrays, with_images.features.scaler, TIMES)


def test_processes_of_other_parameters_are_refused(linear: PodGaussianProcesses) -> None:
    other = Conditions(("a", "b"), ("p", "q", "r"), np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 5.0]]))
    with pytest.raises(ValueError, match="of 2 parameters"):
        PodGaussianProcesses.restore(linear.arrays(), ConditionScaler.fit(other), TIMES)
