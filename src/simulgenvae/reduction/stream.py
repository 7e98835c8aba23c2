"""Fields as a stream: runs stacked into blocks of rows, and rows cut into parts that a processor's cache holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_runs

BLOCK_ROWS = 512
"""Snapshots of a block at least, where there are so many: a product with fewer waits for memory."""
PART = 4096
"""Entries of a part of a row."""


def row_blocks(dataset: Dataset, rows: Iterable[int], workers: int) -> Iterator[tuple[NDArray[np.intp], Tensor]]:
    """Runs of ``rows``, and their snapshots one below the other, ``[k·T, M·V]`` float32, for the caller to change.

    ``workers`` threads read ahead. Raises UserError where a run cannot be read.
    """
    order = [int(row) for row in rows]
    steps = dataset.shape[1]
    waiting: list[NDArray[np.float32]] = []
    for position, run in enumerate(read_runs(dataset, order, workers), 1):
        waiting.append(run.reshape(steps, -1))
        if len(waiting) * steps >= BLOCK_ROWS or position == len(order):
            block = waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
            numbers = np.array(order[position - len(waiting) : position], np.intp)
            waiting = []
            yield numbers, torch.from_numpy(block)


def parts(width: int) -> Iterator[slice]:
    """Slices that together are a row of so many entries."""
    return (slice(start, min(start + PART, width)) for start in range(0, width, PART))
