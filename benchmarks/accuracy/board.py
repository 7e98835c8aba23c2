"""Benchmark problem: the heated circuit board, solved by finite elements.

The row and the speed of a travelling heat spot, the heat transfer to the air and the conductivity
of the laminate vary from run to run; ``simulgenvae.demo.board`` has the equations and the ranges.
In the extrapolation runs one parameter lies beyond its range, by up to 30 % of its width (of its
logarithm where designs are spread over that).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import simulgenvae.demo.board as solver
from benchmarks.accuracy.problem import Problem, Runs

BEYOND = 0.3
STREAMS = 3
"""Seeds of the Latin hypercubes of one seed of the problem: training, test and extrapolation
runs."""


def sample(runs: int, seed: int, stream: int) -> NDArray[np.float64]:
    """Return a Latin hypercube of designs in the order of ``solver.NAMES``, ``[runs, 4]``."""
    return (
        solver.sample_designs(runs, STREAMS * seed + stream)[1]
        if runs
        else np.empty((0, len(solver.NAMES)))
    )


def sample_beyond(runs: int, seed: int) -> NDArray[np.float64]:
    """Return designs with each parameter in turn outside its range, ``[runs, 4]``."""
    table = sample(runs, seed, 2)
    generator = np.random.default_rng([seed, 2])
    for run, design in enumerate(table):
        column = run % len(solver.NAMES)
        excess = BEYOND * (1.0 - generator.random())
        # Below the range or above it, with the same probability.
        unit = -excess if generator.random() < 0.5 else 1.0 + excess
        lower = solver.LOWER[column]
        upper = solver.UPPER[column]
        logarithmic = solver.LOGARITHMIC[column]
        design[column] = (
            lower * (upper / lower) ** unit if logarithmic else lower + (upper - lower) * unit
        )
    return table


def make(
    train: int = 96,
    test: int = 40,
    extrapolation: int = 20,
    seed: int = 0,
    *,
    element_size: float = solver.ELEMENT_SIZE,
) -> Problem:
    """Sample and solve all runs."""
    table = np.concatenate(
        [sample(train, seed, 0), sample(test, seed, 1), sample_beyond(extrapolation, seed)]
    )
    return Problem(
        fields=np.stack(
            [solver.solve(design, element_size=element_size) for design in table.tolist()]
        )[..., np.newaxis],
        coords=solver.mesh(element_size).p.T,
        times=solver.TIMES,
        variables=("T",),
        names=solver.NAMES,
        table=table,
        **Runs.of((train, test, extrapolation))._asdict(),
    )
