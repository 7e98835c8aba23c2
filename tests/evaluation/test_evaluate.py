"""Evaluation from a data set to files on disk."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.baselines import BASELINES
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.analyses.quantities import QuantityChecks
from simulgenvae.evaluation.compare import compare
from simulgenvae.evaluation.figures import mesh_figures, style
from simulgenvae.evaluation.figures.make import CAPTIONS
from simulgenvae.evaluation.methods import methods
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale, relative_l2
from simulgenvae.evaluation.report.model_card import model_card
from simulgenvae.evaluation.results import Combination, EvaluationResult
from simulgenvae.evaluation.results.study import ImageSummary
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from simulgenvae.models.networks import Networks
from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.quantities import read_quantities
from simulgenvae.settings import EvaluationSettings, Settings, StudyFolder
from simulgenvae.surrogate.at_stage import surrogate_at_stage
from simulgenvae.surrogate.predict import Predictor
from simulgenvae.surrogate.quantities import QuantityPredictor, domain_of
from simulgenvae.training.identity import comparable
from simulgenvae.utils.progress import WorkLog, progress_on


def with_info(surrogate: Any, **changes: object) -> Any:
    """Return the surrogate with other facts about its training."""
    return replace(surrogate, info=surrogate.info.model_copy(update=changes))


def png_width(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:20], "big")


def test_files_and_content(evaluated: tuple[EvaluationResult, StudyFolder]) -> None:
    result, study = evaluated
    assert EvaluationResult.read(study.metrics_file) == result
    assert result.name == study.folder.resolve().name
    assert study.report_file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (study.output / "temporal_worst.png").read_bytes().startswith(b"\x89PNG")
    assert png_width(study.output / "nodal_worst_1.png") == round(110 * style.WIDTH)
    assert not list(study.output.glob(".*"))
    assert set(result.errors) == {method.name for method in methods(result)} | set(BASELINES)
    assert list(result.errors["prediction"]["test"].per_run) == ["run<10>", "run<11>"]
    assert result.errors["reconstruction"]["train"].runs == 8
    assert result.timing.seconds_for_one_run > 0
    assert study.model_card_file.read_text(encoding="utf-8") == model_card(result)


def test_it_can_be_followed_in_lines(
    dataset: Any,
    trained: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.modules[evaluate.__module__], "WorkLog", partial(WorkLog, every=0.0))
    with progress_on():
        evaluate(dataset, trained, StudyFolder(tmp_path), figures=False)
    lines = capsys.readouterr().err.splitlines()
    counts = [
        re.fullmatch("[0-9:]{8}  Evaluating  ([0-9]+) of ([0-9]+)  .+", line) for line in lines
    ]
    assert all(counts), lines
    assert [int(count[1]) for count in counts if count] == list(range(1, len(lines) + 1))
    assert counts[-1]
    assert counts[-1][1] == counts[-1][2]


def test_every_kind_of_figure_is_a_file(evaluated: tuple[EvaluationResult, StudyFolder]) -> None:
    result, study = evaluated
    found = {path.name for path in study.output.iterdir() if path.suffix in {".png", ".gif"}}
    assert found == set(result.figures)
    # There was neither a search for settings nor a cross-validation.
    for kind in set(CAPTIONS) - {"temporal", "nodal", "search", "folds", *mesh_figures.CAPTIONS}:
        assert f"{kind}.png" in result.figures


def test_physics_is_that_of_the_runs_that_nothing_has_seen(
    dataset: Any, trained: Any, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    result, _ = evaluated
    assert result.settings.evaluation.checks == ("<i>hot: `T<script>` - 293",)
    physics = result.physics
    check = physics.quantities[-1]
    assert (check.of, check.expression, physics.runs) == ("<i>hot", "`T<script>` - 293", 2)
    row = dataset.ids.index(physics.typical_run)
    fields = trained.predict(dataset.conditions.select([row]))["fields"].to_numpy()[0]
    weights = NodalVolumes.of(dataset.mesh, 24).values
    np.testing.assert_allclose(
        check.typical.prediction, (fields[..., 0] - 293.0) @ weights, rtol=1e-4
    )
    errors = result.errors["prediction"]["test"].per_run
    assert errors[physics.typical_run] == min(errors.values())


def test_uncertainty_is_that_of_the_surrogate(
    dataset: Any, trained: Any, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    found = evaluated[0].uncertainty
    assert (found.level, found.calibration_runs) == (0.9, 2)
    assert tuple(found.left_out_coverage) == trained.ensemble.calibration.left_out_coverage
    assert [found.splits[split].runs for split in ("validation", "test")] == [2, 2]
    assert "train" not in found.splits
    predicted = trained.predict(dataset.conditions.select([11]), samples=16)
    truth = dataset.run(11)
    inside = (truth >= predicted["lower"].to_numpy()[0]) & (
        truth <= predicted["upper"].to_numpy()[0]
    )
    one = found.splits["test"].per_run["run<11>"]
    assert one.coverage == pytest.approx(inside.mean())
    assert one.novelty == pytest.approx(float(predicted["novelty"][0]))
    assert one.relative_l2 == evaluated[0].errors["prediction"]["test"].per_run["run<11>"]


def test_latents_and_inputs_are_looked_at(
    dataset: Any, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    result, _ = evaluated
    assert sorted(result.latents.runs.ids) == sorted(dataset.ids)
    # The latents that are looked at are the encoder's own; reconstructions refine them.
    refined = result.errors["reconstruction"]["test"].relative_l2.mean
    assert refined < result.latents.reconstruction.relative_l2
    assert (result.sensitivity.inputs, result.sensitivity.split) == (
        ("speed", "power"),
        "test",
    )
    assert result.sensitivity.sobol is not None
    assert result.trained_ranges["speed"].upper == dataset.conditions.table[:8, 0].max()


def test_bad_check_is_refused_before_anything_is_read(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(type(dataset), "run", lambda self, row: read.append(row))
    with pytest.raises(UserError, match="unknown name 'unknown'"):
        evaluate(dataset, surrogate, study, evaluation=EvaluationSettings(checks=("a: unknown",)))
    assert not read
    assert not study.output.exists()


def test_a_vae_without_the_rest_is_refused(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    with pytest.raises(UserError, match="nothing predicts yet"):
        evaluate(dataset, replace(surrogate, ensemble=None), study)


def test_evaluation_may_differ_from_that_of_the_training() -> None:
    """Of another check than the training's: its checkpoints still belong to it."""
    one, other = (
        {"settings": Settings(evaluation=EvaluationSettings(checks=checks)).model_dump(mode="json")}
        for checks in ((), ("a: u",))
    )
    assert one != other
    assert comparable(one) == comparable(other)


