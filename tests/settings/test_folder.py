from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder


def test_names_are_the_classic_ones(tmp_path: Path) -> None:
    study = StudyFolder.open(tmp_path)
    classic = {
        study.condition_file: "input_data/condition.txt",
        study.pickle_file(2): "input_data/dataset2.pickle",
        study.vae_file: "model_save/SimulGen-VAE",
        study.conditioner_file: "model_save/LatentConditioner",
        study.ensemble_file: "model_save/Ensemble",
        study.latents_file: "model_save/latent_vectors.npy",
        study.hierarchical_latents_file: "model_save/xs.npy",
        study.report_file: "output/report.html",
    }
    assert {path.relative_to(tmp_path).as_posix() for path in classic} == set(classic.values())
    assert set(study.model_files) == {path for path in classic if path.parent == study.model_save}
    assert [path.name for path in study.preset_files(3)] == ["preset3.txt", "preset.txt"]


def test_open_refuses_a_missing_folder_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        StudyFolder.open(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="this is a file"):
        StudyFolder.open(tmp_path / "file")


def test_a_leading_slash_that_does_not_exist_is_relative_to_the_study(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    assert (
        study.resolve("/no-such-folder-at-the-root/x")
        == tmp_path / "no-such-folder-at-the-root" / "x"
    )
    assert study.resolve("images") == tmp_path / "images"
    (tmp_path / "there").mkdir()
    assert study.resolve(str(tmp_path / "there")) == tmp_path / "there"
