"""Quantities of interest of predictions: bands, calibration, and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.ensemble.coefficient_prediction import CoefficientPrediction
from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.quantities import quantity_predictor
from simulgenvae.surrogate.quantity_calibration import QuantityCalibration
from simulgenvae.surrogate.quantity_samples import QuantitySamples
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings

TEXTS = {"peak": "max(field)", "mean": "mean(field)", "probe": "value(field, node=3, time=0.5)"}


@pytest.fixture(scope="module")
def surrogate(waves: Dataset, make_settings: MakeSettings) -> Surrogate:
    """Of two members, with two validation runs that it has learned from in the end."""
    split = Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])
    return fit(waves, make_settings(20, end_to_end={"members": 2, "refit": True}), split=split)


def samples(of_field: Any, spread: Any, rng: np.random.Generator) -> QuantitySamples:
    """Return 16 samples of one quantity with a spread of each design."""
    shape = (16, *np.shape(of_field))
    drawn = of_field + spread * rng.standard_normal(shape)
    nothing = np.full(np.shape(of_field), np.nan)
    return QuantitySamples(
        np.asarray(of_field, float), drawn, nothing, nothing[..., None], np.ones(len(drawn[0]))
    )


def test_values_are_those_of_the_predicted_field(surrogate: Surrogate, waves: Dataset) -> None:
    conditions = waves.conditions.select([10, 11])
    found = surrogate.quantities(conditions, TEXTS)
    fields = surrogate.predict(conditions)["fields"][..., 0]
    added = quantity_predictor(surrogate, TEXTS).calibration.correction
    of_field = found["value"] - added
    np.testing.assert_allclose(of_field.sel(quantity="peak"), fields.max(["time", "node"]))
    middle = 0.5 * (fields[:, 3, 3] + fields[:, 4, 3])
    np.testing.assert_allclose(of_field.sel(quantity="probe"), middle, rtol=1e-6)
    alone = quantity_predictor(surrogate, TEXTS).of_fields(conditions)
    np.testing.assert_allclose(alone, of_field, rtol=1e-5)
    assert found["unit"].values.tolist() == ["unit0"] * 3
    assert (found["lower"] < found["value"]).all()
    assert (found["value"] < found["upper"]).all()
    at = np.unravel_index(int(fields[0].values.argmax()), fields[0].shape)
    assert found["time"].values[0, 0] == waves.times[at[0]]
    assert waves.mesh.coords is not None
    np.testing.assert_allclose(found["place"].values[0, 0], waves.mesh.coords[at[1]])
    assert np.isnan(found["place"].values[:, 1:]).all()
    assert found.attrs["warnings"] == []


def test_a_design_beyond_what_networks_can_say_has_no_value_and_an_endless_band(
    surrogate: Surrogate, waves: Dataset
) -> None:
    far = replace(waves.conditions.select([0]), table=np.array([[1e30, 1.0]]))
    found = surrogate.quantities(far, TEXTS).isel(run=0)
    for name, expected in {
        "value": np.nan,
        "std": np.inf,
        "lower": -np.inf,
        "upper": np.inf,
    }.items():
        np.testing.assert_array_equal(found[name], np.full(3, expected), name)
    assert np.isnan(found["time"]).all()
    assert np.isnan(found["place"]).all()


def test_a_design_does_not_depend_on_the_others(
    surrogate: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = surrogate.quantities(waves.conditions, TEXTS)
    monkeypatch.setattr("simulgenvae.surrogate.quantities.BATCH_BYTES", 1)
    one_by_one = surrogate.quantities(waves.conditions, TEXTS)
    xr.testing.assert_allclose(together, one_by_one, rtol=1e-4)


def test_calibration_is_that_of_networks_before_the_refit(
    surrogate: Surrogate, waves: Dataset
) -> None:
    assert surrogate.ensemble is not None
    assert surrogate.info.refitted
    held_out = surrogate.ensemble.held_out
    assert held_out is not None
    assert len(held_out) == 2
    predicted = surrogate.ensemble.predict(waves.conditions.select([8, 9]), waves.times)
    assert not np.allclose(held_out.mean, predicted.mean, rtol=1e-3)
    decoded = surrogate.reduction.decode(held_out.truth)
    truth = np.stack([waves.run(8), waves.run(9)])
    np.testing.assert_allclose(decoded, truth, atol=0.02)
    assert quantity_predictor(surrogate, TEXTS).calibration.runs == 2


def test_files_keep_what_calibrates(surrogate: Surrogate, waves: Dataset, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    surrogate.save(study)
    conditions = waves.conditions.select([11])
    before = surrogate.quantities(conditions, TEXTS)
    xr.testing.assert_allclose(Surrogate.load(study).quantities(conditions, TEXTS), before)


def test_a_model_of_an_earlier_version_says_not_calibrated(
    surrogate: Surrogate, waves: Dataset
) -> None:
    assert surrogate.ensemble is not None
    earlier = replace(surrogate, ensemble=replace(surrogate.ensemble, held_out=None))
    found = earlier.quantities(waves.conditions.select([11]), TEXTS)
    assert "not calibrated" in found.attrs["warnings"][0]
    width = (found["upper"] - found["value"]) / found["std"]
    np.testing.assert_allclose(width, 1.645, rtol=1e-3)


def test_refused(surrogate: Surrogate, waves: Dataset) -> None:
    with pytest.raises(UserError, match="There is no quantity to predict"):
        surrogate.quantities(waves.conditions)
    with pytest.raises(UserError, match="did you mean 'field'"):
        surrogate.quantities(waves.conditions, {"q": "max(feld)"})


def test_bands_hold_nine_tenths_whatever_the_size_of_the_samples() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        # Errors are three times as large as the samples' spread, which differs between designs.
        spread = rng.uniform(0.5, 2.0, (8 + 50, 1))
        predicted = rng.standard_normal((8 + 50, 1))
        truth = predicted + 3 * spread * rng.standard_normal((8 + 50, 1))
        known = samples(predicted[:8], spread[:8], rng)
        calibration = QuantityCalibration.fit(known, truth[:8])
        new = samples(predicted[8:], spread[8:], rng)
        half = calibration.width * calibration.std(new)
        covered.append(np.abs(truth[8:] - predicted[8:]) <= half)
    assert 0.88 < np.mean(covered) < 0.96


def test_a_quantity_that_no_sample_changes_has_the_error_of_the_validation_runs() -> None:
    known = samples(np.zeros((4, 1)), 0.0, np.random.default_rng(0))
    calibration = QuantityCalibration.fit(known, np.array([[1.0], [-1.0], [1.0], [-1.0]]))
    np.testing.assert_allclose(calibration.std(known), 1.0)
    np.testing.assert_array_equal(calibration.correction, 0.0)
    exact = QuantityCalibration.fit(known, np.zeros((4, 1)))
    np.testing.assert_array_equal(exact.std(known), 0.0)


def test_runs_of_a_special_kind_do_not_make_bands_vanish() -> None:
    known = samples(np.ones((8, 1)), 0.1, np.random.default_rng(0))
    calibration = QuantityCalibration.fit(known, 1.0 + 1e-7 * np.arange(8.0)[:, None])
    assert calibration.std(known)[0, 0] == pytest.approx(0.01, rel=0.3)


def test_a_mean_error_is_corrected_as_far_as_it_is_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    known = samples(np.zeros((8, 2)), 0.1, rng)
    scattered = rng.standard_normal(8)
    scattered -= scattered.mean()
    truth = np.column_stack([5.0 + 0.1 * scattered, 0.01 + scattered])
    calibration = QuantityCalibration.fit(known, truth)
    np.testing.assert_allclose(calibration.correction, [5.0, 0.0], atol=0.01)
    # The band is that of what is left, not of the error that is corrected.
    assert 0.05 < calibration.std(known)[0, 0] < 0.2


def test_samples_are_whole_fields(surrogate: Surrogate, waves: Dataset) -> None:
    predictor = quantity_predictor(surrogate, TEXTS)
    rng = np.random.default_rng(0)
    shape = (5, 1, len(waves.times), surrogate.reduction.rank)
    drawn = rng.standard_normal(shape).astype(np.float32)
    prediction = CoefficientPrediction(drawn[0], drawn, None, 0.0, widening=np.ones(1))
    found = QuantitySamples.on_one_mesh(predictor.on_mesh(), prediction)
    for sample in range(5):
        whole = surrogate.reduction.decode(drawn[sample, 0])
        np.testing.assert_allclose(found.of_samples[sample, 0, 0], whole.max(), rtol=1e-5)


def test_a_run_that_is_too_large_is_not_kept(
    surrogate: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert surrogate.ensemble is not None
    coefficients = np.zeros((12, len(waves.times), surrogate.reduction.rank), np.float32)
    rows = np.array([8, 9])
    arguments = (surrogate.ensemble, waves.conditions.select(rows), coefficients, rows)
    monkeypatch.setattr("simulgenvae.surrogate.ensemble.held_out.MOST_RUNS", 1)
    assert len(HeldOutPredictions.of(*arguments) or ()) == 1
    monkeypatch.setattr("simulgenvae.surrogate.ensemble.held_out.MOST_BYTES", 10)
    assert HeldOutPredictions.of(*arguments) is None
