from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from simulgenvae.errors import UserError
from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.settings import Settings
from simulgenvae.training.checkpoint import Progress, load_checkpoint, save_checkpoint, stage_file
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.utils.tensor_file import read_tensors, write_tensors


def _settings(group: str = "training", **changes: object) -> Settings:
    training = {"vae": {"steps": 5, "patience": 3}}
    if group == "training":
        return Settings.model_validate({"training": training | changes})
    return Settings.model_validate({"training": training, group: changes})


IDENTITY = TrainingIdentity(_settings(), "abc", ("vae",), ("run1", "run2"), ("run3",))
ENTRY = {"stage": "vae", "step": 5, "train": 1.0, "train_error": 0.2, "validation": 0.25}


def _save(path: Path) -> Progress:
    progress = Progress(
        stage=1,
        step=7,
        best_error=0.25,
        since_best=2,
        skipped=3,
        skipped_in_row=1,
        gradient_at_start=0.5,
        loss_sum=1.5,
        loss_count=4,
        history=[HistoryEntry(**ENTRY)],
        warnings=["vae: overfitting"],
    )
    weights = {"vae.x": torch.rand(3)}
    save_checkpoint(
        path, progress, weights, {"vae.x": torch.ones(3)}, {"0.0.step": torch.tensor(7.0)}, IDENTITY
    )
    return progress


def test_files_keep_the_keys_of_older_versions(tmp_path: Path) -> None:
    progress = _save(tmp_path / "last").model_dump(mode="json")
    assert (progress["best"], progress["kept"]) == (0.25, None)
    assert progress["history"] == [ENTRY | {"joint_error": None}]
    assert {"best_error", "limited_error_at_start"}.isdisjoint(progress)


def test_round_trip_with_the_random_state(tmp_path: Path) -> None:
    torch.manual_seed(0)
    progress = _save(tmp_path / "last")
    expected = torch.rand(5)
    checkpoint = load_checkpoint(tmp_path / "last", IDENTITY)
    assert checkpoint.progress == progress
    assert checkpoint.networks.keys() == checkpoint.best_weights.keys() == {"vae.x"}
    assert torch.equal(checkpoint.best_weights["vae.x"], torch.ones(3))
    assert checkpoint.optimizer["0.0.step"] == 7.0
    checkpoint.restore_rng()
    assert torch.equal(torch.rand(5), expected)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"data": "xyz"}, "data was abc and is xyz"),
        (
            {"settings": _settings(vae={"steps": 6, "patience": 3})},
            "settings.training.vae.steps was 5 and is 6",
        ),
        (
            {"settings": _settings(vae={"steps": None, "patience": 3})},
            "vae.steps was 5 and is not given. Use the same settings "
            r"\(--set training.vae.steps=5\) and data",
        ),
        (
            {"stages": ["vae", "conditioner"]},
            r"stages was \['vae'\] and is \['vae', 'conditioner'\]",
        ),
    ],
)
def test_each_difference_is_named(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    _save(tmp_path / "last")
    with pytest.raises(UserError, match=told):
        load_checkpoint(tmp_path / "last", replace(IDENTITY, **changed))
    with pytest.raises(UserError, match="--overwrite"):
        load_checkpoint(tmp_path / "last", replace(IDENTITY, **changed))


@pytest.mark.parametrize(
    "settings",
    [
        _settings(device="cuda"),
        _settings(checkpoint_seconds=9.0),
        _settings("data", load_all=True),
    ],
)
def test_settings_that_change_nothing_that_is_learned_may_differ(
    tmp_path: Path, settings: Settings
) -> None:
    _save(tmp_path / "last")
    load_checkpoint(tmp_path / "last", replace(IDENTITY, settings=settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [("else/x", torch.ones(1)), ("no group", torch.ones(1))],
)
def test_entries_that_belong_nowhere(tmp_path: Path, name: str, value: torch.Tensor) -> None:
    _save(tmp_path / "last")
    tensors, about = read_tensors(tmp_path / "last")
    write_tensors(tmp_path / "last", tensors | {name: value}, about)
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(tmp_path / "last", IDENTITY)


@pytest.mark.parametrize(
    "progress",
    [
        None,
        5,
        {"surprise": 1},
        {"stage": -1},
        {"step": "late"},
        {"since_best": 0.5},
        {"history": 3},
        {"history": [{"stage": "vae", "step": 5, "train": 1.0}]},
        {"history": [ENTRY | {"train_error": "small"}]},
        {"warnings": [3]},
    ],
)
def test_progress_that_is_none(tmp_path: Path, progress: object) -> None:
    _save(tmp_path / "last")
    tensors, about = read_tensors(tmp_path / "last")
    write_tensors(tmp_path / "last", tensors, about | {"progress": progress})
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(tmp_path / "last", IDENTITY)


def test_identities_are_compared_as_they_are_stored(tmp_path: Path) -> None:
    _save(tmp_path / "last")
    load_checkpoint(tmp_path / "last", replace(IDENTITY, stages=["vae"]))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "last", {"x": torch.ones(1)}, {"kind": "vae"})
    with pytest.raises(UserError, match="another training"):
        load_checkpoint(tmp_path / "last", IDENTITY)


def test_stage_files_have_names_of_their_own(tmp_path: Path) -> None:
    assert (
        len(
            {
                stage_file(tmp_path, name)
                for name in ("vae", "conditioner", "end_to_end", "last", "best")
            }
        )
        == 5
    )
