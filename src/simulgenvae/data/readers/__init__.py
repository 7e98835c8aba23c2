"""Readers of fields: one file per format, chosen by suffix and checked by the first bytes.

Formats of arrays, which hold all runs, are registered below; formats of solvers' own files in
:mod:`simulgenvae.data.readers.runs`. A new reader of arrays is a file with an opener and its
:class:`ArrayFormat`, and one line below.

Tested in tests/data/readers/test_registry.py and tests/data/readers/test_readers.py.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from simulgenvae.data.readers.array_folder import array_files, open_array_folder
from simulgenvae.data.readers.array_format import (
    ARRAY_FORMATS,
    ArrayFormat,
    array_folders,
    array_format_of,
    array_suffixes,
    register_array_formats,
)
from simulgenvae.data.readers.array_source import source_of
from simulgenvae.data.readers.hdf5 import HDF5
from simulgenvae.data.readers.hdf5_groups import open_groups
from simulgenvae.data.readers.mat import MAT
from simulgenvae.data.readers.npy import NPY
from simulgenvae.data.readers.npz import NPZ
from simulgenvae.data.readers.pickled import PICKLE
from simulgenvae.data.readers.runs import RUN_FORMATS, RunFormat, register_run_formats
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.run_entries import has_runs, is_run
from simulgenvae.data.readers.runs.run_format import run_cases, run_format_of, run_suffixes
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.data.readers.runs.unread import way_out
from simulgenvae.data.readers.source import Source
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.data.readers.stored_dataset import open_dataset, stored_dataset
from simulgenvae.data.readers.the_well import is_the_well, open_the_well
from simulgenvae.data.readers.zarr_arrays import ZARR
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "ARRAY_FORMATS",
    "RUN_FORMATS",
    "ArrayFile",
    "ArrayFormat",
    "RunFormat",
    "RunPart",
    "Source",
    "StoredArray",
    "open_source",
    "register_array_formats",
    "register_run_formats",
]

register_array_formats(NPY, NPZ, HDF5, PICKLE, ZARR, MAT)


def open_source(
    path: Path, part: RunPart | None = None, *, compare_all: bool = False
) -> AbstractContextManager[Source]:
    """Open the fields in an array file or folder, or in a solver's own files.

    Parameters
    ----------
    path
        File or folder. The ``with`` block of the result closes it.
    part
        Fields, times and nodes to take of a solver's files, the datasets to take of HDF5 with one
        for each run, or the arrays to take of other files and their axes.
    compare_all
        Whether all runs in a solver's files are compared before any is read, or only some of many.

    Raises
    ------
    UserError
        When the file is missing, of an unknown format, or has other content than its suffix says.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if part is not None and part.path is not None:
        return nullcontext(open_groups(path, part))
    stored = stored_dataset(path) if path.is_dir() else None
    if stored is not None:
        if part is not None and part != RunPart(common=part.common):
            raise UserError(f"{path}: the data of a study, of which no part can be chosen")
        return nullcontext(open_dataset(path, stored))
    # A folder is an array only by the files in it: one of runs may have any name.
    array_format = array_format_of(path)
    if path.is_dir() and array_format is None and not has_runs(path) and array_files(path):
        _require_array_part(path, part)
        return nullcontext(open_array_folder(path, part))
    is_result = path.is_file() and run_format_of(path.name) is not None
    if (path.is_dir() and array_format is None) or is_result or is_run(path):
        if part is not None and (part.arrays or part.axes):
            raise UserError(
                f"{path}: --array and --axes are for files of arrays, and these are a solver's"
            )
        return nullcontext(open_runs(path, part, compare_all=compare_all))
    _require_array_part(path, part)
    if array_format is None:
        suffixes = ", ".join((*array_suffixes(), *run_suffixes()))
        folders = " and ".join((*array_folders(), *run_cases()))
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: fields are read from {suffixes} files, and "
            f"from folders of {folders}{way_out([path.name])}"
        )
    if path.is_file():
        array_format.require_first_bytes(path)
    return _open_arrays(path, array_format, part)


@contextmanager
def _open_arrays(path: Path, array_format: ArrayFormat, part: RunPart | None) -> Iterator[Source]:
    with array_format.open(path) as arrays:
        if is_the_well(arrays) and (part is None or not (part.arrays or part.axes)):
            with damage_reported(path, "cannot be read in the layout of The Well"):
                source = open_the_well(path, arrays)
            yield source
        else:
            yield source_of(path, arrays, part)


def _require_array_part(path: Path, part: RunPart | None) -> None:
    if part is None:
        return
    if part != RunPart(axes=part.axes, arrays=part.arrays, common=part.common):
        raise UserError(
            f"{path}: an array and no solver's file: --fields, --start, --box and similar options "
            "have no effect on it"
        )
