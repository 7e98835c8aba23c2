"""Ctrl-C during training: a step is finished and the state saved before the program ends."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Interrupted(KeyboardInterrupt):
    """Stop by Ctrl-C, raised after the state has been saved."""


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """Provide an event that Ctrl-C sets, so that a step is never cut in two.

    Ctrl-C that is pressed a second time interrupts at once.
    """
    flag = threading.Event()
    # Python handles signals in the main thread only; elsewhere the flag is never set.
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    previous = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, previous)
        flag.set()

    signal.signal(signal.SIGINT, handler)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
