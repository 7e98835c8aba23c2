"""Where a prediction may be written."""

from __future__ import annotations

import os
from pathlib import Path

from simulgenvae.errors import UserError


def require_free(path: Path, *, overwrite: bool) -> None:
    """UserError when something is at ``path`` and may not be replaced."""
    if os.path.lexists(path) and not overwrite:
        raise UserError(f"{path} exists already; choose another name, or give --overwrite to replace it")
