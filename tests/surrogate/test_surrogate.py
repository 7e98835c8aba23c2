from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm

import simulgenvae.surrogate.predict
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.models import Inputs
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.at_stage import surrogate_at_stage
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.spread import VARIANCE_FLOOR
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.load_warm_start import load_warm_start
from simulgenvae.surrogate.predict import EXPECTED_ERROR_LATENTS
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.utils.tensor_file import read_tensors, write_tensors
from tests.conftest import MakeSettings, MakeWaves


@pytest.fixture(scope="module")
def trained(waves: Dataset, make_settings: MakeSettings) -> Surrogate:
    """Trained well enough to know more than the mean run."""
    return fit(waves, make_settings(300, model={"width": 384}, stage={"batch_size": 9}))


@pytest.fixture(scope="module")
def ensemble(waves: Dataset, make_settings: MakeSettings) -> Surrogate:
    """Of two members."""
    return fit(waves, make_settings(20, end_to_end={"members": 2}))


@pytest.fixture(scope="module")
def convolutional(waves: Dataset, make_settings: MakeSettings) -> Surrogate:
    return fit(waves, make_settings(2, model={"decoder": "convolutional"}))


def _training(surrogate: Surrogate, dataset: Dataset) -> tuple[Conditions, np.ndarray]:
    rows = surrogate.split.rows(dataset.ids)["train"]
    return dataset.conditions.select(rows), np.stack([dataset.run(row) for row in rows])


def _error(fields: np.ndarray, truth: np.ndarray) -> float:
    """Relative to the error of the mean run."""
    return float(np.linalg.norm(fields - truth) / np.linalg.norm(truth.mean(0) - truth))


def test_predictions_and_reconstructions_of_training_runs_beat_the_mean(
    trained: Surrogate, waves: Dataset
) -> None:
    conditions, truth = _training(trained, waves)
    assert _error(trained.predict(conditions)["fields"].values, truth) < 0.5
    assert _error(np.stack([trained.reconstruct(run) for run in truth]), truth) < 0.5


def test_predictions_are_labelled(trained: Surrogate, waves: Dataset) -> None:
    predicted = trained.predict(waves.conditions)
    assert predicted["fields"].dims == ("run", "time", "node", "variable")
    assert predicted["fields"].shape == waves.shape
    assert predicted["fields"].dtype == np.float32
    assert tuple(predicted["run"].values) == waves.ids
    np.testing.assert_array_equal(predicted["time"], waves.times)
    assert predicted["variable"].values.tolist() == list(waves.variables)
    np.testing.assert_array_equal(predicted["coords"], waves.mesh.coords)
    assert predicted["coords"].dims == ("node", "dim")
    assert predicted.attrs["units"] == list(waves.units)
    assert "std" not in predicted


