"""Which model of a study is meant; the folders here hold no real models."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Return a study with the models ``a`` and ``b``, of which ``b`` is the current one."""
    for name in ("a", "b"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "SimulGen-VAE").touch()
    (tmp_path / "models/current").write_text("b\n")
    return StudyFolder(tmp_path)


def without_name(folder: Path) -> StudyFolder:
    (folder / "model_save").mkdir()
    (folder / "model_save/SimulGen-VAE").touch()
    return StudyFolder(folder)


def test_the_current_model_is_used_unless_another_one_is_named(study: StudyFolder) -> None:
    assert study.model_names == ("a", "b")
    assert study.vae_file == study.folder / "models/b/SimulGen-VAE"
    assert study.report_file == study.folder / "models/b/report.html"
    named = StudyFolder.open(study.folder, "a")
    assert named.vae_file == study.folder / "models/a/SimulGen-VAE"
    assert named.pinned() == named
    assert study.pinned().model == "b"


def test_a_pinned_study_stays_with_its_model(study: StudyFolder) -> None:
    pinned = study.pinned()
    study.current_file.write_text("a")
    assert (pinned.model, study.pinned().model) == ("b", "a")


def test_a_study_of_an_earlier_version_has_one_model_in_its_place(tmp_path: Path) -> None:
    assert StudyFolder(tmp_path).model_names == ()
    study = without_name(tmp_path)
    assert study.model_names == ("model-1",)
    for each in (study, study.pinned(), StudyFolder.open(tmp_path, "model-1")):
        assert each.model is None
        assert each.vae_file == tmp_path / "model_save/SimulGen-VAE"
        assert each.metrics_file == tmp_path / "output/metrics.json"


def test_a_model_that_does_not_exist_is_refused_with_those_that_do(
    study: StudyFolder, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"has no model 'c': its models are a, b"):
        StudyFolder.open(study.folder, "c")
    with pytest.raises(UserError, match="is no name of a model"):
        StudyFolder.open(study.folder, "../a")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no model is trained"):
        StudyFolder.open(tmp_path / "empty", "a")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("gone", r"names the model 'gone', which does not exist. Models: a, b. Choose .* --use"),
        ("../../etc", r"current: .*is no name of a model.* --use NAME"),
        ("", r"current: '' is no name of a model.* --use NAME"),
        (None, r"current is missing, so no model is the current one. Models: a, b. .* --use NAME"),
    ],
)
def test_a_damaged_file_of_the_current_model_says_what_to_do(
    text: str | None, match: str, study: StudyFolder
) -> None:
    if text is None:
        study.current_file.unlink()
    else:
        study.current_file.write_text(text)
    with pytest.raises(UserError, match=match):
        study.pinned()
    assert study.with_model("a").vae_file.exists()


def test_folders_that_hold_no_model_are_not_listed(study: StudyFolder) -> None:
    (study.models_folder / "begun").mkdir()
    for name in (".removed-x", "two words"):
        (study.models_folder / name).mkdir()
        (study.models_folder / name / "SimulGen-VAE").touch()
    assert study.model_names == ("a", "b")
