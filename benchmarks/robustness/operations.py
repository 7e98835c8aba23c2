"""Changes that a process makes to files, one after another, to be counted or to be its last."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"}


def count_changes(folder: Path, file: Path) -> Callable[[], None]:
    """Return a function that lets the calling process count its changes inside a folder.

    Their number is the size of ``file``, which is removed first.
    """
    file.unlink(missing_ok=True)

    def start() -> None:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        _at_each_change(folder, lambda: os.write(descriptor, b"."))

    return start


def die_at(folder: Path, number: int, delay: float) -> Callable[[], None]:
    """Return a function that lets the calling process die at one of its changes inside a folder.

    Parameters
    ----------
    folder
        The folder.
    number
        Number of the change, from 1.
    delay
        Seconds between the start of the change and the death; 0 for death before it.
    """
    done = [0]

    def die() -> None:
        time.sleep(delay)
        os.killpg(0, signal.SIGKILL)

    def change() -> None:
        done[0] += 1
        if done[0] == number:
            if delay:
                threading.Thread(target=die, daemon=True).start()
            else:
                die()

    return lambda: _at_each_change(folder, change)


def _at_each_change(folder: Path, what: Callable[[], object]) -> None:
    """Call a function before each change that Python makes to files inside a folder.

    Files that libraries open without Python are not seen; they have temporary names, which Python
    makes final.
    """

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        else:
            writes = event in _CHANGES
            path = arguments[0] if writes else ""
        if writes and isinstance(path, str | os.PathLike) and str(path).startswith(str(folder)):
            what()

    sys.addaudithook(hook)
