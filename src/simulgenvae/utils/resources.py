"""Available memory and disk, compared with what is needed before large data are read or written.

A message before the work is better than a process that the system kills after an hour.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

from simulgenvae.errors import UserError

_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Return the number of bytes that this process can still allocate.

    That is the free memory of the machine, or of the container where its limit is lower. Where
    torchrun has started several processes on this machine, each gets an equal part.
    """
    return _free_memory() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _free_memory() -> int:
    free = int(psutil.virtual_memory().available)
    # psutil sees the whole machine; the limit of a container is in its control group (version 2).
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = (_CGROUP / "memory.current").read_text().strip()
        return free if limit == "max" else max(0, min(free, int(limit) - int(used)))
    except (OSError, ValueError):  # no container, or another system than Linux
        return free


def require_memory(size: int, what: str, advice: str) -> None:
    """Raise UserError when ``size`` bytes do not fit into the available memory.

    ``what`` starts the message (what needs the memory), ``advice`` ends it.
    """
    # Available, not free: memory that the system uses as a cache can be had at once.
    free = available_memory()
    if size > free:
        raise UserError(
            f"{what} needs {megabytes(size)} of memory, but {megabytes(free)} are available: "
            f"{advice}"
        )


def require_disk(size: int, folder: Path) -> None:
    """Raise UserError when a dataset of ``size`` bytes does not fit on the disk of ``folder``."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"{folder}: the dataset needs {megabytes(size)} of disk, but {megabytes(free)} are "
            "free: free some, or choose a study folder on another disk"
        )


def megabytes(size: int) -> str:
    """Return a number of bytes as text in megabytes, such as ``12.3 MB``."""
    return f"{size / 1e6:,.1f} MB"
