"""Batches in the order of the steps; where they are not on the device already, the next one is fetched meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from torch import Tensor

from simulgenvae.training.augmentation import Batch, plain_batch
from simulgenvae.training.problem import TrainingData


@contextmanager
def batch_reader(data: TrainingData, rows: Callable[[int], Tensor], total: int) -> Iterator[Callable[[int], Batch]]:
    """A function from a step to its batch, for steps that follow each other up to ``total``.

    ``rows`` says which runs a step takes. One thread gathers those of the next step from disk or from the computer's
    memory, and copies them to the device, while the caller computes.
    """
    if data.at_hand:
        yield lambda step: plain_batch(data, rows(step))
        return
    waiting: dict[int, Future[Batch]] = {}
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:

        def fetch(step: int) -> Future[Batch]:
            return pool.submit(lambda: plain_batch(data, rows(step)))

        def batch(step: int) -> Batch:
            found = waiting.pop(step, None) or fetch(step)
            if step + 1 < total:
                waiting[step + 1] = fetch(step + 1)
            return found.result()

        yield batch
