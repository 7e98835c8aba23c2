"""Fields ↔ coefficients: scaling, POD, and exact bookkeeping of what was lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_runs
from simulgenvae.errors import UserError
from simulgenvae.reduction.base import Reduction
from simulgenvae.reduction.direct import Direct
from simulgenvae.reduction.pod import Pod
from simulgenvae.reduction.scaling import field_statistics
from simulgenvae.reduction.state import StateMap
from simulgenvae.settings import ReductionSettings

__all__ = ["Direct", "Pod", "Reduction", "encode_runs", "fit_reduction", "restore_reduction"]


def fit_reduction(dataset: Dataset, rows: NDArray[np.intp], settings: ReductionSettings, workers: int = 0) -> Reduction:
    """Reduction fitted on the runs ``rows`` (the training runs) alone, read ahead by ``workers`` threads.

    Raises UserError when nothing varies in them.
    """
    statistics = field_statistics(dataset, rows, workers)
    if not (statistics.maximum > statistics.minimum).any():
        raise UserError(
            f"The fields are the same at all timesteps of all {len(rows)} training runs: there is nothing to learn."
        )
    state = StateMap.fit(statistics, settings)
    return Direct(state) if settings.method == "none" else Pod.fit(dataset, rows, state, settings, workers)


def restore_reduction(method: str, arrays: dict[str, NDArray[np.generic]]) -> Reduction:
    """Reduction from a model file; raises KeyError when an array is missing."""
    return Direct.from_arrays(arrays) if method == "none" else Pod.from_arrays(arrays)


def encode_runs(dataset: Dataset, reduction: Reduction, workers: int = 0) -> NDArray[np.float32]:
    """Coefficients of all runs, ``[N, T, r]``; ``workers`` threads read ahead."""
    coefficients = np.empty((dataset.shape[0], dataset.shape[1], reduction.rank), np.float32)
    for row, run in enumerate(read_runs(dataset, range(dataset.shape[0]), workers)):
        coefficients[row] = reduction.encode(run)
    return coefficients
