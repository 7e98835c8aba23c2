"""Completion of an ingest that was killed while it put its results in their places.

Dataset and split are two files that belong together, and no file system replaces both at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.data.split import split_from_file
from simulgenvae.data.store.attributes import read_attributes
from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import clear_leftovers, leftovers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def finish_ingest(dataset: Path, split_file: Path) -> None:
    """Finish or undo what a killed ingest began, and remove its temporary files.

    A dataset that had been moved aside comes back. The new split takes its place where the new
    dataset is there already, and only the new split fits it.
    """
    if not dataset.parent.is_dir():
        return
    clear_leftovers(dataset)
    splits = leftovers(split_file)
    if splits and dataset.is_dir():
        ids = read_attributes(dataset).ids
        if not _fits(split_file, ids):
            for left in splits:
                if _fits(left, ids):
                    left.replace(split_file)
                    break
    clear_leftovers(split_file)


def _fits(file: Path, ids: Sequence[str]) -> bool:
    """Return whether a file is a whole split of these runs."""
    try:
        split_from_file(ids, file)
    except UserError:
        return False
    return True
