from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import BLOCK_BYTES, BLOCK_SNAPSHOTS, read_blocks, runs_of_block
from simulgenvae.errors import UserError
from tests.conftest import MakeWaves


@dataclass(frozen=True, eq=False)
class Counting(Dataset):
    """Remembers which runs were read and into which arrays, and refuses one of them."""

    rows: list[int] = field(default_factory=list)
    arrays: set[int] = field(default_factory=set)
    damaged: int = -1

    def read(self, index: int, out: np.ndarray) -> None:
        self.rows.append(index)
        self.arrays.add(out.__array_interface__["data"][0])
        if index == self.damaged:
            raise UserError(f"run {self.ids[index]!r} cannot be read")
        super().read(index, out)


def _long(make_waves: MakeWaves, **more: Any) -> Counting:
    """Twelve runs that are a block each."""
    return Counting(**vars(make_waves(timesteps=BLOCK_SNAPSHOTS)), **more)


def _no_threads() -> bool:
    return not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("timesteps", [1, 100, BLOCK_SNAPSHOTS, BLOCK_SNAPSHOTS + 1])
def test_blocks_are_the_runs_in_their_order(
    make_waves: MakeWaves, timesteps: int, workers: int
) -> None:
    dataset, rows = (
        make_waves(runs=12, timesteps=timesteps, variables=2),
        [7, 0, 3, 4, 8, 1, 2, 2, 11, 10],
    )
    found = [
        (numbers.tolist(), block.copy()) for numbers, block in read_blocks(dataset, rows, workers)
    ]
    assert [row for numbers, _ in found for row in numbers] == rows
    wanted = np.concatenate([dataset.run(row) for row in rows])
    np.testing.assert_array_equal(np.concatenate([block for _, block in found]), wanted)
    assert all(len(block) >= min(BLOCK_SNAPSHOTS, len(rows) * timesteps) for _, block in found[:-1])
    assert all(len(block) < BLOCK_SNAPSHOTS + timesteps for _, block in found)


def test_blocks_of_large_runs_hold_fewer_snapshots() -> None:
    assert runs_of_block((10, 200, 100, 1)) == 4
    assert runs_of_block((3, 200, 100, 1)) == 3
    assert runs_of_block((10, 200, 2_000_000, 1)) == 1
    assert 4 * runs_of_block((1000, 1, 2_000_000, 3)) * 6_000_000 <= BLOCK_BYTES


@pytest.mark.parametrize("workers", [0, 2])
def test_blocks_may_be_changed_without_changing_the_data(waves: Dataset, workers: int) -> None:
    before = waves.run(0)
    for _, block in read_blocks(waves, range(12), workers):
        block[...] = 0
    np.testing.assert_array_equal(waves.run(0), before)


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_to_read(waves: Dataset, workers: int) -> None:
    assert not list(read_blocks(waves, [], workers))


@pytest.mark.parametrize(("workers", "arrays"), [(0, 1), (1, 2), (3, 2)])
def test_two_blocks_take_turns(make_waves: MakeWaves, workers: int, arrays: int) -> None:
    dataset = _long(make_waves)
    for position, _ in enumerate(read_blocks(dataset, range(12), workers), 1):
        assert len(dataset.rows) <= position + (workers > 0)
    assert len(dataset.arrays) == arrays


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_run_is_named_after_those_before_it(make_waves: MakeWaves, workers: int) -> None:
    found: list[int] = []
    with pytest.raises(UserError, match="'run3'"):
        found.extend(
            numbers[0]
            for numbers, _ in read_blocks(_long(make_waves, damaged=3), range(12), workers)
        )
    assert found == [0, 1, 2]
    assert _no_threads()


def test_stopping_early_ends_the_threads(make_waves: MakeWaves) -> None:
    blocks = read_blocks(_long(make_waves), range(12), 2)
    assert isinstance(blocks, Generator)
    next(blocks)
    blocks.close()
    assert _no_threads()
