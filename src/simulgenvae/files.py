"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulgenvae.errors import UserError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``: a file or folder made there takes the place of ``path`` on success.

    On failure whatever was made is removed and what was at ``path`` stays. An OSError becomes a UserError.
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
            f"{path} could not be written ({reason}); free space or fix its rights. What was there before is untouched."
        ) from error
    finally:
        temporary.unlink(missing_ok=True) if temporary.is_file() else shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
