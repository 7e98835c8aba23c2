from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.settings.raw import validate
from simulgenvae.settings.toml import read_toml
from simulgenvae.surrogate.model_record import ModelRecord, read_facts
from simulgenvae.surrogate.surrogate import Surrogate


def test_facts_are_those_of_the_model_without_its_networks(board: Path) -> None:
    study = StudyFolder(board)
    surrogate = Surrogate.load(study)
    facts = read_facts(study)
    assert (facts.settings, facts.split) == (surrogate.settings, surrogate.split)
    assert facts.info == surrogate.info
    assert facts.predicts
    assert facts.bytes == sum(path.stat().st_size for path in study.model_files)


def test_a_named_model_has_its_record_settings_and_log(board: Path) -> None:
    study = StudyFolder(board)
    facts = read_facts(study)
    record = ModelRecord.model_validate_json(study.record_file.read_text())
    assert record == ModelRecord.of(facts.info, facts.split, facts.trained)
    assert set(record.versions) == {"python", "simulgenvae", "torch", "numpy"}
    assert validate(read_toml(study.used_settings_file)) == facts.settings
    assert "finished" in study.kept_log_file.read_text()


def test_without_a_record_the_time_is_that_of_the_files(board: Path, tmp_path: Path) -> None:
    study = StudyFolder(shutil.copytree(board, tmp_path / "S"))
    study.record_file.unlink()
    for path in study.model_files:
        os.utime(path, (1e9, 1e9))
    facts = read_facts(study)
    assert facts.trained == datetime.fromtimestamp(1e9, UTC)
    assert facts.note == ""


@pytest.mark.parametrize("content", [b"{}", b"", b"\xff", b'{"trained": "yesterday"}'])
def test_a_damaged_record_is_said_to_be_damaged(
    board: Path, tmp_path: Path, content: bytes
) -> None:
    study = StudyFolder(shutil.copytree(board, tmp_path / "S"))
    study.record_file.write_bytes(content)
    for path in study.model_files:
        os.utime(path, (1e9, 1e9))
    facts = read_facts(study)
    assert facts.trained == datetime.fromtimestamp(1e9, UTC)
    assert f"{study.record_file} is damaged" in facts.note
    assert "that of the model's files" in facts.note


def test_a_damaged_file_is_named(board: Path, tmp_path: Path) -> None:
    study = StudyFolder(shutil.copytree(board, tmp_path / "S"))
    study.conditioner_file.write_bytes(b"")
    with pytest.raises(UserError, match="LatentConditioner is damaged"):
        read_facts(study)
