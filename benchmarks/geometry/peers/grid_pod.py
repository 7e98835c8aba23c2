"""POD and regression on a background grid, and the field of the training run of nearest shape.

Fields of all training runs are interpolated linearly to one grid, and continued outside by the
nearest node. Inputs are the table and principal components of the signed distances; the modes of
whole runs are learned by Gaussian processes or radial basis functions, those of
``simulgenvae evaluate``, and the predicted field is interpolated to the nodes of the new mesh.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.geometry.case import GeometryCase, GeometryRun
from benchmarks.geometry.peers.background import Background
from benchmarks.geometry.peers.sampling import Interpolator, Simplices, interpolated
from simulgenvae.baselines import Baseline
from simulgenvae.baselines.pod_gpr import PodGpr
from simulgenvae.baselines.pod_rbf import PodRbf

Array = NDArray[np.float64]
Fields = NDArray[np.float32]
MOST_COMPONENTS = 32
ENERGY_LEFT_OUT = 1e-4


class Projected(NamedTuple):
    """The training runs on a background grid of G points."""

    grid: Background
    fields: Fields
    """Shape ``[n, T, G, V]``."""
    distances: Array
    """Signed distances, ``[n, G]``."""
    new_distances: Array
    """Those of the test runs, ``[m, G]``."""


@lru_cache(maxsize=1)
def projected(case: GeometryCase) -> Projected:
    """Return the runs of a case on its grid. The last one is kept: several methods need it."""
    grid = Background.of(case)
    pairs = [grid.project(case, run) for run in case.training_runs]
    return Projected(
        grid,
        np.stack([fields for fields, _ in pairs]),
        np.stack([distance for _, distance in pairs]),
        np.stack([grid.distance(case, run) for run in case.test_runs]),
    )


def grid_gpr(case: GeometryCase) -> list[Fields]:
    """Predict by Gaussian processes, ``[T, M, V]`` for each test run."""
    return _predict(case, PodGpr())


def grid_rbf(case: GeometryCase) -> list[Fields]:
    """Predict by radial basis functions, ``[T, M, V]`` for each test run."""
    return _predict(case, PodRbf())


def grid_floor(case: GeometryCase) -> list[Fields]:
    """Return the test runs themselves, interpolated to the grid and back."""
    grid = projected(case).grid
    return [interpolated(grid.at(run.points), grid.project(case, run)[0]) for run in case.test_runs]


def nearest(case: GeometryCase) -> list[Fields]:
    """Return the fields of the training run of nearest shape, at the nodes of each test run.

    Nearest is the least mean squared difference of signed distances; where shapes are equal, the
    nearest row of the table, scaled.
    """
    found = projected(case)
    known = case.table[case.train]
    spread = np.where(np.ptp(known, axis=0) > 0, known.std(axis=0), 1.0)
    predictions = []
    for run, distance, row in zip(
        case.test_runs, found.new_distances, case.table[case.test], strict=True
    ):
        shape = ((found.distances - distance) ** 2).mean(axis=1)
        table = (((known - row) / spread) ** 2).sum(axis=1)
        chosen = case.training_runs[int(np.lexsort((table, shape))[0])]
        predictions.append(_carried(case, chosen, run))
    return predictions


def _carried(case: GeometryCase, source: GeometryRun, target: GeometryRun) -> Fields:
    matrix, _ = Interpolator(Simplices.of(case, source))(target.points)
    return interpolated(matrix, source.fields)


def _predict(case: GeometryCase, baseline: Baseline) -> list[Fields]:
    found = projected(case)
    runs, times, points, variables = found.fields.shape
    # Variables count alike, as in the measured error.
    spread = found.fields.std(axis=(0, 1, 2))
    scaled = (found.fields / np.where(spread > 0, spread, 1.0)).astype(np.float32)
    scaled = scaled.reshape(runs, times, -1)
    shapes, new_shapes = principal_components(found.distances, found.new_distances)
    known, new = scaled_table(case)
    baseline.fit(np.hstack([known, shapes]), scaled, components=shapes.shape[1])
    weights = baseline.weights(np.hstack([new, new_shapes])).astype(np.float32)
    fields = (weights @ found.fields.reshape(runs, -1)).reshape(-1, times, points, variables)
    return [
        interpolated(found.grid.at(run.points), field)
        for run, field in zip(case.test_runs, fields, strict=True)
    ]


def scaled_table(case: GeometryCase) -> tuple[Array, Array]:
    """Return the parameters of training and test runs, by mean and deviation of the former.

    Parameters above 0 that vary over a factor of four or more are taken by their logarithms.
    """
    table = case.table.copy()
    known = table[case.train]
    wide = (table.min(axis=0) > 0) & (known.max(axis=0) >= 4.0 * known.min(axis=0))
    table[:, wide] = np.log(table[:, wide])
    known = table[case.train]
    spread = np.where(np.ptp(known, axis=0) > 0, known.std(axis=0), 1.0)
    scaled = (table - known.mean(axis=0)) / spread
    return scaled[case.train], scaled[case.test]


def principal_components(
    known: Array, new: Array, energy_left_out: float = ENERGY_LEFT_OUT
) -> tuple[Array, Array]:
    """Return principal components of ``known`` ``[n, G]`` and ``new`` ``[m, G]``.

    The first one has a standard deviation of 1 in the known ones, all have the same scale.
    """
    mean = known.mean(axis=0)
    left, singular, right = np.linalg.svd(known - mean, full_matrices=False)
    energy = np.cumsum(singular**2)
    kept = int(np.searchsorted(energy, (1.0 - energy_left_out) * energy[-1])) + 1
    kept = min(kept, MOST_COMPONENTS, len(known) - 1)
    scale = np.sqrt(len(known)) / singular[0] if singular[0] > 0 else 1.0
    return scale * left[:, :kept] * singular[:kept], scale * (new - mean) @ right[:kept].T