def test_numbers_are_those_of_the_surrogate_in_physical_units(
    dataset: Any, trained: Any, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    result = evaluated[0]
    surrogate = trained
    prediction = (
        surrogate.predict(dataset.conditions.select([10]))["fields"].to_numpy()[0].astype(float)
    )
    truth = dataset.run(10).astype(float)
    train = np.stack([dataset.run(i) for i in range(8)]).astype(float)
    shift, scale = train.mean(axis=(0, 1, 2)), train.std(axis=(0, 1, 2))
    expected = np.linalg.norm((prediction - truth) / scale) / np.linalg.norm(
        (truth - shift) / scale
    )
    # Predicted in a batch it differs by rounding.
    assert result.errors["prediction"]["test"].per_run["run<10>"] == pytest.approx(
        expected, rel=1e-4
    )
    floor = result.errors["projection_floor"]["train"].relative_l2.mean
    assert floor < result.errors["reconstruction"]["train"].relative_l2.mean
    assert result.errors["nearest_run"]["train"].relative_l2.max == pytest.approx(
        result.errors["projection_floor"]["train"].relative_l2.max, rel=1e-3
    )


def test_best_baseline_is_the_one_with_the_least_error(
    evaluated: tuple[EvaluationResult, StudyFolder],
) -> None:
    result = evaluated[0]
    means = {name: result.errors[name]["test"].relative_l2.mean for name in result.errors}
    best = result.best_baseline
    assert best is not None
    assert best.relative_l2 == min(
        means[name] for name in ("mean_run", "nearest_run", "pod_rbf", "pod_gpr")
    )
    assert best.relative_l2 == means[best.name]
    assert best.prediction_ratio == pytest.approx(means["prediction"] / best.relative_l2)
    for part in ("networks", "gaussian_processes"):
        assert getattr(best, f"{part}_ratio") == pytest.approx(means[part] / best.relative_l2)
    worst = result.worst_runs["train"]
    assert [run.relative_error for run in worst] == sorted(
        (run.relative_error for run in worst), reverse=True
    )


def test_parts_of_the_prediction_are_compared_too(
    dataset: Any, trained: Any, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    result = evaluated[0]
    ensemble = trained.ensemble
    assert 0 < ensemble.gp_weight < 1, "all three differ"
    assert result.combination == Combination(
        members=2,
        weight=ensemble.gp_weight,
        gaussian_processes="combined",
        decoders={"modulated": 1.0},
    )
    scale = VariableScale.fit(dataset.run(row) for row in range(8))
    for method, weight in (
        ("networks", 0.0),
        ("prediction", ensemble.gp_weight),
        ("gaussian_processes", 1.0),
    ):
        alone = replace(trained, ensemble=replace(ensemble, gp_weight=weight))
        fields = alone.predict(dataset.conditions.select([10, 11]))["fields"].to_numpy()
        expected = [
            relative_l2(field, dataset.run(row), scale)[0]
            for field, row in zip(fields, (10, 11), strict=True)
        ]
        found = result.errors[method]["test"].per_run
        assert list(found.values()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("processes", [True, False])
def test_networks_that_predict_alone(
    dataset: Any, surrogate: Any, study: StudyFolder, *, processes: bool
) -> None:
    """Gaussian processes without a weight have their row; where there are none there is no row."""
    surrogate = with_info(surrogate, stages=("end_to_end",), history=())
    ensemble = replace(surrogate.ensemble, gp_weight=0.0, **({} if processes else {"pod_gp": None}))
    result = evaluate(dataset, replace(surrogate, ensemble=ensemble), study, figures=False)
    assert result.errors["networks"] == result.errors["prediction"]
    assert ("gaussian_processes" in result.errors) == processes
    assert result.combination.gaussian_processes == ("combined" if processes else "none")
    page = study.report_file.read_text(encoding="utf-8")
    combined = "weight of Gaussian processes 0" if processes else "Gaussian processes: none"
    assert all(name in page for name in (f"Surrogate ({combined})", "Networks only (2)"))
    assert ("Gaussian processes only" in page) == processes


def test_stages_side_by_side(dataset: Any, surrogate: Any, with_checkpoints: StudyFolder) -> None:
    result = evaluate(dataset, surrogate, with_checkpoints, figures=False)
    stages, errors = result.stages, result.errors
    assert list(stages) == ["vae", "conditioner", "end_to_end"]
    assert stages["vae"].splits["test"] != errors["reconstruction"]["test"].relative_l2
    assert stages["end_to_end"].splits["test"] == errors["networks"]["test"].relative_l2
    assert stages["end_to_end"].splits["test"] != errors["prediction"]["test"].relative_l2
    scale = VariableScale.fit(dataset.run(row) for row in range(8))
    earlier = surrogate_at_stage(surrogate, with_checkpoints, "conditioner").predict(
        dataset.conditions.select([10, 11])
    )
    expected = [
        relative_l2(field, dataset.run(row), scale)[0]
        for field, row in zip(earlier["fields"].to_numpy(), (10, 11), strict=True)
    ]
    assert stages["conditioner"].splits["test"].mean == pytest.approx(np.mean(expected), rel=1e-5)
    page = with_checkpoints.report_file.read_text(encoding="utf-8")
    assert "VAE: reconstruction" in page
    assert "Conditioner: prediction of the networks" in page
    assert not any("left out" in note for note in result.notes)


def test_text_from_the_model_file_is_no_file_name(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    entry = HistoryEntry(stage="end_to_end", step=1, train_loss=float("nan"), validation_error=1.0)
    surrogate = with_info(surrogate, stages=("../../vae", "end_to_end"), history=(entry,))
    result = evaluate(dataset, surrogate, study, figures=False)
    assert list(result.stages) == ["end_to_end"]
    assert math.isnan(result.training.history[0].train_loss)
    dump = json.loads(study.metrics_file.read_text(encoding="utf-8"))
    assert dump["training"]["history"][0]["train"] is None


def test_an_undefined_loss_is_read_again(dataset: Any, surrogate: Any, study: StudyFolder) -> None:
    entry = HistoryEntry(stage="end_to_end", step=1, train_loss=float("nan"), validation_error=1.0)
    surrogate = with_info(surrogate, stages=("end_to_end",), history=(entry,))
    evaluate(dataset, surrogate, study, figures=False)
    assert math.isnan(EvaluationResult.read(study.metrics_file).training.history[0].train_loss)


def test_stage_without_checkpoint_is_named(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    result = evaluate(dataset, surrogate, study, figures=False)
    assert list(result.stages) == ["end_to_end"]
    left_out = [note for note in result.notes if "left out" in note]
    assert ["stage vae" in note for note in left_out] == [True, False]


def test_without_unseen_runs_nothing_is_compared(
    dataset: Any, train_shortly: Any, study: StudyFolder
) -> None:
    everything = train_shortly(dataset, Split(dataset.ids, (), ()))
    result = evaluate(dataset, everything, study, figures=False)
    assert result.compared_split == "train"
    assert result.best_baseline is None
    assert result.splits == ("train",)
    assert not result.uncertainty.splits
    page = study.report_file.read_text(encoding="utf-8")
    assert "There are no test runs" in page
    assert ">Uncertainty<" not in page
    assert "## Uncertainty" not in study.model_card_file.read_text(encoding="utf-8")


def test_baselines_that_do_not_fit_into_memory_are_named(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate = with_info(surrogate, stages=("end_to_end",), history=())
    monkeypatch.setattr("simulgenvae.evaluation.compare.training_pass.available_memory", lambda: 10)
    result = evaluate(dataset, surrogate, study, figures=False)
    assert result.best_baseline is None
    assert set(result.errors).isdisjoint(result.baselines)
    assert "baselines were left out" in study.report_file.read_text(encoding="utf-8")


def test_of_many_training_runs_some_are_reconstructed(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "simulgenvae.evaluation.compare.predicted_batch.RECONSTRUCTED_TRAINING_RUNS", 3
    )
    result = evaluate(dataset, surrogate, study, figures=False)
    found = result.errors["reconstruction"]["train"]
    assert list(found.per_run) == [surrogate.split.train[k] for k in (0, 4, 7)]
    error = relative_l2_of_reconstruction(surrogate, dataset, surrogate.split.train[4])
    assert found.per_run[surrogate.split.train[4]] == pytest.approx(error, rel=1e-4)
    assert result.errors["reconstruction"]["test"].runs == len(surrogate.split.test)
    note = "Reconstruction errors of training runs are those of 3 of 8 runs."
    assert note in result.notes


def relative_l2_of_reconstruction(surrogate: Any, dataset: Any, run: str) -> float:
    scale = VariableScale.fit(dataset.run(row) for row in range(8))
    truth = dataset.run(dataset.ids.index(run))
    errors = FieldErrors(dataset.variables, scale)
    errors.add(surrogate.reconstruct(truth), truth)
    return float(errors.joint[0])


def test_uncertainty_that_does_not_fit_into_memory_is_named(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_memory = Predictor.require_memory
    uncertain = itertools.count(1)

    def refusing(self: Predictor, runs: int) -> None:
        # After the two validation runs and one test run.
        if self.samples and next(uncertain) == 4:
            raise UserError("predicting 1 designs at once needs 9 GB")
        require_memory(self, runs)

    monkeypatch.setattr(Predictor, "require_memory", refusing)
    result = evaluate(dataset, surrogate, study, figures=False)
    assert (
        "The uncertainty of test runs is left out: predicting 1 designs at once needs 9 GB"
        in result.notes
    )
    assert {split: found.runs for split, found in result.uncertainty.splits.items()} == {
        "validation": 2
    }


def test_networks_are_evaluated_once(
    dataset: Any, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated = []
    coefficients = Networks.coefficients

    def counting(member: Networks, conditions: Any, scaler: Any, times: Any) -> Any:
        evaluated.append(len(conditions))
        return coefficients(member, conditions, scaler, times)

    monkeypatch.setattr(Networks, "coefficients", counting)
    rows = {"train": np.arange(8), "validation": np.array([8, 9]), "test": np.array([10, 11])}
    group = read_quantities({"peak": "max(`T<script>`)"}, domain_of(trained))
    quantities = QuantityChecks(QuantityPredictor(trained, group), declared=True)
    found = compare(dataset, trained, {}, rows, (), quantities, lambda _: None)
    assert set(found.uncertainty) == {"validation", "test"}
    assert {"prediction", "networks", "gaussian_processes"} <= found.errors.keys()
    assert sum(evaluated) == 12 * len(trained.ensemble.members)


def test_images_as_conditions(
    pictured: Any, split: Split, train_shortly: Any, study: StudyFolder
) -> None:
    surrogate = train_shortly(pictured, split)
    # Figures where there are images alone: tests/cli/test_one_of_everything.py.
    both = bool(pictured.conditions.names)
    result = evaluate(pictured, surrogate, study, figures=both)
    data = result.data
    assert data.images == ImageSummary(width=8, height=8, channels=1, size=8)
    assert data.parameters == pictured.conditions.names
    assert set(result.errors) == {method.name for method in methods(result)} | set(BASELINES)
    assert result.errors["pod_rbf"]["test"].relative_l2.mean < (
        0.5 * result.errors["mean_run"]["test"].relative_l2.mean
    )
    assert result.errors["nearest_run"]["train"].relative_l2.max < 0.01
    assert "image_components" in result.baselines["pod_gpr"]
    page = study.report_file.read_text(encoding="utf-8")
    assert {method.name: method.title for method in methods(result)}["pod_rbf"] in page
    assert "one image: 8 x 8 pixels, grey" in page
    assert "principal components" in page
    if both:
        assert png_width(study.output / "nodal_worst_1.png") == round(110 * style.WIDTH)


def test_designs_of_parameters_have_no_image(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    assert evaluate(dataset, surrogate, study, figures=False).data.images is None
    page = study.report_file.read_text(encoding="utf-8")
    assert "2 parameters: speed, power" in page
    assert "principal components" not in page


def test_other_data_is_refused_and_nothing_written(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    surrogate = with_info(surrogate, data_fingerprint="0" * 64)
    with pytest.raises(UserError, match="not the data that the surrogate"):
        evaluate(dataset, surrogate, study)
    assert not study.output.exists()


def test_failed_write_leaves_the_previous_report(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.output.mkdir()
    study.metrics_file.write_text("previous")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="the disk is full"):
        evaluate(dataset, surrogate, study, figures=False)
    assert [path.name for path in study.output.iterdir()] == ["metrics.json"]
    assert study.metrics_file.read_text() == "previous"
