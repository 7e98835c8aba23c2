"""Facts about a trained model that are read without its networks, and the files that record them.

Tested in tests/surrogate/test_model_record.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from simulgenvae.data.split import Split
from simulgenvae.settings.schema import Settings
from simulgenvae.settings.toml import toml_text
from simulgenvae.surrogate.descriptions import ConditionerDescription, VaeDescription
from simulgenvae.surrogate.model_file import check_kind, complete_model, require_trained
from simulgenvae.utils.damage import first_problem
from simulgenvae.utils.tensor_file import read_some_arrays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulgenvae.models.training_record import TrainingInfo
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.model_file import ModelKind


class ModelRecord(BaseModel):
    """Content of ``model.json``: when and from what a model was trained."""

    model_config = ConfigDict(frozen=True)

    trained: AwareDatetime
    """Time at which the training ended."""
    stages: tuple[str, ...]
    """Names of the stages that were run last."""
    versions: dict[str, str]
    """Versions of Python and of the libraries that the model depends on."""
    data_fingerprint: str
    split: Split

    @classmethod
    def of(cls, info: TrainingInfo, split: Split, trained: datetime) -> ModelRecord:
        """Return the record of a training that ended at the time ``trained``."""
        return cls(
            trained=trained,
            stages=info.stages,
            versions=info.versions,
            data_fingerprint=info.data_fingerprint,
            split=split,
        )


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a trained model."""

    trained: datetime
    """Time at which the training ended; without a record that can be read, that of the files."""
    settings: Settings
    info: TrainingInfo
    split: Split
    predicts: bool
    """False where only the VAE is trained."""
    bytes: int
    """Size of the model's files."""
    note: str = ""
    """Reason why the record could not be read, if there is one."""


def now() -> datetime:
    """Return the time in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def read_facts(study: StudyFolder) -> ModelFacts:
    """Return the facts about a model of a study, from the descriptions in its files.

    Raises
    ------
    UserError
        When there is no model, or a file is damaged or of another format version.
    """
    study = study.pinned()
    about = _description(study.vae_file, "vae", study)
    with complete_model(study.vae_file):
        vae = VaeDescription.model_validate(about)
        settings = Settings.model_validate(vae.settings)
    info = vae.info
    predicts = study.conditioner_file.exists()
    if predicts:
        about = _description(study.conditioner_file, "conditioner", study)
        with complete_model(study.conditioner_file):
            conditioner = ConditionerDescription.model_validate(about)
        settings = conditioner.settings
        info = conditioner.info
    size = sum(path.stat().st_size for path in study.model_files if path.exists())
    trained, note = _trained(study)
    return ModelFacts(trained, settings, info, vae.split, predicts, size, note)


def _description(path: Path, kind: ModelKind, study: StudyFolder) -> dict[str, Any]:
    require_trained(path, kind, study)
    _, about = read_some_arrays(path, ())
    check_kind(path, about, kind)
    return about


def _trained(study: StudyFolder) -> tuple[datetime, str]:
    """Return when the training ended, and what is wrong with the record, if anything is."""
    note = ""
    # Copies of a study have other times, so that the record counts more.
    try:
        return ModelRecord.model_validate_json(study.record_file.read_bytes()).trained, note
    except FileNotFoundError:
        # A model of an earlier version, or one without a name.
        pass
    except (OSError, ValidationError) as error:
        note = (
            f"{study.record_file} is damaged ({first_problem(error)}): the time of the training is "
            "that of the model's files; restore the file from a copy"
        )
    newest = max(path.stat().st_mtime for path in study.model_files if path.exists())
    return datetime.fromtimestamp(newest, UTC).replace(microsecond=0), note


def record_writers(
    study: StudyFolder, record: ModelRecord, settings: Settings
) -> dict[Path, Callable[[Path], object]]:
    """Return for each file that records a named model a function that writes it to a path."""
    # Each as bytes: line ends are the same on all systems.
    content = {
        study.record_file: record.model_dump_json(indent=1),
        study.used_settings_file: toml_text(settings),
    }
    return {path: partial(_write, text) for path, text in content.items()}


def _write(text: str, path: Path) -> None:
    path.write_bytes(text.encode())
