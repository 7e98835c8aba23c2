"""Several trained models of a study: named, listed, chosen, compared, replaced and removed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simulgenvae
from simulgenvae import Study, UserError
from simulgenvae.settings import Settings
from simulgenvae.study.current import result_files
from simulgenvae.training.checkpoint import last_file

FORMATS = Path(__file__).with_name("formats")
FEW = [
    "training.end_to_end.steps=3",
    "training.end_to_end.members=1",
    "training.end_to_end.refit=false",
    "model.filters=8",
    "model.width=12",
    "model.latent_dim=2",
    "model.hierarchical_dim=1",
    "conditioner.filters=8",
]
DESIGN = {"row": 0.05, "speed": 0.006}


def few(study: Study, *more: str) -> Settings:
    return study.read_settings(overrides=[*FEW, *more])


@pytest.fixture(scope="module")
def two(board: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study with the evaluated models ``model-1`` and ``wide``; the last is the current.

    Tests must not change it.
    """
    folder = shutil.copytree(board, tmp_path_factory.mktemp("two") / "S")
    study = Study.open(folder)
    study.evaluate(figures=False)
    # Gaussian processes that predict alone would be the same in both.
    study.train(few(study, "prediction.gaussian_process=off"), name="wide")
    study.evaluate(figures=False)
    return folder


@pytest.fixture
def study(two: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(two, tmp_path / "S"))


def same(first: Path, second: Path) -> bool:
    return first.read_bytes() == second.read_bytes()


def is_current(study: Study, name: str) -> bool:
    """Return whether a model is the current one, also for programs that know the classic files."""
    model = study.with_model(name)
    files = [path for path in model.model_files if path.exists()]
    results = result_files(model)
    return (
        study.current_model == name
        and all(same(path, study.model_save / path.name) for path in files)
        and all(same(path, study.output / path.name) for path in results)
        and (study.output / "metrics.json").exists() == bool(results)
    )


def test_the_last_one_trained_is_the_current_one(study: Study) -> None:
    assert study.model_names == ("model-1", "wide")
    assert is_current(study, "wide")
    assert not is_current(study, "model-1")
    assert study.load_surrogate().settings.model.width == 12


def test_models_are_chosen_by_their_names(study: Study) -> None:
    loaded = {name: simulgenvae.load(study.folder, model=name) for name in study.model_names}
    values = {name: m.predict(DESIGN).temperature.values for name, m in loaded.items()}
    assert np.abs(values["wide"] - values["model-1"]).max() > 0
    np.testing.assert_array_equal(
        simulgenvae.load(study).predict(DESIGN).temperature.values, values["wide"]
    )
    # A study that was opened with a model keeps it.
    opened = Study.open(study.folder, "model-1")
    assert simulgenvae.load(opened).study == opened
    assert "S, model-1)" in repr(loaded["model-1"])


def test_using_another_model_changes_every_place(study: Study) -> None:
    study.use_model("model-1")
    assert is_current(study, "model-1")
    assert study.load_surrogate().settings.model.width == 8
    study.use_model("wide")
    assert is_current(study, "wide")


def test_a_summary_of_each(study: Study) -> None:
    summaries = {each.name: each for each in study.models()}
    assert [name for name, each in summaries.items() if each.current] == ["wide"]
    for name, each in summaries.items():
        metrics = json.loads(study.with_model(name).metrics_file.read_text())
        test = metrics["errors"]["prediction"]["test"]
        assert each.runs is not None
        assert (each.runs.train, each.runs.test) == (10, test["runs"])
        assert (each.split, each.error) == ("test", test["relative_l2"]["mean"])
        assert each.best_baseline is not None
        assert each.best_baseline.method == metrics["best_baseline"]["name"]
        assert each.note == ""


def test_summaries_say_what_is_wrong_with_a_model(study: Study) -> None:
    study.with_model("wide").metrics_file.unlink()
    study.with_model("model-1").conditioner_file.write_bytes(b"no model")
    first, second = study.models()
    assert "damaged" in first.note
    assert second.note == f"not measured: `simulgenvae evaluate {study.folder} --model wide`"
    assert second.error is None


def test_a_comparison_on_the_same_test_runs(study: Study) -> None:
    found = study.compare_models("model-1", "wide")
    changed = {each.key: (each.first, each.second) for each in found.settings}
    assert changed == {
        "model.width": (8, 12),
        "training.end_to_end.steps": (8, 3),
        "training.end_to_end.members": (2, 1),
        "training.device": ("cpu", "auto"),
        "prediction.gaussian_process": ("auto", "off"),
    }
    assert found.remarks == ()
    measured = found.measured
    assert measured is not None
    assert measured.split == "test"
    split = study.load_surrogate().split
    assert measured.runs == split.test
    summaries = {each.name: each.error for each in study.models()}
    prediction = measured.errors[0]
    assert prediction.method == "prediction"
    assert prediction.first == pytest.approx(summaries["model-1"])
    assert prediction.second == pytest.approx(summaries["wide"])
    assert measured.first_better + measured.second_better <= len(measured.runs)


def test_a_comparison_of_other_splits_or_data_is_said_not_to_be_fair(study: Study) -> None:
    parts = study.load_surrogate().split.parts()
    # A test run and a training run change places.
    swapped = {parts["test"][0]: "train", parts["train"][0]: "test"}
    lines = [f"{run},{swapped.get(run, part)}" for part, ids in parts.items() for run in ids]
    study.split_file.write_text("\n".join(["id,split", *lines, ""]))
    study.train(few(study), name="swapped")
    study.evaluate(figures=False)
    found = study.compare_models("wide", "swapped")
    assert any("not fair: 2 runs have another use" in remark for remark in found.remarks)
    assert found.measured is None
    assert any("measured on different runs" in remark for remark in found.remarks)

    dataset = study.open_dataset()
    fields = np.stack([dataset.run(row) for row in range(12)])
    designs = dataset.conditions.table[:12]
    simulgenvae.fit(designs, fields, settings=few(study), study=study, name="fewer", overwrite=True)
    remarks = study.compare_models("wide", "fewer").remarks
    assert any("trained on different data (fingerprints" in remark for remark in remarks)
    assert any("--model fewer" in remark for remark in remarks)


