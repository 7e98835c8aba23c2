"""Public problem: steady flow over a step, 500 runs of one timestep on 1639 nodes of triangles.

The stationary Navier-Stokes equations in a channel that widens at a step; the speed of the inflow
(1 to 80) varies. Velocities and pressure are given at the nodes. Data:
:mod:`benchmarks.accuracy.public`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.public import drawn_problem, read_arrays, wheel

NAMES = ("inflow",)
VARIABLES = ("vx", "vy", "p")


def make(train: int = 40, test: int = 100, seed: int = 0, archive: Path | None = None) -> Problem:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    table, fields, coords = read_arrays(
        archive or wheel(), "navier_stokes", "params", "snapshots", "coords"
    )
    # One variable after the other in a row of the archive.
    fields = np.stack(np.split(fields, len(VARIABLES), axis=1), axis=-1)
    return drawn_problem(
        fields[:, np.newaxis],
        table,
        train=train,
        test=test,
        seed=seed,
        coords=coords.T.copy(),
        times=np.zeros(1),
        variables=VARIABLES,
        names=NAMES,
    )
