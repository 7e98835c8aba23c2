"""Coefficients of all runs of a data set in a fitted reduction.

Tested in tests/reduction/test_reduction.py and tests/reduction/test_shared.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.lazy import LazyStates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction.base import Reduction
    from simulgenvae.reduction.incremental import ReducedRuns


def encode_runs(
    dataset: Dataset, reduction: Reduction, workers: int = 0, earlier: ReducedRuns | None = None
) -> NDArray[np.float32]:
    """Return the coefficients of all runs, ``[N, T, r]``.

    Ranks share the runs, and ``workers`` threads read ahead. The coefficients of ``earlier`` runs,
    which must be of the same reduction, are copied.
    """
    rows = np.arange(len(dataset.ids))
    if earlier is not None:
        rows = np.setdiff1d(rows, earlier.rows)
    own = torch.zeros(*dataset.shape[:2], reduction.rank)
    for block_rows, block in read_blocks(dataset, collectives.local_rows(rows), workers):
        encoded = torch.from_numpy(reduction.encode_stored(block))
        own[torch.from_numpy(block_rows)] = encoded.view(len(block_rows), -1, reduction.rank)
    # Every rank has filled the rows of its runs and has zeros elsewhere, so the sum joins them.
    coefficients: NDArray[np.float32] = collectives.all_reduce_sum(own).numpy()
    if earlier is not None:
        coefficients[earlier.rows] = earlier.coefficients
    return coefficients


def runs_in(
    dataset: Dataset, reduction: Reduction, workers: int = 0, *, on_disk: bool = False
) -> NDArray[np.float32] | LazyStates:
    """Return the coefficients of all runs in memory, or an object that reads runs when indexed."""
    return LazyStates(dataset, reduction) if on_disk else encode_runs(dataset, reduction, workers)