def test_a_trained_model_is_never_replaced_unasked(study: Study) -> None:
    before = {path: path.read_bytes() for path in study.pinned().model_files}
    for name in (None, "wide", "model-1"):
        with pytest.raises(UserError, match=r"use --name NAME .* --overwrite"):
            study.train(few(study), name=name)
    with pytest.raises(UserError, match="there is a model 'wide'"):
        study.train(few(study), name="Wide")
    with pytest.raises(UserError, match="is no name of a model"):
        study.train(few(study), name="../wide")
    assert {path: path.read_bytes() for path in study.pinned().model_files} == before


def test_a_model_that_is_trained_again_loses_its_results(study: Study) -> None:
    other = study.with_model("model-1").metrics_file.read_bytes()
    drawn = study.output / "own.png"
    drawn.touch()
    study.train(few(study, "model.width=16"), name="wide", overwrite=True)
    assert is_current(study, "wide")
    assert result_files(study.with_model("wide")) == []
    assert study.with_model("model-1").metrics_file.read_bytes() == other
    assert drawn.exists()
    assert "model.width = 16" in study.used_settings_file.read_text()


def test_evaluating_another_model_leaves_the_results_of_the_current_one(study: Study) -> None:
    before = (study.output / "metrics.json").read_bytes()
    study.with_model("model-1").metrics_file.unlink()
    m = simulgenvae.load(study.folder, model="model-1")
    m.evaluate(figures=False)
    assert study.with_model("model-1").metrics_file.exists()
    assert (study.output / "metrics.json").read_bytes() == before


def test_an_interrupted_training_continues_its_name(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulgenvae.surrogate import fit

    with monkeypatch.context() as patch:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(fit, "build_ensemble", interrupt)
        with pytest.raises(KeyboardInterrupt):
            study.train(few(study), name="third")
    assert last_file(study.checkpoints).exists()
    assert is_current(study, "wide")
    assert study.model_names == ("model-1", "wide")
    with pytest.raises(UserError, match="is that of the model 'third'"):
        study.train(few(study), name="wide", resume=True)
    m = study.train(few(study), resume=True)
    assert m.study is not None
    assert m.study.model == "third"
    assert is_current(study, "third")


def test_a_model_is_removed_with_its_results(study: Study) -> None:
    with pytest.raises(UserError, match="'wide' is the current model: first use another"):
        study.remove_model("wide")
    study.remove_model("model-1")
    assert study.model_names == ("wide",)
    assert sorted(path.name for path in study.models_folder.iterdir()) == ["current", "wide"]
    with pytest.raises(UserError, match="has no model 'model-1': its models are wide"):
        study.remove_model("model-1")
    assert is_current(study, "wide")


def test_figures_that_a_file_of_a_stranger_names_are_not_touched(study: Study) -> None:
    outside = study.folder / "photo.png"
    outside.touch()
    metrics = study.pinned().metrics_file
    content = json.loads(metrics.read_text())
    for name in ("../../photo.png", str(outside), "..", "", 3):
        metrics.write_text(json.dumps(content | {"figures": [name]}))
        assert len(result_files(study.pinned())) == 3
    metrics.write_text("[]")
    assert len(result_files(study.pinned())) == 3


def test_a_model_of_an_earlier_version_is_read_and_gets_a_name(tmp_path: Path) -> None:
    study = Study(shutil.copytree(FORMATS / "version_2_2", tmp_path / "S"))
    files = {path.name: path.read_bytes() for path in study.model_files if path.exists()}
    (only,) = study.models()
    assert (only.name, only.current) == ("model-1", True)
    study.use_model("model-1")
    with pytest.raises(UserError, match="is the current model"):
        study.remove_model("model-1")
    assert not study.models_folder.exists()
    with pytest.raises(UserError, match="--name NAME"):
        study.train(few(study))
    assert not study.models_folder.exists()

    study.train(few(study), name="new")
    assert study.model_names == ("model-1", "new")
    first = study.with_model("model-1")
    kept = {path.name: path.read_bytes() for path in first.model_files if path.exists()}
    assert kept == files
    assert first.metrics_file.exists()
    assert first.record_file.exists()
    assert is_current(study, "new")
    study.use_model("model-1")
    assert is_current(study, "model-1")


def test_a_study_in_which_only_the_vae_is_trained(study: Study) -> None:
    settings = few(study, "training.end_to_end.from_scratch=false", "training.vae.steps=2")
    study.train(settings, stage="vae", name="parts")
    (summary,) = [each for each in study.models() if each.name == "parts"]
    assert summary.note == "only the VAE is trained"
    assert not (study.model_save / "Ensemble").exists()
    with pytest.raises(UserError, match="--name parts --stage conditioner"):
        study.load_surrogate()
    found = study.compare_models("wide", "parts")
    assert found.measured is None
    assert any("only the VAE" in remark for remark in found.remarks)


def test_arrays_are_trained_into_a_model_of_a_name(study: Study) -> None:
    dataset = study.open_dataset()
    m = simulgenvae.fit(dataset, settings=few(study), study=study, name="again", overwrite=True)
    assert m.study == replace(study, model="again")
    with pytest.raises(UserError, match="give study=FOLDER too"):
        simulgenvae.fit(dataset, name="again")
