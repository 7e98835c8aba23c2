"""Public problem: elastic block, 500 runs of one timestep on 1346 nodes of triangles.

A square of nine parts is held at x = 0. Young's modulus of eight parts (1 to 100) and three
tractions (-1 to 1) vary independently: 11 parameters. The two displacements are linear in the
tractions and far from linear in the moduli. 200 training runs; ``elastic_block_100`` has 100.
Data: :mod:`benchmarks.accuracy.public`.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.public import steady_problem

NAMES = (*(f"modulus_{part}" for part in range(1, 9)), *(f"traction_{side}" for side in (1, 2, 3)))
VARIABLES = ("u1", "u2")


def make(train: int = 200, test: int = 100, seed: int = 0, archive: Path | None = None) -> Problem:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    return steady_problem(
        "elastic_block",
        archive,
        train=train,
        test=test,
        seed=seed,
        variables=VARIABLES,
        names=NAMES,
    )
