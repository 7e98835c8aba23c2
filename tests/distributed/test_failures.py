from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from torch._C._distributed_c10d import Store, TCPStore

from simulgenvae.distributed import failures
from simulgenvae.distributed.failures import (
    RanksLost,
    limit_tcp_silence,
    report_failure,
    watch_other_ranks,
)
from simulgenvae.errors import UserError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> TCPStore:
    """Return a store as the launcher keeps it, whose address this process knows."""
    store = TCPStore("localhost", 0, is_master=True, timeout=timedelta(seconds=10))
    monkeypatch.setenv("SIMULGENVAE_STORE", f"localhost:{store.port}")
    monkeypatch.setattr(failures, "CHECK_SECONDS", 0.01)
    return store


def _client(server: TCPStore) -> Store:
    return TCPStore("localhost", server.port, is_master=False, timeout=timedelta(seconds=10))


def test_only_the_first_of_two_failures_is_printed(server: TCPStore) -> None:
    printed: list[str] = []
    report_failure(UserError(""), "error: the disk is full", printed.append)
    report_failure(UserError(""), "error: the disk is still full", printed.append)
    assert printed == ["error: the disk is full"]
    assert json.loads(_client(server).get("ended"))[2] == "error: the disk is full"


def test_a_lost_rank_is_printed_and_not_reported(server: TCPStore) -> None:
    printed: list[str] = []
    report_failure(RanksLost(""), "error: another rank cannot be reached", printed.append)
    assert printed == ["error: another rank cannot be reached"]
    assert not server.check(["ended"])


def test_a_failure_is_printed_where_no_store_answers(
    server: TCPStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMULGENVAE_STORE", "localhost:1")
    monkeypatch.setattr("simulgenvae.distributed.rendezvous.CONNECT_TIMEOUT", 0.5)
    printed: list[str] = []
    report_failure(UserError(""), "error: the disk is full", printed.append)
    assert printed == ["error: the disk is full"]


def test_a_process_that_has_watched_others_ends_without_an_error(server: TCPStore) -> None:
    setup = (
        "import time; from simulgenvae.distributed import failures; failures.CHECK_SECONDS = 0.0"
    )
    code = f"{setup}\nwith failures.watch_other_ranks(print): time.sleep(0.1)"
    asked = {"SIMULGENVAE_STORE": f"localhost:{server.port}", "RANK": "1", "WORLD_SIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_limit_applies_to_open_connections_and_closes_nothing() -> None:
    with (
        socket.create_server(("localhost", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
        limit_tcp_silence(2.5)
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2500
        assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before


def test_what_ends_another_rank_is_noted_before_this_one_ends(
    server: TCPStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    noted: list[str] = []
    monkeypatch.setattr("simulgenvae.distributed.failures.os._exit", lambda code: ended.set())
    own = {"RANK": 0, "WORLD_SIZE": 2, "MASTER_ADDR": "localhost", "MASTER_PORT": server.port}
    for name, value in (own | {"TORCHELASTIC_USE_AGENT_STORE": True}).items():
        monkeypatch.setenv(name, str(value))
    with watch_other_ranks(noted.append, noted.append):
        _client(server).set("ended", json.dumps([0, -1, "error: rank 1: the disk is full"]))
        assert ended.wait(10)
    assert noted[0] == "rank 1: the disk is full", "said on this machine already"
