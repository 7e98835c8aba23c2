"""Readers of fields: one file per format, chosen by suffix and checked by the first bytes.

Formats of arrays, which hold all runs, are registered below; formats of solvers' own files in
:mod:`simulgenvae.data.readers.runs`. A new reader of arrays is a file with an opener and its
:class:`ArrayFormat`, and one line below.

Tested in tests/data/readers/test_registry.py and tests/data/readers/test_readers.py.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from simulgenvae.data.readers.array_format import (
    ARRAY_FORMATS,
    ArrayFormat,
    array_folders,
    array_format_of,
    array_suffixes,
    register_array_formats,
)
from simulgenvae.data.readers.hdf5 import HDF5
from simulgenvae.data.readers.hdf5_groups import open_groups
from simulgenvae.data.readers.npy import NPY
from simulgenvae.data.readers.npz import NPZ
from simulgenvae.data.readers.pickled import PICKLE
from simulgenvae.data.readers.runs import RUN_FORMATS, RunFormat, register_run_formats
from simulgenvae.data.readers.runs.folder import is_run, open_runs
from simulgenvae.data.readers.runs.run_format import run_cases, run_suffixes
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.data.readers.runs.unread import way_out
from simulgenvae.data.readers.source import Source
from simulgenvae.data.readers.zarr_arrays import ZARR
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ARRAY_FORMATS",
    "RUN_FORMATS",
    "ArrayFormat",
    "RunFormat",
    "RunPart",
    "Source",
    "open_source",
    "register_array_formats",
    "register_run_formats",
]

register_array_formats(NPY, NPZ, HDF5, PICKLE, ZARR)


def open_source(path: Path, part: RunPart | None = None) -> AbstractContextManager[Source]:
    """Open the fields in an array file or folder, or in a solver's own files.

    Parameters
    ----------
    path
        File or folder. The ``with`` block of the result closes it.
    part
        Fields, times and nodes to take of a solver's files, or the datasets to take of HDF5 with
        one for each run.

    Raises
    ------
    UserError
        When the file is missing, of an unknown format, or has other content than its suffix says.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if part is not None and part.path is not None:
        return nullcontext(open_groups(path, part))
    if part is not None and part.axes is not None:
        raise UserError(
            f"{path}: --axes says what the axes of the datasets at --path are: give that too"
        )
    # A folder is an array only by the files in it: one of runs may have any name.
    array_format = array_format_of(path)
    if (path.is_dir() and array_format is None) or is_run(path):
        return nullcontext(open_runs(path, part))
    if part is not None:
        raise UserError(
            f"{path}: an array and no solver's file: --fields, --start, --box and similar options "
            "have no effect on it"
        )
    if array_format is None:
        suffixes = ", ".join((*array_suffixes(), *run_suffixes()))
        folders = " and ".join((*array_folders(), *run_cases()))
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: fields are read from {suffixes} files, and "
            f"from folders of {folders}{way_out([path.name])}"
        )
    if path.is_file():
        # The first bytes, too: a renamed pickle must not reach a reader that trusts its suffix.
        _require_content(path, array_format)
    return array_format.open(path)


def _require_content(path: Path, expected: ArrayFormat) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    if expected.begins(head):
        return
    # The message names the format that the content has, as files are often misnamed.
    found = "unknown (empty or damaged)"
    for known in ARRAY_FORMATS.values():
        if known.begins(head) and b"" not in known.first_bytes:
            found = known.name
            break
    raise UserError(
        f"{path}: named like {expected.name}, but its content is {found}: rename it, or choose the "
        "right file"
    )