def test_predicting_twice_or_alone_gives_the_same(trained: Surrogate, waves: Dataset) -> None:
    together = trained.predict(waves.conditions)["fields"].values
    np.testing.assert_array_equal(trained.predict(waves.conditions)["fields"].values, together)
    alone = trained.predict(waves.conditions.select([3]))["fields"].values
    np.testing.assert_allclose(alone[0], together[3], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("samples", [0, 3])
def test_batches_joined_are_the_whole(
    trained: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch, samples: int
) -> None:
    whole = trained.predict(waves.conditions, samples=samples)
    coefficients = len(waves.times) * trained.reduction.rank
    values = max(
        waves.fields[0].size,
        (1 + trained.ensemble.sample_count(samples or EXPECTED_ERROR_LATENTS)) * coefficients,
    )
    monkeypatch.setattr(simulgenvae.surrogate.predict, "BATCH_BYTES", 5 * 4 * values)
    batches = list(trained.predict_batches(waves.conditions, samples=samples))
    assert [batch.sizes["run"] for batch in batches] == [5, 5, 2]
    joined = trained.predict(waves.conditions, samples=samples)
    assert joined["run"].values.tolist() == whole["run"].values.tolist()
    np.testing.assert_allclose(joined["fields"], whole["fields"], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(joined["coords"], whole["coords"])
    for name in ("fields", "std")[: 1 + (samples > 0)]:
        np.testing.assert_array_equal(
            np.concatenate([batch[name] for batch in batches]), joined[name]
        )


def test_a_batch_holds_one_run_at_least(
    trained: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulgenvae.surrogate.predict, "BATCH_BYTES", 1)
    assert [batch.sizes["run"] for batch in trained.predict_batches(waves.conditions)] == [1] * 12


def test_samples_give_a_spread(trained: Surrogate, waves: Dataset) -> None:
    plain = trained.predict(waves.conditions)
    predicted = trained.predict(waves.conditions, samples=20)
    np.testing.assert_array_equal(predicted["fields"], plain["fields"])
    std = predicted["std"]
    assert std.dims == plain["fields"].dims
    assert std.dtype == np.float32
    assert (std.values >= 0).all()
    assert (std.values > 0).any()
    np.testing.assert_array_equal(trained.predict(waves.conditions, samples=20)["std"], std)
    assert not np.array_equal(trained.predict(waves.conditions, samples=20, seed=1)["std"], std)


def test_the_spread_of_a_design_does_not_depend_on_the_others(
    trained: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained.predict(waves.conditions, samples=5)["std"]
    backwards = trained.predict(waves.conditions.select(range(11, -1, -1)), samples=5)["std"]
    np.testing.assert_allclose(backwards.sel(run=whole["run"]), whole, rtol=1e-3, atol=1e-4)
    alone = trained.predict(waves.conditions.select([7]), samples=5)["std"]
    np.testing.assert_allclose(alone[0], whole[7], rtol=1e-3, atol=1e-4)
    monkeypatch.setattr(simulgenvae.surrogate.predict, "BATCH_BYTES", 2 * 4 * waves.fields[0].size)
    in_parts = trained.predict(waves.conditions.select([7]), samples=5)["std"]
    np.testing.assert_allclose(in_parts, alone, rtol=1e-3, atol=1e-4)


def test_equal_designs_have_equal_predictions(trained: Surrogate, waves: Dataset) -> None:
    twins = Conditions(("a", "b"), waves.conditions.names, waves.conditions.table[[3, 3]])
    found = trained.predict(twins, samples=5)
    for name in ("fields", "std", "lower", "upper", "novelty"):
        np.testing.assert_allclose(found[name][0], found[name][1], rtol=1e-3)


def test_the_spread_of_one_network_is_that_of_samples_of_its_latents(
    trained: Surrogate, waves: Dataset
) -> None:
    """Against the standard deviation of latents drawn with the same noise, and its floor."""
    alone = replace(trained, ensemble=replace(trained.ensemble, gp_weight=0.0, calibration=None))
    conditions = waves.conditions.select([3])
    with torch.inference_mode():
        scaled = torch.from_numpy(trained.condition_scaler.transform(conditions).astype(np.float32))
        latents = trained.networks.conditioner(Inputs(scaled))
        noise = torch.randn(
            6, 1, latents.mean.shape[1], generator=torch.Generator().manual_seed(4)
        )[:, 0]
        drawn = latents.mean + latents.log_std.exp() * noise
        coefficients = trained.networks.vae.decode(
            trained.networks.vae.latents_from_flat(drawn)
        ).numpy()
    variance = trained.reduction.decode(coefficients).var(0, ddof=1)
    predicted = alone.predict(conditions, samples=6, seed=4)
    std = predicted["std"].values[0]
    np.testing.assert_allclose(
        std, np.sqrt(variance + VARIANCE_FLOOR * variance.mean()), rtol=1e-3, atol=1e-4
    )
    half = (predicted["upper"] - predicted["lower"]).values[0] / 2
    np.testing.assert_allclose(half, norm.ppf(0.95) * std, rtol=1e-2, atol=1e-4)
    assert any("not calibrated" in warning for warning in predicted.attrs["warnings"])


@pytest.mark.parametrize(
    ("runs", "known"), [(1, "other runs is unknown"), (2, "70 % to 98 %"), (10, None)]
)
def test_an_interval_of_few_runs_comes_with_a_warning(
    ensemble: Surrogate,
    waves: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    runs: int,
    known: str | None,
) -> None:
    """Once, however many batches there are, and where an interval is asked for alone."""
    monkeypatch.setattr(simulgenvae.surrogate.predict, "BATCH_BYTES", 1)
    left_out = (0.7, 0.98) if runs == 2 else ()
    calibrated = replace(
        ensemble.ensemble,
        calibration=Calibration(
            std_factor=1.0, interval_factor=2.0, runs=runs, left_out_coverage=left_out
        ),
    )
    surrogate, some = replace(ensemble, ensemble=calibrated), waves.conditions.select([0, 1])
    found = [
        line
        for line in surrogate.predict(some, samples=2).attrs["warnings"]
        if "validation run" in line
    ]
    assert len(found) == (known is not None)
    assert all(str(known) in line for line in found)
    assert [
        line for line in surrogate.warnings(some, samples=2) if "validation run" in line
    ] == found
    assert surrogate.predict(some).attrs["warnings"] == surrogate.warnings(some)
    assert not any("validation run" in line for line in surrogate.warnings(some))


def test_the_interval_contains_the_prediction(ensemble: Surrogate, waves: Dataset) -> None:
    predicted = ensemble.predict(waves.conditions, samples=2)
    fields, lower, upper = (predicted[name].values for name in ("fields", "lower", "upper"))
    assert lower.dtype == upper.dtype == np.float32
    assert predicted["lower"].dims == predicted["upper"].dims == predicted["fields"].dims
    assert (lower < fields).all()
    assert (fields < upper).all()
    assert (predicted["std"] > 0).all()
    calibration = ensemble.ensemble.calibration
    expected = calibration.interval_factor / calibration.std_factor * predicted["std"].values
    np.testing.assert_allclose((upper - lower) / 2, expected, rtol=1e-2, atol=1e-5)


def test_the_expected_error_is_what_the_standard_deviations_amount_to(
    ensemble: Surrogate, waves: Dataset
) -> None:
    rows = ensemble.split.rows(waves.ids)
    learned = np.concatenate([rows[split] for split in ensemble.info.learned_splits])
    scale = VariableScale.fit(waves.run(int(row)) for row in learned)
    predicted = ensemble.predict(waves.conditions, samples=2)
    squares = np.square(predicted["std"].values / scale.spread).sum(axis=(1, 2, 3))
    sizes = np.square((predicted["fields"].values - scale.mean) / scale.spread).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(predicted["expected_error"], np.sqrt(squares / sizes), rtol=2e-2)
    without = ensemble.predict(waves.conditions)
    np.testing.assert_allclose(without["expected_error"], predicted["expected_error"], rtol=1e-4)


def test_an_error_is_expected_only_where_the_spread_is_known_and_calibrated(
    trained: Surrogate, ensemble: Surrogate, waves: Dataset
) -> None:
    conditions = waves.conditions.select([0])
    for surrogate in (trained, ensemble):
        uncalibrated = replace(surrogate, ensemble=replace(surrogate.ensemble, calibration=None))
        for samples in (0, 4):
            assert "expected_error" in surrogate.predict(conditions, samples=samples)
            assert "expected_error" not in uncalibrated.predict(conditions, samples=samples)


def test_a_single_network_is_sampled_for_the_expected_error_and_shows_no_samples(
    trained: Surrogate, waves: Dataset
) -> None:
    """As often as for its calibration."""
    predicted, sampled = (
        trained.predict(waves.conditions, samples=samples)
        for samples in (0, EXPECTED_ERROR_LATENTS)
    )
    assert len(trained.ensemble.members) == 1
    np.testing.assert_allclose(predicted["expected_error"], sampled["expected_error"], rtol=1e-5)
    assert "std" not in predicted
    alone = trained.predict(waves.conditions.select([3]))
    np.testing.assert_allclose(alone["expected_error"], predicted["expected_error"][[3]], rtol=1e-3)


def test_members_are_what_predicts(ensemble: Surrogate, waves: Dataset) -> None:
    """Their weighted mean, where the Gaussian processes have no weight."""
    parts = replace(ensemble.ensemble, member_weights=(0.5, 0.5), gp_weight=0.0)
    assert ensemble.networks is parts.members[0]
    one = replace(parts, members=parts.members[:1], member_weights=(1.0,))
    alone = [
        replace(ensemble, ensemble=replace(one, members=(member,))).predict(waves.conditions)[
            "fields"
        ]
        for member in parts.members
    ]
    together = replace(ensemble, ensemble=parts).predict(waves.conditions)["fields"]
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    np.testing.assert_allclose(together, (alone[0] + alone[1]) / 2, rtol=1e-5, atol=1e-5)


def test_designs_are_new_away_from_the_training_runs(trained: Surrogate, waves: Dataset) -> None:
    conditions, _ = _training(trained, waves)
    assert (trained.predict(conditions)["novelty"] < 0.2).all()
    far = Conditions(
        ("near", "far"), waves.conditions.names, np.array([conditions.table[0], [9.0, -9.0]])
    )
    predicted = trained.predict(far)
    assert predicted["novelty"][1] > 1
    (warning,) = (line for line in predicted.attrs["warnings"] if "novelty" in line)
    assert warning.startswith("run 'far'")


def test_more_than_the_memory_is_refused(
    trained: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.utils.resources.available_memory", lambda: 20_000)
    with pytest.raises(UserError, match="predicting 12 designs at once"):
        trained.predict(waves.conditions)
    with pytest.raises(UserError, match="decoding 1 runs of 500 times"):
        next(
            trained.predict_batches(waves.conditions.select([0]), times=np.linspace(0.0, 1.0, 500))
        )
    with pytest.raises(UserError, match="decoding 99 runs"):
        trained.sample(99)
    assert trained.predict(waves.conditions.select([0])).sizes["run"] == 1


def test_more_samples_converge(trained: Surrogate, waves: Dataset) -> None:
    few, many, more = (
        trained.predict(waves.conditions, samples=count, seed=count)["std"].values.mean()
        for count in (20, 200, 400)
    )
    assert many == pytest.approx(more, rel=0.2)
    assert few == pytest.approx(more, rel=0.6)


def test_times_between_the_trained_ones(trained: Surrogate, waves: Dataset) -> None:
    grid = trained.predict(waves.conditions)["fields"].values
    middle = (waves.times[1:] + waves.times[:-1]) / 2
    between = trained.predict(waves.conditions, times=middle)
    np.testing.assert_array_equal(between["time"], middle)
    values = between["fields"].values
    assert values.shape == (12, 7, 30, 1)
    scale = np.abs(np.diff(grid, axis=1)).max()
    np.testing.assert_allclose(values, (grid[:, 1:] + grid[:, :-1]) / 2, atol=scale)
    again = trained.predict(waves.conditions, times=waves.times[[6, 1]])["fields"].values
    np.testing.assert_allclose(again, grid[:, [6, 1]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ([0.5, 1.5], "Time 1.5 is outside the trained span 0 to 1"),
        ([-0.1], "Time -0.1 is outside"),
        ([0.5, np.nan], "Time nan is outside"),
        ([np.inf], "Time inf is outside"),
        ([], "No times"),
    ],
)
def test_times_that_cannot_be_predicted(
    trained: Surrogate, waves: Dataset, times: list[float], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        trained.predict(waves.conditions, times=np.array(times))


def test_the_convolutional_decoder_knows_only_the_training_times(
    convolutional: Surrogate, waves: Dataset
) -> None:
    predicted = convolutional.predict(waves.conditions, times=waves.times)
    assert predicted["fields"].shape == waves.shape
    with pytest.raises(UserError, match="convolutional decoder"):
        convolutional.predict(waves.conditions, times=waves.times[:3])


def test_designs_outside_the_trained_range_are_named(trained: Surrogate, waves: Dataset) -> None:
    far = Conditions(("inside", "far"), waves.conditions.names, np.array([[1.0, 1.0], [9.0, 1.0]]))
    predicted = trained.predict(far)
    (warning,) = (line for line in predicted.attrs["warnings"] if "trained range" in line)
    assert "'far'" in warning
    assert "amplitude" in warning
    assert np.isfinite(predicted["fields"]).all()


@pytest.mark.parametrize("weight", [0.0, 0.4])
def test_designs_beyond_what_networks_can_say_have_an_infinite_spread(
    ensemble: Surrogate, waves: Dataset, weight: float
) -> None:
    mixed = replace(ensemble, ensemble=replace(ensemble.ensemble, gp_weight=weight))
    table = np.array([[1.0, 1.0], [1e30, 1.0]])
    found = mixed.predict(Conditions(("inside", "far"), waves.conditions.names, table), samples=12)
    assert np.isnan(found["fields"][1]).all()
    assert (found["std"][1] == np.inf).all()
    assert (found["lower"][1] == -np.inf).all()
    assert (found["upper"][1] == np.inf).all()
    assert found["expected_error"][1] == np.inf
    (warning,) = (line for line in found.attrs["warnings"] if "beyond what" in line)
    assert warning.startswith("run 'far' is beyond what the model can say")
    for name in ("fields", "std", "lower", "upper", "expected_error"):
        assert np.isfinite(found[name][0]).all(), name


def test_warnings_of_all_batches_are_kept(
    trained: Surrogate, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulgenvae.surrogate.predict, "BATCH_BYTES", 1)
    far = Conditions(("a", "b"), waves.conditions.names, np.array([[9.0, 1.0], [1.0, 9.0]]))
    warnings = [line for line in trained.predict(far).attrs["warnings"] if "trained range" in line]
    assert [line.split(":")[0] for line in warnings] == ["run 'a'", "run 'b'"]


def test_other_parameters_and_no_designs_are_refused(trained: Surrogate, waves: Dataset) -> None:
    swapped = Conditions(waves.ids, waves.conditions.names[::-1], waves.conditions.table)
    with pytest.raises(UserError, match="trained with amplitude, speed"):
        trained.predict(swapped)
    with pytest.raises(UserError, match="no design"):
        trained.predict(waves.conditions.select([]))


def test_random_fields(trained: Surrogate, waves: Dataset) -> None:
    sampled = trained.sample(5)
    assert sampled["fields"].shape == (5, 8, 30, 1)
    assert len(set(sampled["run"].values)) == 5
    assert np.isfinite(sampled["fields"]).all()
    np.testing.assert_array_equal(trained.sample(5)["fields"], sampled["fields"])
    assert not np.array_equal(trained.sample(5, seed=1)["fields"], sampled["fields"])
    with pytest.raises(UserError, match="train again to draw fields"):
        replace(trained, training_latents=None).sample(5)


def test_float64_input(trained: Surrogate, waves: Dataset) -> None:
    run = waves.run(0)
    np.testing.assert_allclose(
        trained.reconstruct(run.astype(np.float64)), trained.reconstruct(run), rtol=1e-4
    )
    assert trained.reconstruct(run.astype(np.float64)).dtype == np.float32


def test_a_run_of_another_shape_is_refused(trained: Surrogate, waves: Dataset) -> None:
    with pytest.raises(UserError, match=r"shape \(8, 30, 1\) .* not \(8, 30\)"):
        trained.reconstruct(waves.run(0)[..., 0])


def test_a_conditioner_alone_needs_a_vae(waves: Dataset, make_settings: MakeSettings) -> None:
    with pytest.raises(UserError, match="learns from a trained VAE"):
        fit(waves, make_settings(2), stages=["conditioner"])


def test_only_the_vae(waves: Dataset, make_settings: MakeSettings) -> None:
    surrogate = fit(waves, make_settings(2), stages=["vae"])
    assert surrogate.reconstruct(waves.run(0)).shape == waves.run(0).shape
    with pytest.raises(UserError, match="Only the VAE is trained"):
        surrogate.predict(waves.conditions)


AWKWARD: dict[str, dict[str, Any]] = {
    "one timestep": {"timesteps": 1},
    "two timesteps": {"timesteps": 2},
    "three runs": {"runs": 3},
    "three variables": {"variables": 3},
    "one node": {"nodes": 1},
    "prime sizes": {"runs": 7, "timesteps": 13, "nodes": 31},
    "uneven times": {"timesteps": 5, "times": np.array([-1.0, 0.0, 0.1, 5.0, 70.0])},
}


@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
@pytest.mark.parametrize("reduction", ["pod", "none"])
@pytest.mark.parametrize("shape", AWKWARD)
def test_awkward_shapes(
    make_waves: MakeWaves, make_settings: MakeSettings, shape: str, reduction: str, decoder: str
) -> None:
    dataset = make_waves(**AWKWARD[shape])
    settings = make_settings(2, model={"decoder": decoder})
    settings = settings.model_copy(
        update={"reduction": settings.reduction.model_copy(update={"method": reduction})}
    )
    surrogate = fit(dataset, settings)
    predicted = surrogate.predict(dataset.conditions, samples=2)
    assert predicted["fields"].shape == predicted["std"].shape == dataset.shape
    assert np.isfinite(predicted["fields"]).all()
    np.testing.assert_array_equal(predicted["time"], dataset.times)
    assert surrogate.reconstruct(dataset.run(0)).shape == dataset.shape[1:]
    assert surrogate.sample(1)["fields"].shape == (1, *dataset.shape[1:])
    if decoder == "modulated" and len(dataset.times) > 1:
        middle = dataset.times[:-1] + np.diff(dataset.times) / 3
        assert np.isfinite(surrogate.predict(dataset.conditions, times=middle)["fields"]).all()


def test_no_validation_runs(waves: Dataset, make_settings: MakeSettings) -> None:
    surrogate = fit(waves, make_settings(2), split=Split(waves.ids[:10], (), waves.ids[10:]))
    assert [entry.stage for entry in surrogate.info.history] == ["end_to_end", "end_to_end_encoder"]


def test_runs_are_read_from_disk_as_from_memory(
    waves: Dataset, make_settings: MakeSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("store") / "dataset.zarr"
    waves.save(path)
    one, two = (
        fit(data, make_settings(2)).predict(waves.conditions)
        for data in (waves, Dataset.open(path))
    )
    np.testing.assert_array_equal(one["fields"], two["fields"])


@pytest.fixture(scope="module")
def study(
    waves: Dataset, make_settings: MakeSettings, tmp_path_factory: pytest.TempPathFactory
) -> StudyFolder:
    study = StudyFolder(tmp_path_factory.mktemp("study"))
    fit(waves, make_settings(3, end_to_end={"from_scratch": False}), study=study)
    return study


@pytest.mark.parametrize("weight", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["trained", "ensemble"])
def test_saved_and_loaded_predicts_the_same_bits(
    request: pytest.FixtureRequest, waves: Dataset, tmp_path: Path, kind: str, weight: float
) -> None:
    trained = request.getfixturevalue(kind)
    trained = replace(trained, ensemble=replace(trained.ensemble, gp_weight=weight))
    study = StudyFolder(tmp_path)
    trained.save(study)
    loaded = Surrogate.load(study)
    for times in (None, np.array([0.1, 0.77])):
        before = trained.predict(waves.conditions, times=times, samples=3)
        assert loaded.predict(waves.conditions, times=times, samples=3).identical(before)
    np.testing.assert_allclose(
        loaded.reconstruct(waves.run(0)), trained.reconstruct(waves.run(0)), rtol=1e-5
    )
    assert loaded.settings == trained.settings
    assert loaded.split == trained.split
    assert loaded.info == trained.info
    assert loaded.condition_scaler == trained.condition_scaler


def test_documented_latents_are_the_posterior_means(study: StudyFolder, waves: Dataset) -> None:
    loaded = Surrogate.load(study)
    z, h = np.load(study.latents_file), np.load(study.hierarchical_latents_file)
    assert z.shape == (12, 4)
    assert h.shape == (12, 1, 2)
    latents = loaded.encode(waves.run(5), refine=False)
    np.testing.assert_allclose(z[5], latents.z[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(h[5], latents.h[0], rtol=1e-5, atol=1e-6)


def test_the_surrogate_of_an_earlier_stage(study: StudyFolder, waves: Dataset) -> None:
    loaded = Surrogate.load(study)
    after = {
        stage: surrogate_at_stage(loaded, study, stage).predict(waves.conditions)
        for stage in ("conditioner", "end_to_end")
    }
    first = replace(
        loaded.ensemble,
        members=(loaded.networks,),
        member_weights=(1.0,),
        pod_gp=None,
        gp_weight=0.0,
        calibration=None,
    )
    assert after["end_to_end"].identical(replace(loaded, ensemble=first).predict(waves.conditions))
    assert not after["conditioner"].equals(after["end_to_end"])
    vae = surrogate_at_stage(loaded, study, "vae")
    assert not np.array_equal(vae.reconstruct(waves.run(0)), loaded.reconstruct(waves.run(0)))
    with pytest.raises(UserError, match="Only the VAE is trained"):
        vae.predict(waves.conditions)


def test_a_damaged_stage_is_refused(study: StudyFolder, tmp_path: Path) -> None:
    loaded, copy = Surrogate.load(study), StudyFolder(tmp_path)
    weights, about = read_tensors(study.checkpoints / "vae.safetensors")
    weights.pop("vae.times")
    write_tensors(copy.checkpoints / "vae.safetensors", weights, about)
    with pytest.raises(UserError, match="damaged"):
        surrogate_at_stage(loaded, copy, "vae")
    for identity in (None, 3, {}, {"settings": 5}):
        write_tensors(copy.checkpoints / "vae.safetensors", weights, {"identity": identity})
        with pytest.raises(UserError, match="another training"):
            surrogate_at_stage(loaded, copy, "vae")


def test_the_stage_of_another_training_is_refused(
    study: StudyFolder,
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    other = StudyFolder(tmp_path_factory.mktemp("other"))
    surrogate = fit(waves, make_settings(3, model={"latent_dim": 5}), study=other)
    with pytest.raises(UserError, match="another training"):
        surrogate_at_stage(surrogate, study, "vae")
    with pytest.raises(UserError, match="does not exist"):
        surrogate_at_stage(surrogate, StudyFolder(other.folder / "nowhere"), "vae")


def test_a_vae_of_other_data_is_no_start(
    study: StudyFolder, make_waves: MakeWaves, make_settings: MakeSettings
) -> None:
    start = load_warm_start(study.vae_file, study, make_settings(3), conditioner=False)
    with pytest.raises(UserError, match="other data"):
        fit(make_waves(runs=13), make_settings(3), start=start, stages=["conditioner"])
