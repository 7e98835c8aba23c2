"""Locks between processes, for files and folders that one command at a time may write.

The operating system holds the lock and frees it when the process ends, however it ends: the lock
file of a killed process locks nothing. File systems without such locks get filelock's own, which
look whether the process that made the file is still alive.
"""

from __future__ import annotations

import errno
import logging
import os
import platform
import tempfile
import warnings
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from filelock import FileLock, SoftFileLock, Timeout

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# It logs each attempt.
logging.getLogger("filelock").setLevel(logging.WARNING)


@contextmanager
def only_one(
    file: Path, work: str, *, subject: str, advice: str, wait: float = 0.0
) -> Iterator[None]:
    """Hold a lock during the block; a thread that holds it already may enter again.

    Parameters
    ----------
    file
        Lock file, which is made and removed again.
    work
        What is done under the lock, for the message that others get.
    subject
        What is locked, for the message.
    advice
        What a user can do, for the message.
    wait
        Seconds to wait for another process.

    Raises
    ------
    UserError
        When another process holds the lock, or the file cannot be made.
    """
    lock = FileLock(file.absolute(), is_singleton=True)
    try:
        if not file.parent.is_dir():  # it would be made
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file system without locks is no matter of the user
            try:
                lock.acquire(timeout=wait, poll_interval=0.1)
            except Timeout:
                # It also waits in vain where no file can be made at all; this says why.
                tempfile.TemporaryFile(dir=file.parent).close()
                raise
    except Timeout:
        raise UserError(f"{subject}: {_holder(file)} works here. {advice}") from None
    except OSError as error:
        raise UserError(
            f"{subject} cannot be written ({error.strerror}): free some space or make the folder "
            "writable"
        ) from error
    # The content of the other kind of locks says whose they are.
    system = not isinstance(lock, SoftFileLock)
    outermost = lock.lock_counter == 1
    try:
        if system and outermost:
            _sign(file, work)
        yield
    finally:
        if system and outermost:
            # Before it is released: later, it could be the file of another process.
            with suppress(OSError):
                file.unlink()
        lock.release()


@contextmanager
def lock_if_free(file: Path) -> Iterator[bool]:
    """Hold a lock during the block if it is free; yield whether it is held.

    It is not free where another process, or another part of this one, holds it.
    """
    lock = FileLock(file.absolute(), timeout=0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file system without locks is no matter of the user
            lock.acquire()
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _sign(file: Path, work: str) -> None:
    """Write into the lock file who holds it; this is for messages only."""
    with suppress(OSError):
        file.write_text(
            f"{work} (process {os.getpid()} on {platform.node()}, since {datetime.now():%H:%M})"
        )


def _holder(file: Path) -> str:
    """Return who holds a lock, as its file says."""
    text = ""
    with suppress(OSError, UnicodeDecodeError), file.open(encoding="utf-8") as stream:
        text = stream.read(300)
    return "".join(filter(str.isprintable, text)) or "another command"
