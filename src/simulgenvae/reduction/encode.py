"""Coefficients of all runs of a data set in a reduction that is fitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.reduction.base import Reduction
from simulgenvae.reduction.known import Known


def encode_runs(
    dataset: Dataset, reduction: Reduction, workers: int = 0, known: Known | None = None
) -> NDArray[np.float32]:
    """``[N, T, r]``; ``workers`` threads read ahead. Coefficients of runs that are ``known`` in the same modes are
    taken over."""
    rows = np.arange(len(dataset.ids))
    coefficients = np.empty((*dataset.shape[:2], reduction.rank), np.float32)
    if known is not None:
        rows = known.others(len(rows))
        coefficients[known.rows] = known.coefficients
    for some, block in read_blocks(dataset, rows, workers):
        coefficients[some] = reduction.encode(block).reshape(len(some), -1, reduction.rank)
    return coefficients
