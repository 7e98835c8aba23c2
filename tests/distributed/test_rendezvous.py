from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from torch.distributed import Store, TCPStore

from simulgenvae.distributed import rendezvous as rank_store
from simulgenvae.distributed.rendezvous import Place, limit_silence, listening, meet, open_store
from simulgenvae.errors import UserError


@pytest.fixture
def server() -> Iterator[TCPStore]:
    """A store that outlives attempts, as torchrun keeps it."""
    return TCPStore("localhost", 0, is_master=True, timeout=timedelta(seconds=10))


def _client(server: TCPStore) -> Store:
    return TCPStore("localhost", server.port, is_master=False, timeout=timedelta(seconds=10))


def _all_meet(server: TCPStore, count: int) -> list[Store]:
    found: list[Store | None] = [None] * count

    def rank(number: int) -> None:
        found[number] = meet(_client(server), Place(number, count, number, 0), 10.0)

    threads = [threading.Thread(target=rank, args=(number,)) for number in reversed(range(count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [store for store in found if store is not None]


def test_ranks_meet_again_and_again_each_time_in_a_new_place(server: TCPStore) -> None:
    for attempt in range(3):
        stores = _all_meet(server, 3)
        assert len(stores) == 3
        assert not stores[0].check(["seen"])
        stores[attempt].set("seen", str(attempt))
        assert [store.get("seen") for store in stores] == [str(attempt).encode()] * 3


def test_those_who_do_not_come_are_named(server: TCPStore) -> None:
    with pytest.raises(
        UserError, match=r"ranks \[1, 2\] did not come within 0\.2 s \(training\.rank_timeout\)"
    ):
        meet(_client(server), Place(0, 3, 0, 0), 0.2)
    with pytest.raises(UserError, match="rank 0, or a rank it waits for, did not come"):
        meet(_client(server), Place(1, 3, 1, 0), 0.2)


def test_answers_to_an_earlier_call_do_not_count(server: TCPStore) -> None:
    _all_meet(server, 2)
    with pytest.raises(UserError, match=r"ranks \[1\] did not come"):
        meet(_client(server), Place(0, 2, 0, 0), 0.2)
    with pytest.raises(UserError, match="rank 0"):
        meet(_client(server), Place(1, 2, 1, 0), 0.2)


def test_a_store_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulgenvae.distributed.rendezvous.SILENCE", 0.5)
    monkeypatch.setenv("SIMULGENVAE_STORE", "localhost:1")
    with pytest.raises(UserError, match=r"localhost:1 does not answer within 0\.5 s"):
        open_store(Place(0, 2, 0, 0))


def test_a_process_that_has_listened_ends_as_it_should(server: TCPStore) -> None:
    setup = "import time; from simulgenvae.distributed import rendezvous; rendezvous.WATCH = 0.0"
    code = f"{setup}\nwith rendezvous.listening(print): time.sleep(0.1)"
    asked = {"SIMULGENVAE_STORE": f"localhost:{server.port}", "RANK": "1", "WORLD_SIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_open_connections_are_given_up_after_a_silence_and_nothing_else_is_touched() -> None:
    with (
        socket.create_server(("localhost", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
        limit_silence(2.5)
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2500
        assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before


def test_what_ends_another_rank_is_noted_before_this_one_ends(
    server: TCPStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, told = threading.Event(), []
    monkeypatch.setattr(rank_store.os, "_exit", lambda code: ended.set())
    own = {"RANK": 0, "WORLD_SIZE": 2, "MASTER_ADDR": "localhost", "MASTER_PORT": server.port}
    for name, value in (own | {"TORCHELASTIC_USE_AGENT_STORE": True}).items():
        monkeypatch.setenv(name, str(value))
    with listening(told.append, told.append):
        _client(server).set("ended", json.dumps([0, -1, "error: rank 1: the disk is full"]))
        assert ended.wait(10)
    assert told[0] == "rank 1: the disk is full", "said on this machine already"
