"""The baselines of ``simulgenvae evaluate``, without a surrogate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows, TrainingRuns
from simulgenvae.baselines import BASELINES, Baseline
from simulgenvae.data.symmetry import with_mirrored
from simulgenvae.settings import Settings


def baselines(case: Case, settings: Settings) -> Iterator[Fitted]:
    """Fit every registered baseline and the projection of POD to the runs to learn from only.

    Where the problem is symmetric, the baselines are fitted again to the training runs and their
    mirror images.
    """
    training = TrainingRuns.of(case.dataset, case.learned)
    rank = {"rank": training.reduction.rank}
    yield Fitted("projection_floor", training.seconds, partial(_project, training), rank)
    yield from _fitted(training)
    symmetry = settings.training.augmentation
    if symmetry.axes:
        rows = case.learned
        runs = len(case.dataset.ids)
        mirrored = with_mirrored(case.dataset, rows, symmetry.axes, symmetry.odd)
        rows = np.concatenate([rows, np.arange(runs, len(mirrored.ids))])
        yield from _fitted(TrainingRuns.of(mirrored, rows), suffix="_mirrored")


def _project(training: TrainingRuns, rows: Rows) -> NDArray[np.float32]:
    """Return what the reduction keeps of the true fields."""
    fields = []
    for row in rows:
        coefficients = training.reduction.encode(training.dataset.run(int(row)))
        fields.append(training.reduction.decode(coefficients))
    return np.stack(fields)


def _fitted(training: TrainingRuns, suffix: str = "") -> Iterator[Fitted]:
    for name, spec in BASELINES.items():
        start = time.perf_counter()
        baseline = spec.baseline()
        baseline.fit(training.x, training.coefficients, training.features.components)
        seconds = training.seconds + time.perf_counter() - start
        predict = partial(_predict, training, baseline)
        yield Fitted(name + suffix, seconds, predict, baseline.describe())


def _predict(training: TrainingRuns, baseline: Baseline, rows: Rows) -> NDArray[np.float32]:
    return training.reduction.decode(baseline.predict(training.inputs(rows)))
