"""Statistics of all runs of a data set, for checking it before a training.

The fields are read once, one run at a time. They may hold NaN and infinity, which is what a check
looks for. Tested in tests/data/checks/test_dataset.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.values import count_nonfinite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset

SAMPLES = 512
"""Entries of a field that are kept of each run."""


@dataclass(frozen=True, eq=False)
class DatasetStatistics:
    """Statistics of the finite values of each run; NaN where a run has none."""

    lower: NDArray[np.float64]
    """Smallest value of each variable in each run, ``[N, V]``."""
    upper: NDArray[np.float64]
    """Largest value of each variable in each run, ``[N, V]``."""
    norm: NDArray[np.float64]
    """Root mean square of each variable in each run, ``[N, V]``."""
    nonfinite: NDArray[np.int64]
    """Number of values that are not finite in each run, ``[N]``."""
    node_lower: NDArray[np.floating]
    """Smallest value at each node over all runs and timesteps, ``[M, V]``."""
    node_upper: NDArray[np.floating]
    """Largest value at each node over all runs and timesteps, ``[M, V]``."""
    hashes: tuple[bytes, ...]
    """A digest of each run, equal for runs with equal fields."""
    samples: NDArray[np.floating]
    """Values of each run at the same K random entries, ``[N, K]``."""


def dataset_statistics(dataset: Dataset) -> DatasetStatistics:
    """Read every run once; UserError where a run cannot be read."""
    runs, _, nodes, variables = dataset.shape
    lower = np.full((runs, variables), np.nan)
    upper = np.full((runs, variables), np.nan)
    norm = np.full((runs, variables), np.nan)
    nonfinite = np.zeros(runs, dtype=np.int64)
    node_lower = np.full((nodes, variables), np.inf, dtype=dataset.dtype)
    node_upper = np.full((nodes, variables), -np.inf, dtype=dataset.dtype)
    hashes = []
    # Time, node and variable of each sample.
    ends = np.array(dataset.shape[1:])[:, None]
    places = np.random.default_rng(0).integers(0, ends, (3, SAMPLES))
    samples = np.empty((runs, SAMPLES), dtype=dataset.dtype)
    for index in range(runs):
        run = dataset.run(index)
        # Equal digests show duplicate runs without a comparison of all pairs.
        hashes.append(hashlib.sha256(run.data).digest())
        # The same places in every run: nearly equal runs are found by comparing these.
        samples[index] = run[tuple(places)]
        nonfinite[index] = count_nonfinite(run)
        finite = np.isfinite(run)
        run_lower = run.min(axis=0, initial=np.inf, where=finite)
        run_upper = run.max(axis=0, initial=-np.inf, where=finite)
        np.minimum(node_lower, run_lower, out=node_lower)
        np.maximum(node_upper, run_upper, out=node_upper)
        for variable in np.flatnonzero(finite.any(axis=(0, 1))):
            values = run[..., variable][finite[..., variable]].astype(np.float64)
            lower[index, variable] = values.min()
            upper[index, variable] = values.max()
            norm[index, variable] = np.sqrt(np.mean(values**2))
    return DatasetStatistics(
        lower, upper, norm, nonfinite, node_lower, node_upper, tuple(hashes), samples
    )
