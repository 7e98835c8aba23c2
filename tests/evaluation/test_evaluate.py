"""Evaluation from a data set to files on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.presentation import METHODS, method_names
from simulgenvae.settings.study import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def png_width(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:20], "big")


def test_files_and_content(dataset: Any, surrogate: Any, study: Study) -> None:
    metrics = evaluate(dataset, surrogate, study)
    assert json.loads(study.metrics_file.read_text(encoding="utf-8")) == metrics
    assert study.report_file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (study.output / "temporal_worst.png").read_bytes().startswith(b"\x89PNG")
    assert png_width(study.output / "nodal_worst_1.png") == 110 * 12
    assert not list(study.output.glob(".*"))
    assert set(metrics["errors"]) == set(METHODS)
    assert list(metrics["errors"]["prediction"]["test"]["per_run"]) == ["run<10>", "run<11>"]
    assert metrics["errors"]["reconstruction"]["train"]["runs"] == 8
    assert metrics["timing"]["seconds_for_one_run"] > 0


def test_numbers_are_those_of_the_surrogate_in_physical_units(dataset: Any, surrogate: Any, study: Study) -> None:
    metrics = evaluate(dataset, surrogate, study, figures=False)
    prediction = surrogate.predict(dataset.conditions.select([10]))["fields"].to_numpy()[0].astype(float)
    truth = dataset.run(10).astype(float)
    train = np.stack([dataset.run(i) for i in range(8)]).astype(float)
    shift, scale = train.mean(axis=(0, 1, 2)), train.std(axis=(0, 1, 2))
    expected = np.linalg.norm((prediction - truth) / scale) / np.linalg.norm((truth - shift) / scale)
    assert metrics["errors"]["prediction"]["test"]["per_run"]["run<10>"] == pytest.approx(expected, rel=1e-6)
    floor = metrics["errors"]["projection_floor"]["train"]["relative_l2"]["mean"]
    assert floor < metrics["errors"]["reconstruction"]["train"]["relative_l2"]["mean"] < 0.02
    assert metrics["errors"]["nearest_run"]["train"]["relative_l2"]["max"] == pytest.approx(
        metrics["errors"]["projection_floor"]["train"]["relative_l2"]["max"], rel=1e-3
    )


def test_best_reference_is_the_least_of_the_references(dataset: Any, surrogate: Any, study: Study) -> None:
    metrics = evaluate(dataset, surrogate, study, figures=False)
    means = {name: metrics["errors"][name]["test"]["relative_l2"]["mean"] for name in METHODS}
    best = metrics["best_reference"]
    assert best["relative_l2"] == min(means[name] for name in ("mean_run", "nearest_run", "pod_rbf", "pod_gpr"))
    assert best["relative_l2"] == means[best["name"]]
    assert metrics["ratio_to_best_reference"] == pytest.approx(means["prediction"] / best["relative_l2"])
    worst = metrics["worst_runs"]["train"]
    assert [run["relative_l2"] for run in worst] == sorted((run["relative_l2"] for run in worst), reverse=True)


def test_stages_side_by_side(dataset: Any, surrogate: Any, study: Study) -> None:
    study.checkpoints.mkdir()
    metrics = evaluate(dataset, surrogate, study, figures=False)
    stages, errors = metrics["stages"], metrics["errors"]
    assert list(stages) == ["vae", "conditioner", "end_to_end"]
    assert stages["vae"]["test"] == errors["reconstruction"]["test"]["relative_l2"]
    assert stages["end_to_end"]["test"] == errors["prediction"]["test"]["relative_l2"]
    assert stages["conditioner"]["test"]["mean"] > stages["end_to_end"]["test"]["mean"]
    page = study.report_file.read_text(encoding="utf-8")
    assert "VAE: reconstruction" in page
    assert "Conditioner: prediction" in page
    assert metrics["notes"] == []


def test_text_from_the_model_file_is_no_file_name(dataset: Any, surrogate: Any, study: Study) -> None:
    study.checkpoints.mkdir()
    surrogate.info |= {"stages": ["../../vae", "end_to_end"], "history": [{"train": float("nan")}]}
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert list(metrics["stages"]) == ["end_to_end"]
    assert metrics["surrogate"]["history"] == [{"train": None}]


def test_stage_without_checkpoint_is_named(dataset: Any, surrogate: Any, study: Study) -> None:
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert list(metrics["stages"]) == ["end_to_end"]
    assert ["stage vae" in note for note in metrics["notes"]] == [True, False]


def test_without_unseen_runs_nothing_is_compared(dataset: Any, surrogate: Any, study: Study) -> None:
    everything = type(surrogate).fit(dataset, type(surrogate.split)(dataset.ids, (), ()))
    metrics = evaluate(dataset, everything, study)
    assert metrics["compared_split"] == "train"
    assert metrics["ratio_to_best_reference"] is None
    assert metrics["errors"]["prediction"]["test"] == {"runs": 0}
    assert "There are no test runs" in study.report_file.read_text(encoding="utf-8")


def test_references_that_do_not_fit_into_memory_are_named(
    dataset: Any, surrogate: Any, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate.info["stages"] = ["end_to_end"]
    monkeypatch.setattr("simulgenvae.evaluation.compare.available_memory", lambda: 10)
    metrics = evaluate(dataset, surrogate, study, figures=False)
    assert metrics["best_reference"] is None
    assert set(metrics["errors"]) == {"prediction", "reconstruction", "projection_floor"}
    assert "references were left out" in study.report_file.read_text(encoding="utf-8")


def test_pictures_as_conditions(pictured: Any, trained: Any, study: Study) -> None:
    surrogate = type(trained).fit(pictured, trained.split)
    metrics = evaluate(pictured, surrogate, study)
    data = metrics["data"]
    assert data["images"] == {"width": 8, "height": 8, "channels": 1, "size": 8}
    assert data["parameters"] == list(pictured.conditions.names)
    assert set(metrics["errors"]) == set(METHODS)
    assert metrics["errors"]["pod_rbf"]["test"]["relative_l2"]["mean"] < (
        0.5 * metrics["errors"]["mean_run"]["test"]["relative_l2"]["mean"]
    )
    assert metrics["errors"]["nearest_run"]["train"]["relative_l2"]["max"] < 0.01
    assert "image_components" in metrics["references"]["pod_gpr"]
    page = study.report_file.read_text(encoding="utf-8")
    assert method_names(data)["pod_rbf"] in page
    assert "one image: 8 x 8 grey" in page
    assert "principal components" in page
    assert png_width(study.output / "nodal_worst_1.png") == 110 * 14  # the picture adds two inches to twelve


def test_parameters_alone_have_no_picture(dataset: Any, surrogate: Any, study: Study) -> None:
    assert evaluate(dataset, surrogate, study, figures=False)["data"]["images"] is None
    page = study.report_file.read_text(encoding="utf-8")
    assert "2 parameter(s): speed, power" in page
    assert "principal components" not in page


def test_other_data_is_refused_and_nothing_written(dataset: Any, surrogate: Any, study: Study) -> None:
    surrogate.info["data_fingerprint"] = "0" * 64
    with pytest.raises(UserError, match="not the data that the surrogate"):
        evaluate(dataset, surrogate, study)
    assert not study.output.exists()


def test_failed_write_leaves_the_previous_report(
    dataset: Any, surrogate: Any, study: Study, monkeypatch: pytest.MonkeyPatch
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
