"""Runs in blocks of many snapshots, read by other threads while a block is worked on."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset

BLOCK_SNAPSHOTS = 768
"""Smallest number of snapshots of a block, where there are as many. Products of larger matrices
wait less for memory."""
BLOCK_BYTES = 2**29
"""Largest size of a block of several runs; a single run may be larger."""


def runs_of_block(shape: tuple[int, ...]) -> int:
    """Return how many runs of fields ``shape`` (N, T, M, V) are a block."""
    runs, steps, *_ = shape
    wanted = math.ceil(BLOCK_SNAPSHOTS / steps)
    in_memory = BLOCK_BYTES // (4 * math.prod(shape[1:]))  # fields are float32
    return max(1, min(runs, wanted, in_memory))


def read_blocks(
    dataset: Dataset, rows: Iterable[int], workers: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Yield some of ``rows`` at a time, in their order, and the snapshots of these runs.

    Snapshots ``[k·T, M, V]`` stand one below the other. A caller may change a block, but only until
    it takes the next one: two arrays take turns, because memory that is new to a process is slow.

    Parameters
    ----------
    dataset
        The fields.
    rows
        Rows of the runs to read.
    workers
        Threads that read the next block while the caller works on one; 0 reads in the caller's.

    Raises
    ------
    UserError
        Where :meth:`Dataset.read` raises it, at the block concerned.
    """
    blocks = _Blocks(dataset, [int(row) for row in rows], ahead=workers > 0)
    if workers == 0:
        for number in range(len(blocks)):
            for row, out in blocks.targets(number):
                dataset.read(row, out)
            yield blocks.block(number)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="read-ahead") as pool:
        waiting: list[Future[None]] = []
        try:
            # One turn more than there are blocks: the first only starts reading.
            for number in range(-1, len(blocks)):
                for future in waiting:
                    future.result()
                waiting = []
                if number + 1 < len(blocks):
                    targets = blocks.targets(number + 1)
                    waiting = [pool.submit(dataset.read, *target) for target in targets]
                if number >= 0:
                    yield blocks.block(number)
        finally:
            # The caller may stop early. What has not begun is not read for nothing.
            for future in waiting:
                future.cancel()


class _Blocks:
    """Runs in groups, and the arrays that they are read into.

    ``ahead`` tells whether a second array is needed, because one block is read while the caller
    works on another.
    """

    def __init__(self, dataset: Dataset, rows: list[int], *, ahead: bool) -> None:
        count = runs_of_block(dataset.shape)
        self._steps = dataset.shape[1]
        self._groups = [rows[start : start + count] for start in range(0, len(rows), count)]
        shape = (min(count, len(rows)) * self._steps, *dataset.shape[2:])
        number = min(len(self._groups), 2 if ahead else 1)
        self._buffers = [np.empty(shape, np.float32) for _ in range(number)]

    def __len__(self) -> int:
        return len(self._groups)

    def targets(self, number: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the runs of a block, and the array ``[T, M, V]`` that each is read into."""
        buffer = self._buffers[number % len(self._buffers)]
        for place, row in enumerate(self._groups[number]):
            yield row, buffer[place * self._steps :][: self._steps]

    def block(self, number: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the rows ``[k]`` and the snapshots ``[k·T, M, V]`` of a block that was read."""
        group = self._groups[number]
        buffer = self._buffers[number % len(self._buffers)]
        return np.array(group, np.intp), buffer[: len(group) * self._steps]
