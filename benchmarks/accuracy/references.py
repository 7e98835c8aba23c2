"""The references of ``simulgenvae evaluate``, without a surrogate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Known, Rows
from simulgenvae.baselines.simple import Baseline
from simulgenvae.data.symmetry import with_mirrored
from simulgenvae.evaluation.compare import BASELINES
from simulgenvae.settings import Settings


def references(case: Case, settings: Settings) -> Iterator[Fitted]:
    """Mean run, nearest run, POD+RBF, POD+GPR and the error of projection, all with the training
    runs alone.

    Where the problem is symmetric they are fitted again to the training runs and their mirror
    images.
    """
    known = Known.of(case.dataset, case.rows["train"])
    yield Fitted(
        "projection_floor", known.seconds, partial(_project, known), {"rank": known.reduction.rank}
    )
    yield from _references(known)
    symmetry = settings.training.augmentation
    if symmetry.flips:
        rows = case.rows["train"]
        runs = len(case.dataset.ids)
        mirrored = with_mirrored(case.dataset, rows, symmetry.flips, symmetry.odd)
        rows = np.concatenate([rows, np.arange(runs, len(mirrored.ids))])
        yield from _references(Known.of(mirrored, rows), suffix="_mirrored")


def _project(known: Known, rows: Rows) -> NDArray[np.float32]:
    return np.stack(
        [
            known.reduction.decode(known.reduction.encode(known.dataset.run(int(row))))
            for row in rows
        ]
    )


def _references(known: Known, suffix: str = "") -> Iterator[Fitted]:
    for kind in BASELINES:
        start, reference = time.perf_counter(), kind()
        reference.fit(known.x, known.coefficients, known.features.components)
        seconds = known.seconds + time.perf_counter() - start
        yield Fitted(
            kind.name + suffix, seconds, partial(_answer, known, reference), reference.describe()
        )


def _answer(known: Known, reference: Baseline, rows: Rows) -> NDArray[np.float32]:
    return known.reduction.decode(reference.predict(known.inputs(rows)))
