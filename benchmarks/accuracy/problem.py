"""Solved runs of a benchmark problem, for training, for testing and beyond the range."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Counts = tuple[int, int, int]
"""Numbers of training, test and extrapolation runs."""
TRAIN_STREAM, TEST_STREAM, EXTRAPOLATION_STREAM = range(3)
BEYOND = (0.05, 0.3)
"""Least and greatest distance of an extrapolation run's parameter from the training range, as
fractions of its width."""


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
    """Names of the parameters; none where images are the condition."""
    table: NDArray[np.float64]
    """Parameters, shape [N, P]."""
    ids: tuple[str, ...]
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    extrapolation: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    """Runs whose parameters lie outside the range of the training runs."""
    images: NDArray[np.uint8] | None = None
    """Grey images, shape [N, pixels, pixels]; row 0 is the top edge."""
    declared: tuple[str, ...] = ()
    """Settings that belong to the problem, not to the method: symmetries."""


class Runs(NamedTuple):
    """Ids of all runs of a problem, and rows of the training, test and extrapolation runs."""

    ids: tuple[str, ...]
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    extrapolation: NDArray[np.intp]

    @classmethod
    def of(cls, counts: Counts) -> Runs:
        """Return ids and rows of these numbers of training, test and extrapolation runs."""
        kinds = cls._fields[1:]
        ids = tuple(
            f"{kind}_{number:03d}"
            for kind, count in zip(kinds, counts, strict=True)
            for number in range(count)
        )
        bounds = np.cumsum([0, *counts])
        return cls(ids, *(np.arange(start, stop) for start, stop in pairwise(bounds)))


def sample_streams(
    sample: Callable[[int, int, int], NDArray[np.float64]], seed: int, counts: Counts
) -> NDArray[np.float64]:
    """Return designs of the training, test and extrapolation runs, one after another.

    ``sample(runs, seed, stream)`` draws those of one stream.
    """
    return np.concatenate([sample(runs, seed, stream) for stream, runs in enumerate(counts)])


def unit_designs(runs: int, parameters: int, seed: int, stream: int) -> NDArray[np.float64]:
    """Return designs at random in units of the training range, ``[runs, parameters]``.

    They are uniform in [0, 1] and independent. In the runs of ``EXTRAPOLATION_STREAM`` one or two
    parameters lie below 0 or above 1, by a distance within ``BEYOND``. A run's design depends on
    its number, the seed and the stream, not on ``runs``.
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
    """Return x and y of the nodes of a grid, ``[len(y) · len(x), 2]``.

    They are numbered row by row from the first y, x fastest.
    """
    rows, columns = np.meshgrid(y, x, indexing="ij")
    return np.stack([columns.ravel(), rows.ravel()], axis=1)
