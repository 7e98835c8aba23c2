"""Runs read in other threads while the one before is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset


def read_runs(dataset: Dataset, rows: Iterable[int], workers: int) -> Iterator[NDArray[np.float32]]:
    """The fields ``[T, M, V]`` of ``rows`` in their order, up to ``workers`` of them read ahead (0: none).

    Raises UserError where :meth:`Dataset.run` does, at the run concerned.
    """
    if workers == 0:
        yield from (dataset.run(int(row)) for row in rows)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="read-ahead") as pool:
        waiting: deque[Future[NDArray[np.float32]]] = deque()
        try:
            for row in rows:
                waiting.append(pool.submit(dataset.run, int(row)))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
