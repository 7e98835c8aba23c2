"""What every benchmark problem gives: solved runs, and which of them are known, for testing, or beyond the range."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TRAIN_STREAM, TEST_STREAM, EXTRAPOLATION_STREAM = range(3)
BEYOND = (0.05, 0.3)
"""Least and greatest distance of an extrapolation run's parameter from the training range, as shares of its width."""


class Problem(NamedTuple):
    """Solved runs, of which ``train``, ``test`` and ``extrapolation`` are row numbers."""

    fields: NDArray[np.float32]
    """Shape [N, T, M, V]."""
    coords: NDArray[np.float64]
    """Node positions, shape [M, D]."""
    times: NDArray[np.float64]
    """Times of the timesteps, shape [T]."""
    variables: tuple[str, ...]
    names: tuple[str, ...]
    """Names of the parameters; none where pictures are the condition."""
    table: NDArray[np.float64]
    """Parameters, shape [N, P]."""
    ids: tuple[str, ...]
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    extrapolation: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    """Runs whose parameters lie outside the range of the training runs."""
    images: NDArray[np.uint8] | None = None
    """Grey pictures, shape [N, pixels, pixels]; row 0 is the top edge."""
    declared: tuple[str, ...] = ()
    """Settings that belong to the problem, not to the method: symmetries."""


def rows_and_ids(
    train: int, test: int, extrapolation: int = 0
) -> tuple[tuple[str, ...], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Ids and rows of training, test and extrapolation runs, in this order."""
    counts = {"train": train, "test": test, "extrapolation": extrapolation}
    ids = tuple(f"{kind}_{number:03d}" for kind, count in counts.items() for number in range(count))
    bounds = np.cumsum([0, *counts.values()])
    known, unseen, beyond = (np.arange(start, stop) for start, stop in pairwise(bounds))
    return ids, known, unseen, beyond


def unit_designs(runs: int, parameters: int, seed: int, stream: int) -> NDArray[np.float64]:
    """Designs at random in units of the training range, shape [runs, parameters]; [0, 1] stands for the range.

    Uniform and independent. In the runs of ``EXTRAPOLATION_STREAM`` one or two parameters lie below 0 or above 1, by
    a distance within ``BEYOND``. A run's design depends on its number, the seed and the stream, not on ``runs``.
    """
    table = np.empty((runs, parameters))
    for run, unit in enumerate(table):
        generator = np.random.default_rng([seed, stream, run])
        unit[:] = generator.random(parameters)
        if stream == EXTRAPOLATION_STREAM:
            outside = generator.choice(parameters, size=generator.integers(1, 3), replace=False)
            excess = generator.uniform(*BEYOND, size=len(outside))
            unit[outside] = np.where(generator.random(len(outside)) < 0.5, -excess, 1.0 + excess)
    return table


def grid_positions(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """x and y of the nodes of a grid, shape [len(y) · len(x), 2]: row by row from the first y, x fastest."""
    rows, columns = np.meshgrid(y, x, indexing="ij")
    return np.stack([columns.ravel(), rows.ravel()], axis=1)
