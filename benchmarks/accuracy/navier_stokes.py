"""Public problem: steady flow over a step, 500 runs of one timestep on 1639 nodes of triangles.

The stationary Navier-Stokes equations in a channel that widens at a step; the speed of the inflow
(1 to 80) varies. Velocities and pressure are given at the nodes. Data:
:mod:`benchmarks.accuracy.public`.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.public import steady_problem

NAMES = ("inflow",)
VARIABLES = ("vx", "vy", "p")


def make(train: int = 40, test: int = 100, seed: int = 0, archive: Path | None = None) -> Problem:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    return steady_problem(
        "navier_stokes",
        archive,
        train=train,
        test=test,
        seed=seed,
        variables=VARIABLES,
        names=NAMES,
    )
