"""Coefficients of all runs of a data set in a reduction that is fitted."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.base import Reduction
from simulgenvae.reduction.incremental import EarlierModes


def encode_runs(
    dataset: Dataset, reduction: Reduction, workers: int = 0, known: EarlierModes | None = None
) -> NDArray[np.float32]:
    """``[N, T, r]``; ranks share the runs, and ``workers`` threads read ahead.

    Coefficients of runs that are ``known`` in the same modes are taken over.
    """
    rows = np.arange(len(dataset.ids)) if known is None else known.others(len(dataset.ids))
    own = torch.zeros(*dataset.shape[:2], reduction.rank)
    for some, block in read_blocks(dataset, collectives.local_rows(rows), workers):
        own[torch.from_numpy(some)] = torch.from_numpy(reduction.encode(block)).view(
            len(some), -1, reduction.rank
        )
    coefficients: NDArray[np.float32] = collectives.all_reduce_sum(own).numpy()
    if known is not None:
        coefficients[known.rows] = known.coefficients
    return coefficients
