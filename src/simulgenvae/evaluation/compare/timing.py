"""Time of one prediction, as a user waits for it.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

_RUNS = 5


def seconds_for_one_run(dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp]) -> float:
    """Return the median time in seconds of predicting one of the first runs by itself."""
    seconds = []
    for row in rows[:_RUNS]:
        conditions = dataset.conditions.select([int(row)])
        start = time.perf_counter()
        surrogate.predict(conditions)
        # Predicting returns numbers on the CPU, so nothing is still running when the clock is read.
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))
