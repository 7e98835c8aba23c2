"""How much memory and disk there is, asked before anything large is read or written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

from simulgenvae.errors import UserError

_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Bytes that can still be allocated: what the machine has free, or less where a container
    allows less.

    Where torchrun has started several processes here, each may take an equal part.
    """
    return _free_memory() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _free_memory() -> int:
    free = int(psutil.virtual_memory().available)
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = (_CGROUP / "memory.current").read_text().strip()
        return free if limit == "max" else max(0, min(free, int(limit) - int(used)))
    except (OSError, ValueError):
        return free


def require_memory(size: int, what: str, advice: str) -> None:
    """Raises UserError when ``size`` bytes do not fit into the available memory."""
    free = available_memory()
    if size > free:
        raise UserError(
            f"{what} needs {megabytes(size)} of memory, but {megabytes(free)} are available: "
            f"{advice}"
        )


def require_disk(size: int, folder: Path) -> None:
    """Raises UserError when ``size`` bytes do not fit on the disk that holds ``folder``."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"{folder}: the dataset needs {megabytes(size)} of disk, but {megabytes(free)} are "
            "free: free some, or choose a study folder on another disk"
        )


def megabytes(size: int) -> str:
    """A number of bytes for people: ``12.3 MB``."""
    return f"{size / 1e6:,.1f} MB"
