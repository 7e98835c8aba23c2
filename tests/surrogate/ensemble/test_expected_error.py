"""The error to expect of designs, from coefficients only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulgenvae.data.dataset import Dataset
from simulgenvae.surrogate.ensemble import (
    Calibration,
    Ensemble,
    expected_squares,
    uniform_field_coefficients,
)
from simulgenvae.training.train import Trained


def test_the_uniform_field_is_the_mean_of_each_variable(trained: Trained) -> None:
    field = trained.reduction.decode(uniform_field_coefficients(trained.reduction))
    mean_field = trained.reduction.decode(np.zeros((1, trained.reduction.rank), np.float32))
    # As far as the modes have it: no other state of theirs is nearer.
    target = np.broadcast_to(mean_field.mean(axis=1, keepdims=True), field.shape)
    best = trained.reduction.decode(trained.reduction.encode(target))
    np.testing.assert_allclose(field, best, rtol=1e-4, atol=1e-4)


def test_sizes_are_distances_from_the_uniform_field(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    prediction = ensemble.predict(waves.conditions, waves.times)
    uniform = uniform_field_coefficients(trained.reduction)
    _, sizes = expected_squares(prediction, None, uniform)
    np.testing.assert_allclose(
        sizes, np.linalg.norm(prediction.mean - uniform, axis=(1, 2)) ** 2, rtol=1e-4
    )
    still = replace(prediction, mean=np.broadcast_to(uniform, prediction.mean.shape))
    np.testing.assert_array_equal(expected_squares(still, None, uniform)[1], 0.0)


def test_the_calibration_scales_the_expected_error(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    prediction = ensemble.predict(waves.conditions, waves.times)
    uniform = uniform_field_coefficients(trained.reduction)
    plain, _ = expected_squares(prediction, None, uniform)
    scaled, _ = expected_squares(
        prediction,
        Calibration(std_factor=3.0, interval_factor=5.0, runs=1, left_out_coverage=()),
        uniform,
    )
    np.testing.assert_allclose(scaled, 9.0 * plain)
    assert (plain > 0).all()
