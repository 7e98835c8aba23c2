"""The stored dataset of a classic study, read from ``dataset<k>.pickle`` and its CSV file.

It is read again when these files change. Their size and time of change, and the settings that
choose a part of them, are therefore written next to the dataset. A dataset that was made with
``simulgenvae ingest`` has no such record and is used unchanged.

Tested in tests/cli/classic/test_keys.py and tests/cli/classic/test_simulgen_vae.py.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import ingest_classic
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.split import make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.study import Study
from simulgenvae.study.data import ConditionFiles, log_notes
from simulgenvae.utils.atomic import atomic_write

logger = logging.getLogger(__name__)

_DIMENSIONS = {"runs", "timesteps", "nodes", "variables"}
_CHOICES = _DIMENSIONS | {"first_timesteps", "node_start", "node_end", "image_size", "file_type"}
"""Data settings that decide what is read, or whether it is accepted."""


@dataclass(frozen=True)
class DatasetSource:
    """State of everything that a dataset is read from."""

    pickle: str
    """Name of the pickle."""
    conditions: list[str]
    """Files or folders of the conditions."""
    files: dict[str, list[int]]
    """Size in bytes and time of change in ns of each file, by its path."""
    settings: dict[str, object]
    """Settings that choose a part of the data."""


@dataclass(frozen=True)
class SourceRecord:
    """Content of the file that belongs to a dataset of a classic study."""

    fingerprint: str
    """Fingerprint of the dataset."""
    source: DatasetSource
    """Source of the dataset."""


def update_dataset(study: Study, settings: Settings, preset: int, stages: Sequence[str]) -> None:
    """Read the dataset from the preset's pickle and its conditions, unless it is up to date.

    Parameters
    ----------
    study, settings
        The study.
    preset
        Number of the preset and of its data file.
    stages
        Names of the training stages for which the data must serve.

    Raises
    ------
    UserError
        For bad data, and for data that the stages could not be trained on. Nothing is written then.
    """
    from simulgenvae.training.make_plan import check_trainable

    pickle = study.pickle_file(preset)
    files = study.condition_files(settings)
    if files.images is None:
        files = files._replace(table=files.table or study.parametric_data)
    source = _source(settings, pickle, files)
    if study.dataset.exists():
        record = _read_record(study.dataset_source)
        if record is None or record.fingerprint != Dataset.open(study.dataset).fingerprint:
            if pickle.exists():
                logger.info(
                    "note: %s was made with `simulgenvae ingest` and is used unchanged; remove it "
                    "to read %s",
                    study.dataset,
                    pickle,
                )
            return
        if _unchanged(record.source, source):
            return
        logger.info("%s, its conditions or the settings changed: reading the data again", pickle)

    def accept(conditions: Conditions) -> None:
        split_file = study.split_file if study.split_file.exists() else None
        check_trainable(
            conditions, make_split(conditions.ids, settings.data, split_file), settings, stages
        )

    dataset, notes = ingest_classic(
        pickle,
        study.dataset,
        IngestOptions(params=files.table, images=files.images),
        settings=settings.data,
        accept=accept,
    )
    try:
        _write_record(study.dataset_source, SourceRecord(dataset.fingerprint, source))
    except UserError:
        # Without its record the dataset would look as if `simulgenvae ingest` had made it.
        shutil.rmtree(study.dataset)
        raise
    log_notes(notes)


def _source(settings: Settings, pickle: Path, conditions: ConditionFiles) -> DatasetSource:
    """Return the present state of the files and settings that a dataset is read from."""
    folders = [path for path in conditions if path is not None]
    files: list[Path] = []
    for path in folders:
        files += sorted(path.glob("*")) if path.is_dir() else [path]
    states = {str(path): path.stat() for path in [pickle, *files] if path.is_file()}
    return DatasetSource(
        pickle=pickle.name,
        conditions=[str(path) for path in folders],
        files={name: [state.st_size, state.st_mtime_ns] for name, state in states.items()},
        settings=settings.data.model_dump(mode="json", include=_CHOICES),
    )


def _unchanged(old: DatasetSource, new: DatasetSource) -> bool:
    """Return whether no file has changed; a file that was removed since then is no change."""
    return replace(new, files=old.files | new.files) == old


def _read_record(path: Path) -> SourceRecord | None:
    """Return the record of a dataset; None if it is missing or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        source = DatasetSource(**record["source"])
        return (
            SourceRecord(record["fingerprint"], source) if isinstance(source.files, dict) else None
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _write_record(path: Path, record: SourceRecord) -> None:
    # json instead of pydantic, which refuses names of files that are not UTF-8.
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
