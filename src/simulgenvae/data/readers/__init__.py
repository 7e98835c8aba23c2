"""Readers of solver results: one file per format, chosen by suffix and checked by content."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from simulgenvae.data.readers.hdf5 import MAGIC as HDF5_MAGIC
from simulgenvae.data.readers.hdf5 import open_hdf5
from simulgenvae.data.readers.hdf5_groups import open_groups
from simulgenvae.data.readers.npy import MAGIC as NPY_MAGIC
from simulgenvae.data.readers.npy import open_npy
from simulgenvae.data.readers.npz import MAGIC as NPZ_MAGIC
from simulgenvae.data.readers.npz import open_npz
from simulgenvae.data.readers.pickled import open_pickle
from simulgenvae.data.readers.runs.folder import BEGINNINGS, is_run, open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.data.readers.source import Source
from simulgenvae.data.readers.zarr_arrays import MARKERS, open_zarr
from simulgenvae.errors import UserError

__all__ = ["RunPart", "Source", "open_source"]

_READERS: dict[str, tuple[str, Callable[[Path], AbstractContextManager[Source]]]] = {
    ".npy": ("npy", open_npy),
    ".npz": ("npz", open_npz),
    ".h5": ("HDF5", open_hdf5),
    ".hdf5": ("HDF5", open_hdf5),
    ".pickle": ("pickle", open_pickle),
    ".pkl": ("pickle", open_pickle),
}


def open_source(path: Path, part: RunPart | None = None) -> AbstractContextManager[Source]:
    """Open the fields in a file or Zarr folder, or in a solver's own files; close them by leaving
    the ``with`` block.

    ``part`` says what to take of a solver's files, where fields have names, and of HDF5 with a
    dataset for each run.

    Raises UserError when the file is missing, of an unknown kind, or not what its suffix says.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if part is not None and part.path is not None:
        return nullcontext(open_groups(path, part))
    if part is not None and part.axes is not None:
        raise UserError(
            f"{path}: --axes says what the axes of the datasets at --path are: give that too"
        )
    is_array = path.suffix.lower() in _READERS or any(
        (path / marker).is_file() for marker in MARKERS
    )
    if (path.is_dir() and not is_array) or is_run(path):
        return nullcontext(open_runs(path, part))
    if part is not None:
        raise UserError(
            f"{path}: an array, no solver's own files: --fields, --start, --box and the like are "
            "of no use"
        )
    if path.is_dir():
        return open_zarr(path)
    kind, reader = _READERS.get(path.suffix.lower(), (None, None))
    if kind is None or reader is None:
        known = ", ".join((*_READERS, *BEGINNINGS))
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: fields are read from {known} files, Zarr "
            "folders and OpenFOAM cases"
        )
    found = _content(path)
    if found != kind:
        raise UserError(
            f"{path}: named like {kind}, but its content is {found}: rename it, or choose the "
            "right file"
        )
    return reader(path)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    for kind, magic in (("npy", NPY_MAGIC), ("npz", NPZ_MAGIC), ("HDF5", HDF5_MAGIC)):
        if head.startswith(magic):
            return kind
    # protocol 2 and later begin with 0x80; protocols 0 and 1 with the GLOBAL opcode of the array's
    # constructor
    if head[:1] in {b"\x80", b"c"}:
        return "pickle"
    return "unknown (empty or damaged)"
