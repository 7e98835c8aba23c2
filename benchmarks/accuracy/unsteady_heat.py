"""Public problem: unsteady heat conduction in a square, 100 runs of 100 timesteps on 441 nodes.

The nodes are a regular grid of 21 x 21. Two parameters vary; the data set does not say what they
are, nor the times: these are the numbers of the timesteps. Data:
:mod:`benchmarks.accuracy.public`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.public import drawn_problem, read_arrays, wheel

NAMES = ("mu0", "mu1")


def make(train: int = 50, test: int = 50, seed: int = 0, archive: Path | None = None) -> Problem:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    table, fields, coords = read_arrays(
        archive or wheel(), "unsteady_heat", "params", "snapshots", "coords"
    )
    return drawn_problem(
        fields[..., np.newaxis],
        table,
        train=train,
        test=test,
        seed=seed,
        coords=coords,
        times=np.arange(float(fields.shape[1])),
        variables=("T",),
        names=NAMES,
    )
