"""Place of a rank among all ranks, and the meeting of the ranks.

torch's key-value store (TCPStore) holds their messages. The launcher keeps it, so that it outlives
the ranks and still contains what the ranks of an earlier attempt wrote, after a restart.

torch separates attempts by the number of restarts, which differs between machines: an agent whose
rank was killed counts a restart, and one that only joins in again does not. Measured with two
agents and one rank killed: with that number as prefix of the store, one machine was still waiting
after 150 s; with the handshake of :func:`wait_for_ranks` the training went on and both ended.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from torch._C._distributed_c10d import PrefixStore, Store, TCPStore
from torch.distributed import DistError

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

STORE_VARIABLE = "SIMULGENVAE_STORE"
"""Environment variable with the address of the launcher's store, ``host:port``.

Ranks that torchrun has started lack it, and find the address in torchrun's variables.
"""
POLL_SECONDS = 0.05
"""Time between two looks at what other ranks have written, in seconds."""
CONNECT_TIMEOUT = 60.0
"""Time to wait for a store to answer, in seconds."""


@dataclass(frozen=True)
class RankPlace:
    """Position of this process among all that were started for a training.

    Parameters
    ----------
    rank, world_size
        Number of this process, from 0, and the number of processes on all machines.
    local_rank
        Number of this process on its machine.
    machine
        Number of the machine.
    """

    rank: int
    world_size: int
    local_rank: int
    machine: int

    @classmethod
    def read(cls) -> RankPlace:
        """Return the place that torchrun's environment variables name.

        A process without them is the only one.
        """
        return cls(
            rank=int(os.environ.get("RANK", "0")),
            world_size=int(os.environ.get("WORLD_SIZE", "1")),
            local_rank=int(os.environ.get("LOCAL_RANK", "0")),
            machine=int(os.environ.get("GROUP_RANK", "0")),
        )


def open_store(place: RankPlace) -> Store:
    """Connect to the store of this training's ranks.

    Raises
    ------
    UserError
        The store does not answer within ``CONNECT_TIMEOUT``.
    """
    host, _, port = os.environ.get(STORE_VARIABLE, "").rpartition(":")
    host = host or os.environ.get("MASTER_ADDR", "localhost")
    port = port or os.environ.get("MASTER_PORT", "29500")
    # Whoever starts ranks without an agent, as a test or an MPI launcher does, keeps no store:
    # then the first rank does.
    agent_keeps_it = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    hosted_here = place.rank == 0 and not (STORE_VARIABLE in os.environ or agent_keeps_it)
    timeout = timedelta(seconds=CONNECT_TIMEOUT)
    try:
        # multi_tenant: a process may open the store twice, and the first rank hosts it once.
        return TCPStore(host, int(port), is_master=hosted_here, multi_tenant=True, timeout=timeout)
    except (DistError, RuntimeError, ValueError) as error:
        raise UserError(
            f"{host}:{port} does not answer within {CONNECT_TIMEOUT:g} s "
            f"({str(error).splitlines()[0]}). Is that the first machine's address, is it up, and "
            "does a firewall let the port through?"
        ) from error


def wait_for_ranks(store: Store, place: RankPlace, timeout: float) -> Store:
    """Wait until all ranks are here, and return a part of the store that is new to all of them.

    The first rank writes a call with a new name. Every other rank answers the call it reads with a
    new name, and has met the first rank when that one repeats this name. So neither side
    can take a call or an answer of an earlier attempt for one of this attempt.

    Raises
    ------
    UserError
        Some ranks, which the message names, did not come within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    if place.rank == 0:
        return _call_ranks(store, place.world_size, timeout, deadline)
    return _answer_call(store, place.rank, timeout, deadline)


def _call_ranks(store: Store, world_size: int, timeout: float, deadline: float) -> Store:
    """Call all other ranks and wait for their answers: the first rank's side of the handshake."""
    call = uuid.uuid4().hex
    missing = set(range(1, world_size))
    names: list[str] = []
    # Each call has a new name, so that answers to the call of an earlier attempt do not count.
    store.set("call", call)

    def all_answered() -> bool:
        for rank in sorted(missing):
            if not store.check([f"answer/{rank}"]):
                continue
            answered_call, name = json.loads(store.get(f"answer/{rank}"))
            if answered_call == call:
                names.append(name)
                missing.remove(rank)
        return not missing

    if not _poll(all_answered, deadline):
        raise _not_met(f"ranks {sorted(missing)}", timeout)
    store.set("met", json.dumps([call, sorted(names)]))
    return PrefixStore(call, store)


def _answer_call(store: Store, rank: int, timeout: float, deadline: float) -> Store:
    """Answer the first rank until it repeats the answer: the other ranks' side of the handshake."""
    name = uuid.uuid4().hex
    call = ""

    def met() -> bool:
        nonlocal call
        # What is read first may be the call of an earlier attempt; a new one is answered again.
        if store.check(["call"]) and (heard := store.get("call").decode()) != call:
            call = heard
            store.set(f"answer/{rank}", json.dumps([call, name]))
        if not store.check(["met"]):
            return False
        met_call, names = json.loads(store.get("met"))
        return met_call == call and name in names

    if not _poll(met, deadline):
        raise _not_met("rank 0, or a rank it waits for,", timeout)
    return PrefixStore(call, store)


def _poll(condition: Callable[[], bool], deadline: float) -> bool:
    """Wait until ``condition`` holds; return False when the ``deadline`` passes before."""
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _not_met(missing: str, timeout: float) -> UserError:
    return UserError(
        f"{missing} did not come within {timeout:g} s (training.rank_timeout). Look at what these "
        "printed; start the same command on every machine, with --node-rank 0, 1 … of their own."
    )
