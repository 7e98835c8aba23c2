"""Runs in blocks of many snapshots, read in other threads while the block before is worked on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset

BLOCK_SNAPSHOTS = 768
"""Snapshots of a block at least, where there are so many: a matrix product with fewer waits for
memory."""
BLOCK_BYTES = 2**29
"""Of a block at most, but for a run that is larger."""


def runs_of_block(shape: tuple[int, ...]) -> int:
    """How many runs of fields ``shape`` [N, T, M, V] are a block."""
    runs, steps, *_ = shape
    return max(
        1, min(runs, math.ceil(BLOCK_SNAPSHOTS / steps), BLOCK_BYTES // (4 * math.prod(shape[1:])))
    )


def read_blocks(
    dataset: Dataset, rows: Iterable[int], workers: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Some of ``rows`` at a time, in their order, and the snapshots of these runs below each other,
    ``[k·T, M, V]``.

    A block is the caller's to change, but only until the next one is asked for: there are two
    arrays that take turns, as memory that is new to a process is slow. ``workers`` threads fill the
    other one meanwhile (0: none).

    Raises UserError where :meth:`Dataset.read` does, at the block concerned.
    """
    steps, order, count = dataset.shape[1], [int(row) for row in rows], runs_of_block(dataset.shape)
    groups = [order[start : start + count] for start in range(0, len(order), count)]
    shape = (min(count, len(order)) * steps, *dataset.shape[2:])
    buffers = [np.empty(shape, np.float32) for _ in range(min(len(groups), 2 if workers else 1))]

    def targets(number: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """The runs of a block, and where each goes."""
        buffer = buffers[number % len(buffers)]
        return ((row, buffer[place * steps :][:steps]) for place, row in enumerate(groups[number]))

    def block(number: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        group = groups[number]
        return np.array(group, np.intp), buffers[number % len(buffers)][: len(group) * steps]

    if workers == 0:
        for number in range(len(groups)):
            for row, out in targets(number):
                dataset.read(row, out)
            yield block(number)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="read-ahead") as pool:
        waiting: list[Future[None]] = []
        try:
            for number in range(-1, len(groups)):
                for future in waiting:
                    future.result()
                waiting = []
                if number + 1 < len(groups):
                    waiting = [pool.submit(dataset.read, *target) for target in targets(number + 1)]
                if number >= 0:
                    yield block(number)
        finally:
            for future in waiting:
                future.cancel()
