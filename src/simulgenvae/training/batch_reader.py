"""Batches in the order of the steps, the next of which is read while the device computes."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulgenvae.training.batch import Batch
    from simulgenvae.training.data import TrainingData


@contextmanager
def batch_reader(
    data: TrainingData, fetch: Callable[[int], Batch], total: int
) -> Iterator[Callable[[int], Batch]]:
    """Provide a function that returns the batch of a step.

    Parameters
    ----------
    data
        Data of the batches. Where they are on the device, nothing is read ahead.
    fetch
        Function that collects the runs of a step from disk or from the computer's memory and copies
        them to the device.
    total
        Number of steps; no batch is read for later ones.
    """
    if data.on_device:
        yield fetch
        return
    waiting: dict[int, Future[Batch]] = {}
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:

        def batch(step: int) -> Batch:
            current = waiting.pop(step, None) or pool.submit(fetch, step)
            # One batch ahead is enough to hide the reading, and only two are in memory.
            if step + 1 < total:
                waiting[step + 1] = pool.submit(fetch, step + 1)
            return current.result()

        yield batch
