"""Ctrl-C during training: a step is finished and the state saved before the program ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupted(KeyboardInterrupt):
    """The user pressed Ctrl-C; the state has been saved."""


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """Ctrl-C sets a flag, so that a step is never cut in two; pressed twice it interrupts at
    once."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    previous = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, previous)
        flag.set()

    signal.signal(signal.SIGINT, handler)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
