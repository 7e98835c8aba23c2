"""One pass over the fields of a dataset, holding one run at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.values import count_nonfinite

SAMPLES = 512
"""Entries of a field that are kept of each run."""


@dataclass(frozen=True, eq=False)
class DatasetStatistics:
    """Of finite values alone; NaN where there are none.

    lower, upper, norm: [N, V], norm is the root mean square; nonfinite: [N] counts; node_lower,
    node_upper: [M, V] over all runs and timesteps; hashes: equal for runs with equal fields;
    samples: [N, K], each run at the same K entries.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    norm: NDArray[np.float64]
    nonfinite: NDArray[np.int64]
    node_lower: NDArray[np.float32]
    node_upper: NDArray[np.float32]
    hashes: tuple[bytes, ...]
    samples: NDArray[np.float32]


def dataset_statistics(dataset: Dataset) -> DatasetStatistics:
    """Read every run once. Raises UserError where a run cannot be read."""
    runs, _, nodes, variables = dataset.shape
    lower, upper, norm = (np.full((runs, variables), np.nan) for _ in range(3))
    nonfinite = np.zeros(runs, dtype=np.int64)
    node_lower = np.full((nodes, variables), np.inf, dtype=np.float32)
    node_upper = np.full((nodes, variables), -np.inf, dtype=np.float32)
    hashes = []
    places = np.random.default_rng(0).integers(
        0, np.array(dataset.shape[1:])[:, None], (3, SAMPLES)
    )
    samples = np.empty((runs, SAMPLES), dtype=np.float32)
    for index in range(runs):
        run = dataset.run(index)
        hashes.append(hashlib.sha256(run.data).digest())
        samples[index] = run[tuple(places)]
        nonfinite[index] = count_nonfinite(run)
        finite = np.isfinite(run)
        run_lower = run.min(axis=0, initial=np.inf, where=finite)
        run_upper = run.max(axis=0, initial=-np.inf, where=finite)
        np.minimum(node_lower, run_lower, out=node_lower)
        np.maximum(node_upper, run_upper, out=node_upper)
        for variable in np.flatnonzero(finite.any(axis=(0, 1))):
            values = run[..., variable][finite[..., variable]].astype(np.float64)
            lower[index, variable], upper[index, variable] = values.min(), values.max()
            norm[index, variable] = np.sqrt(np.mean(values**2))
    return DatasetStatistics(
        lower, upper, norm, nonfinite, node_lower, node_upper, tuple(hashes), samples
    )
