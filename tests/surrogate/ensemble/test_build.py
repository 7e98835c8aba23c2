"""Choices made on the validation runs: weight of the Gaussian processes, calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split, rows_of_refit
from simulgenvae.reduction.joint_norms import JointNorms
from simulgenvae.settings import Settings
from simulgenvae.settings.schema import PredictionSettings
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.build import (
    build_ensemble,
    calibrate,
    left_out,
    predicted,
)
from simulgenvae.surrogate.ensemble.stacking import STEPS, stacked
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.train import Trained, train

RNG = np.random.default_rng(0)
WEIGHTS = np.arange(STEPS + 1) / STEPS


def test_the_weight_of_an_ensemble_is_that_of_its_validation_runs(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    rows = trained.rows["validation"]
    errors = []
    for weight in WEIGHTS:
        mean = (
            replace(ensemble, gp_weight=float(weight))
            .predict(waves.conditions.select(rows), waves.times)
            .mean
        )
        errors.append(
            np.linalg.norm(
                (mean - trained.coefficients[rows]).reshape(len(rows), -1), axis=1
            ).mean()
        )
    assert ensemble.gp_weight == WEIGHTS[int(np.argmin(errors))]
    assert ensemble.gp_weight > 0.5, "networks of six steps know nothing"


def test_calibration_brings_the_spread_to_the_errors(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    rows = trained.rows["validation"]
    prediction = ensemble.predict(waves.conditions.select(rows), waves.times, latent_samples=32)
    errors = [
        waves.run(row) - trained.reduction.decode(prediction.mean[k]) for k, row in enumerate(rows)
    ]
    spreads = [prediction.spread(k, trained.reduction) for k in range(len(rows))]
    found = ensemble.calibration
    assert found.runs == 2
    # Two runs: three times the mean square is expected of a third one.
    assert found.std_factor**2 * np.mean(np.square(spreads)) == pytest.approx(
        3 * np.mean(np.square(errors)), rel=1e-3
    )
    assert (np.abs(errors) <= found.interval_factor * np.array(spreads)).mean() > 0.8
    predictions = predicted(ensemble, waves.conditions.select(rows), rows)
    assert calibrate(predictions, waves, trained.reduction) == found


def test_the_test_runs_are_not_looked_at(
    ensemble: Ensemble, trained: Trained, waves: Dataset, settings: Settings
) -> None:
    coefficients = trained.coefficients.copy()
    coefficients[10:] = np.nan
    found = build_ensemble(replace(trained, coefficients=coefficients), waves, settings)
    assert (found.gp_weight, found.calibration) == (ensemble.gp_weight, ensemble.calibration)
    np.testing.assert_array_equal(
        found.pod_gp.training_relative_std, ensemble.pod_gp.training_relative_std
    )


def test_refitted_networks_and_processes_take_the_places_of_those_that_were_judged(
    with_field: Surrogate, waves: Dataset, make_settings: Callable[..., Settings]
) -> None:
    split = with_field.split
    settings = make_settings(6, end_to_end={"members": 3, "refit": True})
    trained = train(waves, split, settings, stages=["end_to_end"])
    assert len(trained.refitted) == len(trained.members)
    judged = build_ensemble(replace(trained, refitted=()), waves, settings)
    found = build_ensemble(trained, waves, settings)
    numbers = [trained.members.index(member) for member in judged.members]
    assert [trained.refitted.index(member) for member in found.members] == numbers
    # What was chosen is what the networks were judged by that had not seen the validation runs.
    assert found.gp_weight == judged.gp_weight == 1
    assert found.member_weights == judged.member_weights
    assert len(judged.pod_gp.training_relative_std) == len(split.train)
    assert len(found.pod_gp.training_relative_std) == len(split.train) + len(split.validation)
    # Processes alone are calibrated on all runs that they learned from, each of them left out.
    assert found.calibration.runs == len(split.train) + len(split.validation)
    # So are quantities of interest.
    rows = found.held_out.rows(trained.rows)
    assert sorted(rows) == sorted([*trained.rows["train"], *trained.rows["validation"]])
    np.testing.assert_array_equal(found.held_out.truth, trained.coefficients[rows])
    predictions = dict(left_out(found, rows_of_refit(trained.rows)))
    means = np.concatenate([predictions[row].mean for row in rows])
    np.testing.assert_allclose(found.held_out.mean, means, rtol=1e-4, atol=1e-5)
    assert found.held_out.samples.std(axis=0).max() > 0


def test_a_left_out_run_is_predicted_by_the_others(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    rows = trained.rows["train"]
    found = dict(left_out(ensemble, rows))
    assert sorted(found) == sorted(rows)
    for row, prediction in found.items():
        seen = ensemble.pod_gp.predict(waves.conditions.select([row]), waves.times)
        truth = np.asarray(trained.coefficients[np.array([row])])
        # The others know less of a run than all with it.
        assert np.linalg.norm(seen - truth) < np.linalg.norm(prediction.mean - truth)
        assert prediction.samples.shape == (12, *seen.shape)
        assert prediction.samples.std(axis=0).max() > 0


def test_weights_take_account_of_left_out_training_runs(
    ensemble: Ensemble,
    trained: Trained,
    waves: Dataset,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[np.ndarray] = []

    def noted(*arguments: Any, left_out: np.ndarray, **options: Any) -> Ensemble:
        given.append(left_out)
        return stacked(*arguments, left_out=left_out, **options)

    monkeypatch.setattr("simulgenvae.surrogate.ensemble.build.stacked", noted)
    build_ensemble(trained, waves, settings)
    rows = trained.rows["train"]
    predictions = dict(left_out(ensemble, rows))
    for row, error in zip(rows, given[0], strict=True):
        truth = np.asarray(trained.coefficients[np.array([row])])
        size = JointNorms(trained.reduction).of(truth)[0]
        expected = np.linalg.norm(predictions[row].mean - truth) / size
        assert error == pytest.approx(expected, rel=1e-4)


def test_mixed_predictions_are_calibrated_on_validation_runs(
    ensemble: Ensemble, trained: Trained, waves: Dataset, settings: Settings
) -> None:
    """Networks have no closed form for a run that is left out."""
    off = settings.model_copy(update={"prediction": PredictionSettings(gaussian_process="off")})
    refitted = replace(trained, refitted=trained.members)
    assert build_ensemble(refitted, waves, off).calibration.runs == 2


def test_without_validation_runs_nothing_is_chosen(
    trained: Trained, waves: Dataset, settings: Settings
) -> None:
    found = build_ensemble(
        replace(trained, rows=trained.rows | {"validation": np.arange(0)}), waves, settings
    )
    assert (found.gp_weight, found.calibration) == (0.0, None)
    assert found.pod_gp is not None
    assert len(found.members) == 3


def test_switched_off_processes_measure_novelty_alone(
    ensemble: Ensemble, trained: Trained, waves: Dataset, settings: Settings
) -> None:
    off = settings.model_copy(update={"prediction": PredictionSettings(gaussian_process="off")})
    found = build_ensemble(trained, waves, off)
    assert found.gp_weight == 0.0 < ensemble.gp_weight
    np.testing.assert_array_equal(
        found.novelty(waves.conditions), ensemble.novelty(waves.conditions)
    )
    rows = trained.rows["validation"]
    networks = replace(ensemble, gp_weight=0.0)
    predictions = predicted(networks, waves.conditions.select(rows), rows)
    assert found.calibration == calibrate(predictions, waves, trained.reduction)


def test_of_too_few_runs_there_are_no_processes(
    trained: Trained, waves: Dataset, settings: Settings
) -> None:
    found = build_ensemble(
        replace(trained, rows=trained.rows | {"train": np.arange(3)}), waves, settings
    )
    assert (found.pod_gp, found.gp_weight) == (None, 0.0)
    assert found.calibration.runs == 2


def test_ranks_end_with_one_ensemble_of_networks_that_cannot_be_sent(
    waves: Dataset, make_settings: Callable[..., Settings], run_ranks: Callable[..., list[Any]]
) -> None:
    """Pictures are read by layers with spectral normalisation, which torch refuses to pickle."""
    pixels = RNG.integers(0, 255, (len(waves.ids), 32, 32, 1), dtype=np.uint8)
    images = replace(
        waves,
        conditions=Conditions.of_images(waves.ids, Images(pixels, ImageFormat(32, 32, 1, 32))),
    )
    settings = make_settings(1, end_to_end={"members": 2, "refit": True})
    trained = train(
        images,
        Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:]),
        settings,
        stages=["end_to_end"],
    )

    def built() -> tuple[Any, ...]:
        found = build_ensemble(trained, images, settings)
        kept = [trained.refitted.index(member) for member in found.members]
        weights = (found.gp_weight, found.member_weights)
        return kept, weights, found.calibration, found.pod_gp.training_relative_std.tolist()

    first, second = run_ranks(2, built)
    assert first == second
    assert first[2].runs == 2
