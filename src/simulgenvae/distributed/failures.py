"""Common end of the ranks of a training when one of them fails.

A mistake of the user that one rank finds ends all ranks with that rank's message, on every machine;
a restart would repeat it. A rank that is killed, or a machine that vanishes, is different: the
others see a broken connection (:class:`RanksLost`) and may be started again.

torchrun ends the ranks of one machine when one of them fails. It neither tells other machines the
reason, nor returns the rank's exit code there, so the reason goes through the store in which the
ranks have met.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from torch.distributed import DistError

from simulgenvae.distributed.rendezvous import RankPlace, open_store
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECK_SECONDS = 0.5
"""Time between two checks whether another rank has reported an error, in seconds."""
STORE_TIMEOUT = 10.0
"""Time after which a store that no longer acknowledges what is sent is given up, in seconds."""
_KEY = "ended"
"""Key of the store with the machine, process and message of the first rank that failed."""


class RanksLost(UserError):
    """Error that another rank cannot be reached: it was killed, or the network failed."""


def report_failure(error: Exception, message: str, say: Callable[[str], None]) -> None:
    """Print why this rank ends, and report it to the other ranks, which then end with code 2.

    Only the rank that is first to report prints its message: an error that all ranks find, such as
    a missing file, is printed once. A lost rank (:class:`RanksLost`) is not reported, since the
    others notice it themselves and may be started again.

    Parameters
    ----------
    error, message
        What ends this rank, and how the user reads it.
    say
        Function that prints.
    """
    place = RankPlace.read()
    if isinstance(error, RanksLost):
        # The rank that was lost may have reported a reason. Then the watching thread of this
        # process ends it while it waits here, and the reason is printed instead of "lost".
        time.sleep(2 * CHECK_SECONDS)
        say(message)
        return
    own = json.dumps([place.machine, os.getpid(), message])
    try:
        first = bool(open_store(place).compare_set(_KEY, "", own).decode() == own)
    except (UserError, DistError, RuntimeError):
        first = True  # without a store nobody else can have reported
    if first:
        say(message)
    # torchrun ends the other ranks of this machine as soon as one has ended, and the store may
    # close with them: ranks on other machines need this long to read the message.
    time.sleep(2 * CHECK_SECONDS)


@contextmanager
def watch_other_ranks(
    say: Callable[[str], None], note: Callable[[str], None] = lambda message: None
) -> Iterator[None]:
    """End this process when another rank reports a failure within this context.

    A thread reads the store, so that the process ends also while its main thread waits in a
    library.

    Parameters
    ----------
    say
        Function that prints; called once on each machine but the one that has printed the message.
    note
        Function called with the message in every process that is ended, such as for a log file.
    """
    place = RankPlace.read()
    store = open_store(place)
    limit_tcp_silence(STORE_TIMEOUT)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(CHECK_SECONDS):
            try:
                failed = store.check([_KEY])
            except (DistError, RuntimeError):
                return  # the store has closed, and nobody can report through it any more
            if failed:
                machine, process, message = json.loads(store.get(_KEY))
                if (machine, process) == (place.machine, os.getpid()):
                    return
                if machine != place.machine and place.local_rank == 0:
                    say(f"{message} (on machine {machine})")
                note(message.removeprefix("error: "))
                # sys.exit would end this thread only; the main one may wait for a lost rank.
                os._exit(2)

    thread = threading.Thread(target=watch, name="other ranks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()  # Python aborts when it ends while a thread is within the store's code


def limit_tcp_silence(seconds: float) -> None:
    """Let this process's TCP connections fail when data is not acknowledged for ``seconds``.

    Sets TCP_USER_TIMEOUT (RFC 5482) of all connections that are open now. The system would retry
    for a quarter of an hour, during which torch's store waits whatever its own time-out is: that
    one starts only when the connection works. Does nothing on systems without this option.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    # torch does not give out the sockets of its store, so they are found among all open files.
    for path in Path("/proc/self/fd").iterdir():
        if not path.is_socket():
            continue
        # A copy of the descriptor is closed with the socket object; the connection stays open.
        with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as connection:
            internet = connection.family in {socket.AF_INET, socket.AF_INET6}
            if internet and connection.type == socket.SOCK_STREAM:
                milliseconds = int(1000 * seconds)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
