"""Where files for the user may be written, and what they are called."""

from __future__ import annotations

import os
import re
from pathlib import Path

from simulgenvae.errors import UserError


def require_free(path: Path, *, overwrite: bool) -> None:
    """UserError when there is no folder for ``path``, or something at it that may not be
    replaced."""
    if not path.parent.is_dir():
        raise UserError(f"{path}: the folder {path.parent} does not exist; make it first")
    if os.path.lexists(path) and not overwrite:
        raise UserError(
            f"{path} exists already; choose another name, or give --overwrite to replace it"
        )


def safe_name(run: str, used: set[str]) -> str:
    """A file name for a run id, new among ``used`` (to which it is added) also where case does not
    count."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", run)[:100] or "run"
    name, number = plain, 2
    while name.lower() in used:
        name, number = f"{plain}_{number}", number + 1
    used.add(name.lower())
    return name
