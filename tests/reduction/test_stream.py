from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction.stream import BLOCK_ROWS, PART, parts, row_blocks

MakeWaves = Callable[..., Dataset]


@pytest.mark.parametrize("timesteps", [1, 100, BLOCK_ROWS, BLOCK_ROWS + 1])
def test_blocks_are_the_runs_in_their_order(make_waves: MakeWaves, timesteps: int) -> None:
    dataset, rows = make_waves(runs=9, timesteps=timesteps, variables=2), np.array([7, 0, 3, 4, 8, 1, 2])
    found = list(row_blocks(dataset, rows, workers=0))
    assert np.concatenate([numbers for numbers, _ in found]).tolist() == rows.tolist()
    snapshots = np.concatenate([block.numpy() for _, block in found])
    np.testing.assert_array_equal(snapshots, np.concatenate([dataset.run(row).reshape(timesteps, -1) for row in rows]))
    assert all(len(block) >= min(BLOCK_ROWS, 7 * timesteps) for _, block in found[:-1])
    assert all(len(block) < BLOCK_ROWS + timesteps for _, block in found)


def test_blocks_may_be_changed_without_changing_the_data(waves: Dataset) -> None:
    before = waves.run(0)
    for _, block in row_blocks(waves, range(12), workers=0):
        block.zero_()
    np.testing.assert_array_equal(waves.run(0), before)


@pytest.mark.parametrize("width", [1, PART - 1, PART, PART + 1, 3 * PART])
def test_parts_are_a_whole_row(width: int) -> None:
    found = list(parts(width))
    assert np.concatenate([np.arange(part.start, part.stop) for part in found]).tolist() == list(range(width))
    assert max(part.stop - part.start for part in found) <= PART


def test_long_runs_are_held_one_by_one(make_waves: MakeWaves) -> None:
    """Never more than the block that is worked on and the next one while it is read."""

    class Counting(Dataset):
        alive: list[weakref.ref] = []  # noqa: RUF012 - shared on purpose
        most = 0

        def run(self, index: int) -> np.ndarray:
            run = super().run(index)
            cls = Counting
            cls.alive = [each for each in cls.alive if each() is not None] + [weakref.ref(run)]
            cls.most = max(cls.most, len(cls.alive))
            return run

    for _ in row_blocks(Counting(**vars(make_waves(timesteps=BLOCK_ROWS))), range(12), workers=0):
        pass
    assert 1 <= Counting.most <= 2
