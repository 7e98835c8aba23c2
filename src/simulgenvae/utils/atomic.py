"""Files and folders that are written completely or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.utils.lock import only_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path; the file or folder made there replaces ``path`` on success.

    On failure whatever was made is removed, and what was at ``path`` stays.

    Raises
    ------
    UserError
        In place of an OSError, from the block or from the replacement, and when another process
        writes ``path``.
    """
    with (
        temporary_beside(path) as temporary,
        _replacing({path: temporary}, "Free some space or make the folder writable."),
    ):
        yield temporary


def write_line(path: Path, text: str) -> None:
    """Write a file of one line; its folder is made. Raises UserError where that is impossible."""
    with atomic_write_together(path) as (temporary,):
        temporary.write_bytes(f"{text}\n".encode())


def link_or_copy(source: Path, target: Path) -> None:
    """Make ``target`` a further name of a file, or a copy where the file system has no such names.

    The folder of ``target`` is made, and what was there is replaced. Files of a model may be large.
    Raises UserError where ``target`` cannot be written.
    """
    # Renaming one name of a file to another name of it would do nothing.
    if target.exists() and target.samefile(source):
        return
    with atomic_write_together(target) as (temporary,):
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copy2(source, temporary)


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Yield a new name in the folder of ``path`` for a file or folder, which is removed at the end.

    What writers of ``path`` that were killed have left is removed at the start. Raises UserError
    when another process writes ``path``.
    """
    with only_one(
        path.with_name(f".{path.name}.lock"),
        "another command",
        subject=str(path),
        advice="Wait until it ends, or write to another file.",
    ):
        clear_leftovers(path)
        mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        # In the same folder: a rename is atomic only within one file system.
        temporary = path.with_name(f".{path.name}.{mark}.tmp")
        try:
            yield temporary
        finally:
            clear_leftovers(path)


def clear_leftovers(path: Path) -> None:
    """Remove what writers of ``path`` that were killed have left.

    A folder that one of them had moved aside, without putting the new one in its place, comes back.
    The caller holds a lock, so that no writer is at work.
    """
    for left in leftovers(path):
        if left.suffix == ".old" and not os.path.lexists(path):
            left.rename(path)
        else:
            remove(left)


def leftovers(path: Path) -> list[Path]:
    """Return the temporary files and folders of ``path``."""
    # Some libraries want the suffix of their format at the end of the name.
    name = re.compile(rf"\.{re.escape(path.name)}\.\d+-[0-9a-f]{{8}}\.(tmp|old)(\.\w+)?")
    return sorted(file for file in path.parent.glob(".*") if name.fullmatch(file.name))


@contextmanager
def atomic_write_together(*paths: Path) -> Iterator[list[Path]]:
    """Yield a temporary path for each of ``paths``; all are replaced once all are on the disk.

    Files that belong together then never come from two trainings because the disk became full
    between them. Folders of ``paths`` that are missing are made.

    Raises
    ------
    UserError
        When the disk is full or a folder cannot be written; what was at ``paths`` is then still
        there.
    """
    # Always the same name: what a killed process left is overwritten by the training that
    # continues, so checkpoints of several GB do not pile up.
    temporaries = {path: path.with_name(f".{path.name}.writing") for path in paths}
    advice = "Free some space or make the folder writable, then continue with --resume."
    with _replacing(temporaries, advice):
        for path, temporary in temporaries.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # A link in the study of a stranger would lead elsewhere.
            temporary.unlink(missing_ok=True)
        yield list(temporaries.values())
        # A rename can reach the disk before the content does. After a power failure there would
        # be empty files in place of the old ones.
        for temporary in temporaries.values():
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())


def require_writable(folder: Path) -> None:
    """Raise UserError unless files can be made in a folder, or in the one where it will be made."""
    # Tried, not asked: rights and the state of a file system say less than a file that is made.
    place = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise UserError(
            f"{place}: nothing can be written here ({error.strerror}): make the folder writable, "
            "or work in a copy of the study"
        ) from error


@contextmanager
def ensure_folder(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; those that are new are removed again when the block fails.

    Raises UserError when it cannot be made.
    """
    # The deepest first, as they have to be removed in this order.
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: this folder cannot be made: {error.strerror}") from error
        yield
    except BaseException:
        for path in new:
            with suppress(OSError):  # it was not made, or holds another program's files by now
                path.rmdir()
        raise


@contextmanager
def _replacing(temporaries: Mapping[Path, Path], advice: str) -> Iterator[None]:
    """Move each temporary path to its key after the block, and clean up whatever happens."""
    old = {path: temporary.with_suffix(".old") for path, temporary in temporaries.items()}
    try:
        yield
        for path, temporary in temporaries.items():
            # A file replaces a file in one step; a folder cannot replace one that has content.
            if temporary.is_dir() and path.exists():
                path.rename(old[path])
            temporary.replace(path)
    except OSError as error:
        names = " and ".join(map(str, temporaries))
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise UserError(
            f"{names} could not be written ({reason}). What was there before is untouched. {advice}"
        ) from error
    finally:
        for path, temporary in temporaries.items():
            # A folder was moved aside, and its replacement failed.
            if os.path.lexists(old[path]) and not os.path.lexists(path):
                old[path].rename(path)
            remove(temporary)
            shutil.rmtree(old[path], ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file or folder that was not finished, if there is one.

    After a failed write Zarr's threads may still be creating files in it, so the removal is
    repeated a little later.
    """
    if not os.path.lexists(path):
        return
    for wait in (0.0, 0.05, 0.2):
        time.sleep(wait)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
