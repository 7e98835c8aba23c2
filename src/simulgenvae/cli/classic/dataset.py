"""The stored dataset of a documented study: read from ``dataset<k>.pickle`` and its CSV, and again
when they changed.

What it was read from (size and time of change of the files, and the settings that choose a part of
them) is written beside it. A dataset that came in another way, with ``simulgenvae ingest``, is used
as it is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from simulgenvae.cli.common import ConditionFiles, condition_files
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import ingest_classic
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.split import make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.utils.atomic import atomic_write

_DIMENSIONS = {"runs", "timesteps", "nodes", "variables"}
_CHOICES = _DIMENSIONS | {"first_timesteps", "node_start", "node_end", "image_size", "file_type"}
"""Data settings that decide what is read, or whether it is accepted."""


def update_dataset(
    study: StudyFolder,
    settings: Settings,
    preset: int,
    stages: Sequence[str],
    console: Console,
) -> None:
    """Make ``study.dataset`` what the preset's pickle, the parameters and the settings say.

    Raises UserError, with nothing written, for bad data and for data that ``stages`` could not be
    trained on.
    """
    from simulgenvae.training.train import check_trainable

    pickle, files = study.pickle_file(preset), condition_files(study, settings)
    if files.images is None:
        files = files._replace(table=files.table or study.parametric_data)
    source = _source(settings, pickle, files)
    if study.dataset.exists():
        record = _record(study.dataset_source)
        if record.get("fingerprint") != Dataset.open(study.dataset).fingerprint:
            if pickle.exists():
                console.print(
                    f"note: {study.dataset} was ingested by itself and is used as it is; remove "
                    f"it to read {pickle}",
                    soft_wrap=True,
                )
            return
        if _unchanged(record["source"], source):
            return
        console.print(
            f"{pickle}, its conditions or the settings changed: reading the data again",
            soft_wrap=True,
        )

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
        _write_record(study.dataset_source, {"fingerprint": dataset.fingerprint, "source": source})
    except UserError:
        shutil.rmtree(
            study.dataset
        )  # without the record it would pass for data that were ingested by themselves
        raise
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)


def _source(settings: Settings, pickle: Path, conditions: ConditionFiles) -> dict[str, Any]:
    folders = [path for path in conditions if path is not None]
    files = [
        file for path in folders for file in (sorted(path.glob("*")) if path.is_dir() else [path])
    ]
    states = {str(path): path.stat() for path in [pickle, *files] if path.is_file()}
    return {
        "pickle": pickle.name,
        "conditions": [str(path) for path in folders],
        "files": {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()},
        "settings": settings.data.model_dump(mode="json", include=_CHOICES),
    }


def _unchanged(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether all files that are there are as they were; one that has been removed since then is no
    change."""
    return {**new, "files": old["files"] | new["files"]} == old


def _record(path: Path) -> dict[str, Any]:
    """What was written beside the dataset; empty when it is missing or was damaged, which costs a
    note at most."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    complete = isinstance(record, dict) and isinstance(record.get("source"), dict)
    return record if complete and isinstance(record["source"].get("files"), dict) else {}


def _write_record(path: Path, record: dict[str, Any]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
