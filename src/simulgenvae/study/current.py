"""The current model of a study: which one it is, and its files where programs look for them.

``models/current`` decides. ``model_save/`` and ``output/`` have further names of the current
model's files (or copies, where the file system has no further names).

Tested in tests/study/test_models.py.
"""

from __future__ import annotations

import filecmp
import json
import shutil
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.settings.model_names import FIRST_MODEL
from simulgenvae.utils.atomic import atomic_write_together, link_or_copy, write_line

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.settings.folder import StudyFolder


def make_current(study: StudyFolder) -> str | None:
    """Make a named model the current one of its study; return the name of the previous one."""
    name = study.model
    assert name is not None, "a model without a name is in the place of the current one already"
    before = None
    # Where the file that names the current model is damaged, it is only replaced.
    with suppress(UserError):
        previous = replace(study, model=None).pinned()
        withdraw_results(previous)
        before = previous.model
    # First what decides; the rest can be made again.
    write_line(study.current_file, name)
    for path in study.model_files:
        target = study.model_save / path.name
        if path.exists():
            link_or_copy(path, target)
        else:
            # That of another model: files of two models must not lie together.
            target.unlink(missing_ok=True)
    publish_results(study)
    return before


def publish_results(study: StudyFolder) -> None:
    """Put the results of a model into ``output/``, if it is the current one."""
    if study.model is None or study.model != study.current_model:
        return
    for path in result_files(study):
        link_or_copy(path, study.output / path.name)


def withdraw_results(study: StudyFolder) -> None:
    """Remove the results of a named model from ``output/``; files of others stay."""
    if study.model is None:
        return
    for path in result_files(study):
        published = study.output / path.name
        if published.is_file() and filecmp.cmp(path, published, shallow=False):
            published.unlink()


def remove_results(study: StudyFolder) -> None:
    """Remove the results of a named model's earlier training."""
    if study.model is None:
        return
    withdraw_results(study)
    for path in result_files(study):
        path.unlink()


def result_files(study: StudyFolder) -> list[Path]:
    """Return the files that the last evaluation of a model has written, as far as they exist."""
    try:
        figures = json.loads(study.metrics_file.read_bytes())["figures"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        figures = []
    files = [study.report_file, study.model_card_file, study.cross_validation_file]
    for name in figures if isinstance(figures, list) else []:
        # A file from a stranger must not name files elsewhere.
        path = study.results / str(name)
        if path.parent == study.results and path.suffix in {".png", ".gif"}:
            files.append(path)
    # The one that names the others is the last.
    return [path for path in (*files, study.metrics_file) if path.is_file()]


def name_model(study: StudyFolder) -> None:
    """Give the model of a study that has no name, if there is one, the first name."""
    study = replace(study, model=None)
    if study.current_model is not None or not study.vae_file.exists():
        return
    named = replace(study, model=FIRST_MODEL)
    # A model of another format keeps its files, but nothing is known about it.
    with suppress(UserError):
        _record(study, named)
    keep_log(named)
    for path in result_files(study):
        link_or_copy(path, named.results / path.name)
    # In reverse: a model exists as soon as its VAE does, which is the first file.
    for path in reversed(study.model_files):
        if path.exists():
            link_or_copy(path, named.model_folder / path.name)
    write_line(named.current_file, FIRST_MODEL)


def _record(study: StudyFolder, named: StudyFolder) -> None:
    """Write the record of a model without a name to its new folder."""
    # Imported here: a study whose models have names is much quicker to open.
    from simulgenvae.surrogate.model_record import ModelRecord, read_facts, record_writers

    facts = read_facts(study)
    record = ModelRecord.of(facts.info, facts.split, facts.trained)
    writers = record_writers(named, record, facts.settings)
    with atomic_write_together(*writers) as temporaries:
        for temporary, write in zip(temporaries, writers.values(), strict=True):
            write(temporary)


def keep_log(study: StudyFolder) -> None:
    """Copy the log of the last training to the named model that it made."""
    if study.training_log.is_file():
        # No further name of the file: the next training writes into it.
        with atomic_write_together(study.kept_log_file) as (temporary,):
            shutil.copyfile(study.training_log, temporary)
