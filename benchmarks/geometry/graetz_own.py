"""Public problem: Graetz flow of Smithers, with the node positions of each run.

    -diffusivity ΔT + y (1 - y) ∂T/∂x = 0

The runs are those of :mod:`benchmarks.accuracy.graetz`, whose nodes lie as in one of them: the
archive has the same positions 200 times. Here each run has its own, the same 5160 nodes and
triangles, stretched along x in the second part of the channel (x > 1) to the length that is a
parameter. That these are the positions on which the runs were solved shows in the equation, whose
second parameter is the one that is called ``peclet`` there: only there are its discrete residuals
zero.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy.public import Array, read_arrays, wheel
from benchmarks.geometry.case import GeometryCase, make_case

NAMES = ("length", "peclet")
START = 1.0
"""Position along x at which the second part begins."""
EVERY = 4
"""Step between the nodes of the boundary that are anchors."""


def make(
    train: int = 80, test: int = 100, seed: int = 0, archive: Path | None = None
) -> GeometryCase:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    parts = "params", "snapshots", "coords", "triangles"
    table, fields, coords, triangles = read_arrays(archive or wheel(), "graetz", *parts)
    points = [stretched(coords.T, length) for length in table[:, 0]]
    cells = triangles.astype(np.int64)
    edges = np.sort(cells[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    boundary = np.unique(unique[counts == 1])[::EVERY]
    # The test runs come first in the draw, as in the problem with one mesh.
    drawn = np.random.default_rng(seed).permutation(len(table))[: test + train]
    chosen = np.concatenate([drawn[test:], drawn[:test]])
    solved = [
        (points[run], cells, fields[run][np.newaxis, :, np.newaxis], points[run][boundary])
        for run in chosen
    ]
    return make_case(
        "graetz_own",
        "triangle",
        solved,
        (train, test),
        times=np.zeros(1),
        variables=("T",),
        names=NAMES,
        table=table[chosen],
        shape_names=NAMES[:1],
    )


def stretched(points: Array, length: float) -> Array:
    """Return the nodes ``[M, 2]`` of a channel whose second part has another length."""
    moved = points.copy()
    second = points[:, 0] > START
    factor = length / (points[:, 0].max() - START)
    moved[second, 0] = START + factor * (points[second, 0] - START)
    return moved
