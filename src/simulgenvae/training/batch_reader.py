"""Batches in the order of the steps; where they are not on the device already, the next one is
fetched meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from simulgenvae.training.augmentation import Batch
from simulgenvae.training.data import TrainingData


@contextmanager
def batch_reader(
    data: TrainingData, fetch: Callable[[int], Batch], total: int
) -> Iterator[Callable[[int], Batch]]:
    """A function from a step to its batch, for steps that follow each other up to ``total``.

    ``fetch`` gathers the runs that a step takes from disk or from the computer's memory, and copies
    them to the device. One thread does so for the next step while the caller computes.
    """
    if data.at_hand:
        yield fetch
        return
    waiting: dict[int, Future[Batch]] = {}
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:

        def batch(step: int) -> Batch:
            found = waiting.pop(step, None) or pool.submit(fetch, step)
            if step + 1 < total:
                waiting[step + 1] = pool.submit(fetch, step + 1)
            return found.result()

        yield batch
