from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.distributed import collectives
from simulgenvae.distributed.failures import RanksLost
from simulgenvae.errors import UserError
from tests.conftest import RunRanks


def test_one_process_is_the_first_of_one_and_nothing_is_exchanged() -> None:
    values = torch.arange(3.0)
    with collectives.process_group(1.0) as again:
        assert not again
        assert (collectives.rank(), collectives.world_size(), collectives.is_rank0()) == (
            0,
            1,
            True,
        )
        assert collectives.all_reduce_sum(values) is values
        assert collectives.all_reduce_max(values) is values
        assert collectives.all_gather("a") == ["a"]
        assert collectives.run_on_rank0(lambda: "b") == "b"
        np.testing.assert_array_equal(collectives.local_rows(np.arange(3)), np.arange(3))


def _everything() -> tuple[Any, ...]:
    own = torch.tensor([1.0, -1.0]) * (collectives.rank() + 1)
    whole = collectives.all_reduce_sum(own).tolist(), collectives.all_reduce_max(own).tolist()
    return (
        own.tolist(),
        *whole,
        collectives.all_gather(collectives.rank()),
        collectives.run_on_rank0(collectives.rank),
        collectives.local_rows(np.arange(7)),
    )


def test_what_ranks_tell_each_other(run_ranks: RunRanks) -> None:
    for rank, (own, total, largest, numbers, first, rows) in enumerate(run_ranks(3, _everything)):
        assert own == [rank + 1, -rank - 1]
        assert (total, largest, numbers, first) == ([6, -6], [3, -1], [0, 1, 2], 0)
        assert rows.tolist() == [[0, 1, 2], [3, 4], [5, 6]][rank]


@pytest.mark.parametrize(("rows", "size"), [(7, 2), (2, 5), (9, 1), (6, 3)])
def test_all_ranks_have_as_many_pieces_and_together_every_row_once(
    run_ranks: RunRanks, rows: int, size: int
) -> None:
    everything = run_ranks(
        3, lambda: [piece.tolist() for piece in collectives.local_batches(np.arange(rows), size)]
    )
    assert len({len(pieces) for pieces in everything}) == 1
    assert max(len(piece) for pieces in everything for piece in pieces) <= size
    assert [row for pieces in everything for piece in pieces for row in piece] == list(range(rows))


def test_a_mistake_of_the_first_is_that_of_all(run_ranks: RunRanks) -> None:
    def refuse() -> None:
        raise UserError("no such file")

    assert [str(error) for error in run_ranks(2, lambda: collectives.run_on_rank0(refuse))] == [
        "no such file"
    ] * 2


def test_ranks_that_differ_are_named(run_ranks: RunRanks) -> None:
    def compare() -> None:
        collectives.require_same(
            collectives.rank() // 2, lambda a, b: [] if a == b else [f"{a} and {b}"]
        )

    for error in run_ranks(3, compare):
        assert isinstance(error, UserError)
        assert str(error).startswith("rank 2 does not train the same study as rank 0: 0 and 1.")


def test_a_rank_that_is_killed_is_missed(run_ranks: RunRanks) -> None:
    def work() -> None:
        if collectives.rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        collectives.all_reduce_sum(torch.zeros(3))

    found = run_ranks(2, work)
    assert isinstance(found[0], RanksLost)
    assert "another rank cannot be reached" in str(found[0])


def test_other_errors_are_not_taken_for_lost_ranks(run_ranks: RunRanks) -> None:
    def work() -> None:
        with collectives.communication_errors():
            raise RuntimeError("shapes differ")

    assert [(type(error), str(error)) for error in run_ranks(2, work)] == [
        (RuntimeError, "shapes differ")
    ] * 2


@pytest.mark.parametrize("count", [2])
def test_more_ranks_than_gpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", str(count))
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with (
        pytest.raises(UserError, match="on a machine with 1 GPUs: start one per GPU"),
        collectives.process_group(1.0),
    ):
        pass
