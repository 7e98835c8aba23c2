from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_runs
from simulgenvae.errors import UserError


@dataclass(frozen=True, eq=False)
class Counting(Dataset):
    """Remembers how many runs were read, and refuses one of them."""

    read: list[int] = field(default_factory=list)
    damaged: int = -1

    def run(self, index: int) -> np.ndarray:
        self.read.append(index)
        if index == self.damaged:
            raise UserError(f"run {self.ids[index]!r} cannot be read")
        return super().run(index)


def _counting(waves: Dataset, **more: Any) -> Counting:
    return Counting(**vars(waves), **more)


@pytest.mark.parametrize("workers", [0, 1, 3, 20])
def test_runs_come_in_their_order(waves: Dataset, workers: int) -> None:
    rows = [5, 2, 2, 11, 0]
    found = list(read_runs(waves, rows, workers))
    assert all(np.array_equal(run, waves.run(row)) for run, row in zip(found, rows, strict=True))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_no_more_runs_are_held_than_asked_for(waves: Dataset, workers: int) -> None:
    dataset = _counting(waves)
    for position, _ in enumerate(read_runs(dataset, range(12), workers)):
        assert len(dataset.read) <= position + 1 + workers


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_run_is_named_after_those_before_it(waves: Dataset, workers: int) -> None:
    found = []
    with pytest.raises(UserError, match="'run3'"):
        found.extend(run for run in read_runs(_counting(waves, damaged=3), range(12), workers))
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]
    assert not threads


def test_stopping_early_ends_the_threads(waves: Dataset) -> None:
    runs = read_runs(waves, range(12), 2)
    next(runs)
    runs.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]
