from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from torch._C._distributed_c10d import Store, TCPStore

from simulgenvae.distributed.rendezvous import RankPlace, open_store, wait_for_ranks
from simulgenvae.errors import UserError


@pytest.fixture
def server() -> TCPStore:
    """Return a store that outlives attempts, as the agent keeps it."""
    return TCPStore("localhost", 0, is_master=True, timeout=timedelta(seconds=10))


def _client(server: TCPStore) -> Store:
    return TCPStore("localhost", server.port, is_master=False, timeout=timedelta(seconds=10))


def _all_wait_for_ranks(server: TCPStore, world_size: int) -> list[Store]:
    found: list[Store | None] = [None] * world_size

    def rank(number: int) -> None:
        found[number] = wait_for_ranks(
            _client(server), RankPlace(number, world_size, number, 0), 10.0
        )

    threads = [
        threading.Thread(target=rank, args=(number,)) for number in reversed(range(world_size))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [store for store in found if store is not None]


def test_ranks_meet_again_and_again_each_time_in_a_new_place(server: TCPStore) -> None:
    for attempt in range(3):
        stores = _all_wait_for_ranks(server, 3)
        assert len(stores) == 3
        assert not stores[0].check(["seen"])
        stores[attempt].set("seen", str(attempt))
        assert [store.get("seen") for store in stores] == [str(attempt).encode()] * 3


def test_those_who_do_not_come_are_named(server: TCPStore) -> None:
    with pytest.raises(
        UserError, match=r"ranks \[1, 2\] did not come within 0\.2 s \(training\.rank_timeout\)"
    ):
        wait_for_ranks(_client(server), RankPlace(0, 3, 0, 0), 0.2)
    with pytest.raises(UserError, match="rank 0, or a rank it waits for, did not come"):
        wait_for_ranks(_client(server), RankPlace(1, 3, 1, 0), 0.2)


def test_answers_to_an_earlier_call_do_not_count(server: TCPStore) -> None:
    _all_wait_for_ranks(server, 2)
    with pytest.raises(UserError, match=r"ranks \[1\] did not come"):
        wait_for_ranks(_client(server), RankPlace(0, 2, 0, 0), 0.2)
    with pytest.raises(UserError, match="rank 0"):
        wait_for_ranks(_client(server), RankPlace(1, 2, 1, 0), 0.2)


def test_a_store_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulgenvae.distributed.rendezvous.CONNECT_TIMEOUT", 0.5)
    monkeypatch.setenv("SIMULGENVAE_STORE", "localhost:1")
    with pytest.raises(UserError, match=r"localhost:1 does not answer within 0\.5 s"):
        open_store(RankPlace(0, 2, 0, 0))
