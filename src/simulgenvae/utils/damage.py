"""Guards against damaged files: what is raised becomes one message that names the file.

:func:`damage_reported` is for files of others, which a library cannot read. :func:`explain_damage`
is for files of this program, which a library can read and which lack entries or hold wrong ones.

Tested in tests/data/readers/test_readers.py, with a damaged file of each format, and in
tests/training/test_checkpoint.py.
"""

from __future__ import annotations

import pickle
import tokenize
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import ValidationError

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Not Exception: a mistake in this program should still show its traceback.
READ_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    MemoryError,
    ArithmeticError,
    zlib.error,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
    # NumPy reads the headers of its files as Python's literals.
    tokenize.TokenError,
    SyntaxError,
    RecursionError,
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
        its own message.

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


def no_longer_there(path: Path | str) -> UserError:
    """Return the error of a file that was there when its run was found."""
    return UserError(f"{path}: is no longer there: it was moved or removed meanwhile")


@contextmanager
def unreadable_reported(what: str) -> Iterator[None]:
    """Turn whatever a library raises while it reads into a message that says what was read.

    The file need not be damaged: libraries fail at content that they do not know, too.

    Raises
    ------
    UserError
        In place of all other exceptions, except a lack of memory.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise no_longer_there(error.filename or what) from error
    except Exception as error:
        raise UserError(
            f"{what}: cannot be read: {type(error).__name__}: {str(error)[:200]}: its content is "
            "damaged, or of a kind that the reader does not know"
        ) from error


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Turn errors of a file with missing or wrong entries into a UserError that names it."""
    try:
        yield
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(
            f"{path} is damaged ({first_problem(error)}). Start afresh with --overwrite."
        ) from error


def first_problem(error: Exception) -> str:
    """Return what is wrong in one line: of pydantic's many findings only the first one."""
    if isinstance(error, ValidationError):
        # A damaged file usually has one problem, and the others follow from it.
        problem = error.errors()[0]
        return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    return f"{type(error).__name__}: {error}"
