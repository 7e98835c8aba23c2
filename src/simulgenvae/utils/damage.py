"""Guard against damaged files: what a library raises becomes one message that names the file.

Tested in tests/data/readers/test_readers.py, with a damaged file of each format.
"""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulgenvae.errors import UserError

READ_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    MemoryError,
    OverflowError,
    zlib.error,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
)
"""Exceptions that NumPy, h5py, Zarr and the standard library raise on damaged files."""


@contextmanager
def damage_reported(
    path: Path, failure: str, errors: tuple[type[Exception], ...] = READ_ERRORS
) -> Iterator[None]:
    """Turn what a library raises inside the block into a message about the file.

    Parameters
    ----------
    path
        File that is read inside the block.
    failure
        What cannot be done, for the message: "cannot be read as HDF5".
    errors
        Exceptions that mean damage; all others pass. A UserError always passes, as it already has
        a message of its own.

    Raises
    ------
    UserError
        In place of ``errors``.
    """
    try:
        yield
    except errors as error:
        # Libraries put whole arrays into some of their messages.
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise UserError(
            f"{path}: {failure}: the file is truncated or damaged ({reason})"
        ) from error
