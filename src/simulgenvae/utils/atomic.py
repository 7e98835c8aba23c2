"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulgenvae.errors import UserError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``: a file or folder made there takes the place of ``path`` on
    success.

    On failure whatever was made is removed and what was at ``path`` stays. An OSError becomes a
    UserError.
    """
    mark = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary, old = (path.with_name(f".{path.name}.{mark}.{end}") for end in ("tmp", "old"))
    try:
        yield temporary
        if temporary.is_dir() and path.exists():
            path.rename(old)
        temporary.replace(path)
    except OSError as error:
        if old.exists() and not path.exists():
            old.rename(path)
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise UserError(
            f"{path} could not be written ({reason}); free space or fix its rights. What was "
            "there before is untouched."
        ) from error
    finally:
        remove(temporary)
    shutil.rmtree(old, ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file or folder that was not finished, if there is one.

    After a failed write zarr's threads may still be creating files in it, so it is looked at again
    a little later.
    """
    if not os.path.lexists(path):
        return
    for wait in (0.0, 0.05, 0.2):
        time.sleep(wait)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
