"""Public problem: Graetz flow, 200 runs of one timestep on 5160 nodes of triangles.

Heat is carried by a known flow through a channel whose wall is warmer in its second part. The
length of that part and the Péclet number vary. Data: :mod:`benchmarks.accuracy.public`.

The mesh of a run is that of any other, stretched along x in the second part (x > 1), and fields
are given at its nodes. The archive has the positions of one mesh for all runs, that of the run
whose length is 1.3627; they are the positions of this problem. So a field is a function of the
node, and the stretching is part of what a surrogate has to learn.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.public import steady_problem

NAMES = ("length", "peclet")


def make(train: int = 80, test: int = 100, seed: int = 0, archive: Path | None = None) -> Problem:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    return steady_problem(
        "graetz",
        archive,
        train=train,
        test=test,
        seed=seed,
        variables=("T",),
        names=NAMES,
    )
