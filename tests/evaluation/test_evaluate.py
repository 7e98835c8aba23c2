"""Evaluation from a data set to files on disk."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.figures import mesh_figures as rendered
from simulgenvae.evaluation.figures.make import CAPTIONS
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.presentation import method_names, methods
from simulgenvae.evaluation.report.model_card import model_card
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.settings import EvaluationSettings, Settings, StudyFolder
from simulgenvae.surrogate.at_stage import surrogate_at_stage
from simulgenvae.training.identity import comparable
from simulgenvae.utils.progress import WorkLog, progress_on


def with_info(surrogate: Any, **changes: object) -> Any:
    """Return the surrogate with other facts about its training."""
    return replace(surrogate, info=surrogate.info.model_copy(update=changes))


def png_width(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:20], "big")


def test_files_and_content(evaluated: tuple[dict[str, Any], StudyFolder]) -> None:
    metrics, study = evaluated
    assert json.loads(study.metrics_file.read_text(encoding="utf-8")) == metrics
    assert study.report_file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (study.output / "temporal_worst.png").read_bytes().startswith(b"\x89PNG")
    assert png_width(study.output / "nodal_worst_1.png") == 110 * 12
    assert not list(study.output.glob(".*"))
    assert set(metrics["errors"]) == set(methods())
    assert list(metrics["errors"]["prediction"]["test"]["per_run"]) == ["run<10>", "run<11>"]
    assert metrics["errors"]["reconstruction"]["train"]["runs"] == 8
    assert metrics["timing"]["seconds_for_one_run"] > 0
    assert study.model_card_file.read_text(encoding="utf-8") == model_card(metrics)


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


def test_every_kind_of_figure_is_a_file(evaluated: tuple[dict[str, Any], StudyFolder]) -> None:
    metrics, study = evaluated
    found = {path.name for path in study.output.iterdir() if path.suffix in {".png", ".gif"}}
    assert found == set(metrics["figures"])
    for kind in set(CAPTIONS) - {"temporal", "nodal", *rendered.CAPTIONS}:
        assert f"{kind}.png" in metrics["figures"]


def test_physics_is_that_of_the_runs_that_nothing_has_seen(
    dataset: Any, trained: Any, evaluated: tuple[dict[str, Any], StudyFolder]
) -> None:
    metrics, _ = evaluated
    assert metrics["settings"]["evaluation"] == {"checks": ["<i>hot: `T<script>` - 293"]}
    physics = metrics["physics"]
    check = physics["quantities"][-1]
    assert (check["of"], check["expression"], physics["runs"]) == ("<i>hot", "`T<script>` - 293", 2)
    row = dataset.ids.index(physics["typical_run"])
    fields = trained.predict(dataset.conditions.select([row]))["fields"].to_numpy()[0]
    weights = NodalVolumes.of(dataset.mesh, 24).values
    np.testing.assert_allclose(
        check["typical"]["prediction"], (fields[..., 0] - 293.0) @ weights, rtol=1e-4
    )
    errors = metrics["errors"]["prediction"]["test"]["per_run"]
    assert errors[physics["typical_run"]] == min(errors.values())


def test_uncertainty_is_that_of_the_surrogate(
    dataset: Any, trained: Any, evaluated: tuple[dict[str, Any], StudyFolder]
) -> None:
    found = evaluated[0]["uncertainty"]
    assert (found["level"], found["calibration_runs"]) == (0.9, 2)
    assert tuple(found["left_out_coverage"]) == trained.ensemble.calibration.left_out_coverage
    assert [found[split]["runs"] for split in ("validation", "test")] == [2, 2]
    assert "train" not in found
    predicted = trained.predict(dataset.conditions.select([11]), samples=16)
    truth = dataset.run(11)
    inside = (truth >= predicted["lower"].to_numpy()[0]) & (
        truth <= predicted["upper"].to_numpy()[0]
    )
    one = found["test"]["per_run"]["run<11>"]
    assert one["coverage"] == pytest.approx(inside.mean())
    assert one["novelty"] == pytest.approx(float(predicted["novelty"][0]))
    assert one["relative_l2"] == evaluated[0]["errors"]["prediction"]["test"]["per_run"]["run<11>"]


def test_latents_and_inputs_are_looked_at(
    dataset: Any, evaluated: tuple[dict[str, Any], StudyFolder]
) -> None:
    metrics, _ = evaluated
    assert sorted(metrics["latents"]["runs"]["ids"]) == sorted(dataset.ids)
    assert metrics["latents"]["reconstruction"]["relative_l2"] == pytest.approx(
        metrics["errors"]["reconstruction"]["test"]["relative_l2"]["mean"], rel=1e-3
    )
    assert (metrics["sensitivity"]["inputs"], metrics["sensitivity"]["split"]) == (
        ["speed", "power"],
        "test",
    )
    assert metrics["sensitivity"]["sobol"] is not None
    assert metrics["trained_ranges"]["speed"]["upper"] == dataset.conditions.table[:8, 0].max()


def test_bad_check_is_refused_before_anything_is_read(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(type(dataset), "run", lambda self, row: read.append(row))
    with pytest.raises(UserError, match="unknown name 'unknown'"):
        evaluate(dataset, surrogate, study, evaluation=EvaluationSettings(checks=("a: unknown",)))
    assert not read
    assert not study.output.exists()


def test_vae_alone_is_refused(dataset: Any, surrogate: Any, study: StudyFolder) -> None:
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
    dataset: Any, trained: Any, evaluated: tuple[dict[str, Any], StudyFolder]
) -> None:
    metrics, surrogate = evaluated[0], trained
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
    assert metrics["errors"]["prediction"]["test"]["per_run"]["run<10>"] == pytest.approx(
        expected, rel=1e-4
    )
    floor = metrics["errors"]["projection_floor"]["train"]["relative_l2"]["mean"]
    assert floor < metrics["errors"]["reconstruction"]["train"]["relative_l2"]["mean"]
    assert metrics["errors"]["nearest_run"]["train"]["relative_l2"]["max"] == pytest.approx(
        metrics["errors"]["projection_floor"]["train"]["relative_l2"]["max"], rel=1e-3
    )


def test_best_reference_is_the_least_of_the_references(
    evaluated: tuple[dict[str, Any], StudyFolder],
) -> None:
    metrics = evaluated[0]
    means = {name: metrics["errors"][name]["test"]["relative_l2"]["mean"] for name in methods()}
    best = metrics["best_reference"]
    assert best["relative_l2"] == min(
        means[name] for name in ("mean_run", "nearest_run", "pod_rbf", "pod_gpr")
    )
    assert best["relative_l2"] == means[best["name"]]
    assert metrics["ratio_to_best_reference"] == pytest.approx(
        means["prediction"] / best["relative_l2"]
    )
    for part in ("networks", "gaussian_processes"):
        assert metrics[f"{part}_ratio_to_best_reference"] == pytest.approx(
            means[part] / best["relative_l2"]
        )
    worst = metrics["worst_runs"]["train"]
    assert [run["relative_l2"] for run in worst] == sorted(
        (run["relative_l2"] for run in worst), reverse=True
    )


def test_parts_of_the_prediction_stand_beside_it(
    dataset: Any, trained: Any, evaluated: tuple[dict[str, Any], StudyFolder]
) -> None:
    metrics, ensemble = evaluated[0], trained.ensemble
    assert 0 < ensemble.gp_weight < 1, "all three differ"
    assert metrics["combination"] == {
        "members": 2,
        "gaussian_process_weight": ensemble.gp_weight,
        "gaussian_processes": "combined",
    }
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
        found = metrics["errors"][method]["test"]["per_run"]
        assert list(found.values()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("processes", [True, False])
def test_networks_that_predict_alone(
    dataset: Any, surrogate: Any, study: StudyFolder, *, processes: bool
) -> None:
    """Gaussian processes without a weight have their row; where there are none there is no row."""
    surrogate = with_info(surrogate, stages=("end_to_end",), history=())
    ensemble = replace(surrogate.ensemble, gp_weight=0.0, **({} if processes else {"pod_gp": None}))
    metrics = evaluate(dataset, replace(surrogate, ensemble=ensemble), study, figures=False)
    assert metrics["errors"]["networks"] == metrics["errors"]["prediction"]
    assert ("gaussian_processes" in metrics["errors"]) == processes
    assert metrics["combination"]["gaussian_processes"] == ("combined" if processes else "none")
    page = study.report_file.read_text(encoding="utf-8")
    combined = "weight of Gaussian processes 0" if processes else "Gaussian processes: none"
    assert all(name in page for name in (f"Surrogate ({combined})", "Networks alone (2)"))
    assert ("Gaussian processes alone" in page) == processes


def test_stages_side_by_side(dataset: Any, surrogate: Any, with_checkpoints: StudyFolder) -> None:
    metrics = evaluate(dataset, surrogate, with_checkpoints, figures=False)
    stages, errors = metrics["stages"], metrics["errors"]
    assert list(stages) == ["vae", "conditioner", "end_to_end"]
    assert stages["vae"]["test"] != errors["reconstruction"]["test"]["relative_l2"]
    assert stages["end_to_end"]["test"] == errors["networks"]["test"]["relative_l2"]
    assert stages["end_to_end"]["test"] != errors["prediction"]["test"]["relative_l2"]
    scale = VariableScale.fit(dataset.run(row) for row in range(8))
    earlier = surrogate_at_stage(surrogate, with_checkpoints, "conditioner").predict(
        dataset.conditions.select([10, 11])
    )
    expected = [
        relative_l2(field, dataset.run(row), scale)[0]
        for field, row in zip(earlier["fields"].to_numpy(), (10, 11), strict=True)
    ]
    assert stages["conditioner"]["test"]["mean"] == pytest.approx(np.mean(expected), rel=1e-5)
    page = with_checkpoints.report_file.read_text(encoding="utf-8")
    assert "VAE: reconstruction" in page
    assert "Conditioner: prediction of the networks" in page
    assert not any("left out" in note for note in metrics["notes"])


def test_text_from_the_model_file_is_no_file_name(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    entry = HistoryEntry(stage="end_to_end", step=1, train=float("nan"), validation=1.0)
    surrogate = with_info(surrogate, stages=("../../vae", "end_to_end"), history=(entry,))
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert list(metrics["stages"]) == ["end_to_end"]
    assert metrics["surrogate"]["history"][0]["train"] is None


def test_stage_without_checkpoint_is_named(
    dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert list(metrics["stages"]) == ["end_to_end"]
    left_out = [note for note in metrics["notes"] if "left out" in note]
    assert ["stage vae" in note for note in left_out] == [True, False]


def test_without_unseen_runs_nothing_is_compared(
    dataset: Any, train_shortly: Any, study: StudyFolder
) -> None:
    everything = train_shortly(dataset, Split(dataset.ids, (), ()))
    metrics = evaluate(dataset, everything, study)
    assert metrics["compared_split"] == "train"
    assert metrics["ratio_to_best_reference"] is None
    assert metrics["errors"]["prediction"]["test"] == {"runs": 0}
    assert metrics["uncertainty"]["test"] == metrics["uncertainty"]["validation"] == {"runs": 0}
    page = study.report_file.read_text(encoding="utf-8")
    assert "There are no test runs" in page
    assert ">Uncertainty<" not in page
    assert "## Uncertainty" not in study.model_card_file.read_text(encoding="utf-8")


def test_references_that_do_not_fit_into_memory_are_named(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate = with_info(surrogate, stages=("end_to_end",), history=())
    monkeypatch.setattr("simulgenvae.evaluation.compare.available_memory", lambda: 10)
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert metrics["best_reference"] is None
    assert set(metrics["errors"]).isdisjoint(metrics["references"])
    assert metrics["networks_ratio_to_best_reference"] is None
    assert "references were left out" in study.report_file.read_text(encoding="utf-8")


def test_uncertainty_that_does_not_fit_into_memory_is_named(
    dataset: Any, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = type(surrogate).predict

    def refusing(self: Any, conditions: Any, *, samples: int = 0, **more: Any) -> Any:
        if samples and conditions.ids == ("run<11>",):
            raise UserError("predicting 1 designs at once needs 9 GB")
        return predict(self, conditions, samples=samples, **more)

    monkeypatch.setattr(type(surrogate), "predict", refusing)
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert (
        "The uncertainty of test runs is left out: predicting 1 designs at once needs 9 GB"
        in metrics["notes"]
    )
    assert (metrics["uncertainty"]["validation"]["runs"], metrics["uncertainty"]["test"]) == (
        2,
        {"runs": 0},
    )


def test_pictures_as_conditions(
    pictured: Any, split: Split, train_shortly: Any, study: StudyFolder
) -> None:
    surrogate = train_shortly(pictured, split)
    metrics = evaluate(pictured, surrogate, study)
    data = metrics["data"]
    assert data["images"] == {"width": 8, "height": 8, "channels": 1, "size": 8}
    assert data["parameters"] == list(pictured.conditions.names)
    assert set(metrics["errors"]) == set(methods())
    assert metrics["errors"]["pod_rbf"]["test"]["relative_l2"]["mean"] < (
        0.5 * metrics["errors"]["mean_run"]["test"]["relative_l2"]["mean"]
    )
    assert metrics["errors"]["nearest_run"]["train"]["relative_l2"]["max"] < 0.01
    assert "image_components" in metrics["references"]["pod_gpr"]
    page = study.report_file.read_text(encoding="utf-8")
    assert method_names(metrics)["pod_rbf"] in page
    assert "one image: 8 x 8 grey" in page
    assert "principal components" in page
    assert (
        png_width(study.output / "nodal_worst_1.png") == 110 * 14
    )  # the picture adds two inches to twelve


def test_parameters_alone_have_no_picture(dataset: Any, surrogate: Any, study: StudyFolder) -> None:
    assert evaluate(dataset, surrogate, study, figures=False)["data"]["images"] is None
    page = study.report_file.read_text(encoding="utf-8")
    assert "2 parameter(s): speed, power" in page
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
