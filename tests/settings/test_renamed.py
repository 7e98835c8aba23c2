"""Old names of settings are understood in files, and named on the command line."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, SettingsNote, StudyFolder, load_settings, renamed
from simulgenvae.settings.raw import FIELDS, GROUPS

OLD = {
    "training": {
        "clip_gradient": 2.0,
        "speed": {"workers": 3, "channels_last": False},
        "end_to_end": {"weight": 5.0, "weight_decay": 0.1},
    }
}


def test_settings_of_an_older_model_file_are_read() -> None:
    training = Settings.model_validate(OLD).training
    assert training.max_grad_norm == 2.0
    assert (training.performance.workers, training.performance.channels_last) == (3, False)
    assert (training.end_to_end.field_weight, training.end_to_end.weight_decay) == (5.0, 0.1)


def test_a_study_with_old_names_is_read_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("[training]\nclip_gradient = 2.0\nspeed.workers = 3\n")
    with pytest.warns(SettingsNote) as notes:
        found = load_settings(
            StudyFolder(tmp_path), overrides=["training.end_to_end.weight=5"]
        ).training
    assert (found.max_grad_norm, found.performance.workers) == (2.0, 3)
    assert found.end_to_end.field_weight == 5.0
    texts = [str(note.message) for note in notes]
    assert any(
        text.endswith("line 2: training.clip_gradient is now called training.max_grad_norm")
        for text in texts
    )
    assert len(texts) == 3


def test_a_setting_with_both_names_is_an_error(tmp_path: Path) -> None:
    lines = "[training]\nclip_gradient = 2.0\nmax_grad_norm = 3.0\n"
    (tmp_path / "study.toml").write_text(lines)
    with pytest.raises(
        UserError, match=r"clip_gradient is the old name of training\.max_grad_norm"
    ):
        load_settings(StudyFolder(tmp_path))


@pytest.mark.parametrize(("old", "new"), renamed.RENAMED.items())
def test_new_names_exist_and_old_ones_do_not(old: str, new: str) -> None:
    assert new in FIELDS or new in GROUPS
    assert old not in FIELDS
    assert old not in GROUPS
    assert old.rpartition(".")[0] == new.rpartition(".")[0]


def test_examples_are_true() -> None:
    assert doctest.testmod(renamed).failed == 0
