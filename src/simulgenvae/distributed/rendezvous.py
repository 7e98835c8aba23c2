"""The store through which ranks find each other, and tell each other what ended one of them.

It is torch's key-value store, kept by torchrun where that started the ranks. There it outlives
them, so that it holds what the ranks of an earlier attempt left: nothing in it is taken for news
unless it says so.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from torch._C._distributed_c10d import PrefixStore, Store, TCPStore
from torch.distributed import DistError

from simulgenvae.errors import UserError

ADDRESS = "SIMULGENVAE_STORE"
"""Where our launcher keeps the store, ``host:port``; else it is where torchrun's variables say."""
POLL = 0.05
"""Seconds between looks at what others have written."""
WATCH = 0.5
"""The same for what ended another rank."""
SILENCE = 60.0
"""Seconds after which a store that does not answer is given up."""
DEAF = 10.0
"""Seconds after which a store that has answered before and does no more is listened to no more."""


class RanksLost(UserError):
    """Another rank cannot be reached any more: it ended, or the network between them failed."""


@dataclass(frozen=True)
class Place:
    """Where this process stands among those that torchrun has started."""

    rank: int
    count: int
    local_rank: int
    machine: int

    @classmethod
    def read(cls) -> Place:
        """From torchrun's variables; a single process without them."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "GROUP_RANK")
        return cls(
            *(
                int(os.environ.get(name, default))
                for name, default in zip(names, "0100", strict=True)
            )
        )


def open_store(place: Place) -> Store:
    """A connection of its own to the store of this process's ranks; UserError where it does not
    answer."""
    host, _, port = os.environ.get(ADDRESS, "").rpartition(":")
    host, port = (
        host or os.environ.get("MASTER_ADDR", "localhost"),
        port or os.environ.get("MASTER_PORT", "29500"),
    )
    kept = ADDRESS in os.environ or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    try:
        hosts = place.rank == 0 and not kept
        return TCPStore(
            host, int(port), is_master=hosts, multi_tenant=True, timeout=timedelta(seconds=SILENCE)
        )
    except (DistError, RuntimeError, ValueError) as error:
        raise UserError(
            f"{host}:{port} does not answer within {SILENCE:g} s ({str(error).splitlines()[0]}). "
            "Is that the first machine's address, is it up, and does a firewall let the port "
            "through?"
        ) from error


def limit_silence(seconds: float) -> None:
    """The open TCP connections of this process fail when what they send is not acknowledged for so
    long (RFC 5482).

    Otherwise the system tries again for a quarter of an hour, and the store's own functions wait as
    long. Where it has no such limit, nothing is done.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    for path in Path("/proc/self/fd").iterdir():
        if not path.is_socket():
            continue
        with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as connection:
            if (
                connection.family in {socket.AF_INET, socket.AF_INET6}
                and connection.type == socket.SOCK_STREAM
            ):
                connection.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * seconds)
                )


def meet(store: Store, place: Place, timeout: float) -> Store:
    """Wait until all ranks are here; a part of the store that no earlier attempt has used.

    The first rank calls by a name that is new. Each other one answers what it hears with a name of
    its own, and has met the first when that repeats it: so neither takes an old call or answer for
    a new one.

    Raises UserError, naming the ranks that did not come, after ``timeout`` seconds.
    """
    deadline, own = time.monotonic() + timeout, uuid.uuid4().hex

    def waited(until: Callable[[], bool], missing: Callable[[], str]) -> None:
        while not until():
            if time.monotonic() > deadline:
                raise UserError(
                    f"{missing()} did not come within {timeout:g} s (training.rank_timeout). Look "
                    "at what these printed; start the same command on every machine, with "
                    "--node-rank 0, 1 … of their own."
                )
            time.sleep(POLL)

    if place.rank == 0:
        answers: dict[int, str] = {}
        store.set("call", own)

        def everybody() -> bool:
            for rank in set(range(1, place.count)) - answers.keys():
                if store.check([f"answer/{rank}"]):
                    heard, name = json.loads(store.get(f"answer/{rank}"))
                    if heard == own:
                        answers[rank] = name
            return len(answers) == place.count - 1

        waited(everybody, lambda: f"ranks {sorted(set(range(1, place.count)) - answers.keys())}")
        store.set("met", json.dumps([own, sorted(answers.values())]))
        return PrefixStore(own, store)

    attempt = [""]

    def greeted() -> bool:
        if store.check(["call"]) and (call := store.get("call").decode()) != attempt[0]:
            attempt[0] = call
            store.set(f"answer/{place.rank}", json.dumps([call, own]))
        if not store.check(["met"]):
            return False
        call, names = json.loads(store.get("met"))
        return call == attempt[0] and own in names

    waited(greeted, lambda: "rank 0, or a rank it waits for,")
    return PrefixStore(attempt[0], store)


def tell_end(error: Exception, message: str, say: Callable[[str], None]) -> None:
    """An error ends this rank: say its message, and tell the others in the store, so that they end
    with the code 2.

    Nothing is said where another rank has told of an error before. Where another rank was lost, the
    others find that out themselves, and may be started again.
    """
    place = Place.read()
    if isinstance(error, RanksLost):
        time.sleep(
            2 * WATCH
        )  # the one that was lost may have told why: then this process ends meanwhile
        say(message)
        return
    own = json.dumps([place.machine, os.getpid(), message])
    try:
        news = bool(open_store(place).compare_set("ended", "", own).decode() == own)
    except (UserError, DistError, RuntimeError):  # nobody can be told
        news = True
    if news:
        say(message)
    time.sleep(
        2 * WATCH
    )  # when a rank has ended, torchrun ends this machine's others, and the store may go with them


@contextmanager
def listening(
    say: Callable[[str], None], note: Callable[[str], None] = lambda message: None
) -> Iterator[None]:
    """Inside, this process ends when another rank has told why it ended.

    Its message is for ``say`` on each machine but the one where it was said already, once; and for
    ``note`` in every process that it ends.
    """
    place = Place.read()
    store = open_store(place)
    limit_silence(DEAF)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH):
            try:
                ended = store.check(["ended"])
            except (
                DistError,
                RuntimeError,
            ):  # the store has gone, and with it everybody who could tell
                return
            if ended:
                machine, process, message = json.loads(store.get("ended"))
                if (machine, process) == (place.machine, os.getpid()):
                    return
                if machine != place.machine and place.local_rank == 0:
                    say(f"{message} (on machine {machine})")
                note(message.removeprefix("error: "))
                os._exit(2)

    thread = threading.Thread(target=watch, name="other ranks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()  # Python aborts when it ends while a thread is in the store's code
