"""Where a file for the user may be written."""

from __future__ import annotations

import os
from pathlib import Path

from simulgenvae.errors import UserError


def require_free(path: Path, *, overwrite: bool) -> None:
    """UserError when there is no folder for ``path``, or something at it that may not be replaced."""
    if not path.parent.is_dir():
        raise UserError(f"{path}: the folder {path.parent} does not exist; make it first")
    if os.path.lexists(path) and not overwrite:
        raise UserError(f"{path} exists already; choose another name, or give --overwrite to replace it")
