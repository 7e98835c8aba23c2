"""The methods of a study one after another, as a program would call them.

What each of them refuses, and the files that it writes, are tested with its command in tests/cli.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulgenvae import Study, UserError
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.settings import Settings
from simulgenvae.study.data import require_seed
from simulgenvae.surrogate.surrogate import Surrogate

SETTINGS = """
model.filters = [8]
model.width = 8
model.latent_dim = 2
model.hierarchical_dim = 1
conditioner.filters = [8]
[training]
device = "cpu"
vae.steps = 4
conditioner.steps = 4
end_to_end.steps = 4
end_to_end.members = 2
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, make_waves: Callable[..., Dataset]) -> Study:
    """Return a study with 14 ingested runs of a travelling wave and a trained surrogate."""
    folder = tmp_path_factory.mktemp("study")
    waves = make_waves(runs=14, timesteps=4, nodes=9)
    np.save(folder / "fields.npy", np.stack([waves.run(row) for row in range(14)]))
    table = [f"{name},{','.join(map(str, row))}" for name, row in _rows(waves)]
    header = ",".join(("id", *waves.conditions.names))
    (folder / "params.csv").write_text("\n".join([header, *table]) + "\n")
    (folder / "study.toml").write_text(SETTINGS)
    study = Study.open(folder)
    study.ingest([folder / "fields.npy"], IngestOptions(params=folder / "params.csv"))
    study.train()
    return study


def _rows(dataset: Dataset) -> list[tuple[str, list[float]]]:
    return list(zip(dataset.ids, dataset.conditions.table.tolist(), strict=True))


@pytest.fixture
def params(study: Study, tmp_path: Path) -> Path:
    """Return a CSV file with the conditions of the first run, as a new design."""
    header, first = (study.folder / "params.csv").read_text().splitlines()[:2]
    path = tmp_path / "new.csv"
    path.write_text(f"{header}\nnew,{first.split(',', 1)[1]}\n")
    return path


def test_data_and_split_are_those_of_the_folder(study: Study) -> None:
    dataset = study.open_dataset()
    assert dataset.shape[:3] == (14, 4, 9)
    split = study.make_split(dataset)
    assert sorted((*split.train, *split.validation, *split.test)) == sorted(dataset.ids)


def test_check_returns_a_report(study: Study) -> None:
    report = study.check()
    assert report.tables
    assert report.passed


def test_nothing_is_printed(study: Study, capfd: pytest.CaptureFixture[str]) -> None:
    study.train(overwrite=True)
    study.evaluate(figures=False)
    assert capfd.readouterr() == ("", "")


def test_messages_are_logged(study: Study, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    study.train(overwrite=True)
    assert f"The model is in {study.model_folder}" in caplog.messages


def test_a_trained_model_is_not_replaced_by_accident(study: Study) -> None:
    with pytest.raises(UserError, match="--overwrite"):
        study.train()


def test_a_stage_trained_by_its_name_continues_and_settings_stay_valid(study: Study) -> None:
    settings = study.read_settings(overrides=["training.end_to_end.members=1"])
    surrogate = study.train(settings, stage="end_to_end", overwrite=True).surrogate
    assert list(surrogate.info.stages) == ["end_to_end"]
    assert not surrogate.settings.training.end_to_end.from_scratch
    assert settings.training.end_to_end.from_scratch
    study.train(overwrite=True)


def test_prediction_returns_a_score_for_each_design(
    study: Study, params: Path, tmp_path: Path
) -> None:
    (score,) = study.predict(tmp_path / "new.npz", params=params, times=np.array([0.0]))
    assert score.design == "new"
    assert score.novelty is not None
    assert np.load(tmp_path / "new.npz")["fields"].shape[:3] == (1, 1, 9)


def test_suggestions_need_no_file(study: Study) -> None:
    suggestion = study.suggest(2, candidates=32)
    assert len(suggestion.designs) == 2


def test_latents_are_explored(study: Study, params: Path, tmp_path: Path) -> None:
    first, second = study.open_dataset().ids[:2]
    between = study.interpolate(tmp_path / "a.npz", first=first, second=second, steps=3)
    moved = study.traverse(tmp_path / "b.npz", "z", steps=2)
    drawn = study.sample(tmp_path / "c.npz", count=2)
    assert [fields.sizes["run"] for fields in (between, moved, drawn)] == [3, 2, 2]
    with pytest.raises(UserError, match="either two runs"):
        study.interpolate(tmp_path / "d.npz", first=first, params=params)


def test_evaluation_settings_come_from_overrides_file_or_training(
    study: Study, tmp_path: Path
) -> None:
    trained = Settings.model_validate({"evaluation": {"checks": ["a: 1"]}})
    assert study.evaluation_settings(trained).checks == ("a: 1",)
    override = "evaluation.checks=b: 2"
    assert study.evaluation_settings(trained, [override]).checks == ("b: 2",)
    other = Study(tmp_path)
    other.settings_file.write_text('[evaluation]\nchecks = ["c: 3"]\n')
    assert other.evaluation_settings(trained).checks == ("c: 3",)
    with pytest.raises(UserError, match="--set model"):
        study.evaluation_settings(trained, ["model.width=8"])


def test_the_surrogate_is_the_one_of_the_model_files(study: Study) -> None:
    surrogate = study.load_surrogate()
    assert isinstance(surrogate, Surrogate)
    assert surrogate.settings == study.read_settings()


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    require_seed(2**63 - 1)
    with pytest.raises(UserError, match="--seed"):
        require_seed(seed)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        Study.open(tmp_path / "nothing")
