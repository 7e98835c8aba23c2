"""Benchmark problem: heating of a plate whose circular inclusions are given by an image.

There are one to three inclusions in a square plate.

    c ∂T/∂t = ∇·(k ∇T) on [0, 1]²,    T = 0 at t = 0
    T = 1 at x = 0,    T = 0 at x = 1,    no flux at y = 0, 1

Number, centres and radii of the inclusions vary from run to run; conductivity k and capacity c are
those of ``MATRIX`` outside and of ``INCLUSION`` inside. Turning an image upside down turns the
field upside down; nothing else is symmetric. In the extrapolation runs one inclusion is larger than
any of the training runs', by up to 30 % of the range of the radii. Contrast, radii and times are
chosen so that the nearest training run is 12.6 % wrong on average over the test runs.

Run as a script to write the files that ``simulgenvae ingest`` and ``simulgenvae predict`` read::

    python -m benchmarks.accuracy.plate FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu

from benchmarks.accuracy.problem import (
    EXTRAPOLATION_STREAM,
    TEST_STREAM,
    TRAIN_STREAM,
    Problem,
    Runs,
    grid_positions,
)


class Material(NamedTuple):
    conductivity: float
    capacity: float


MATRIX = Material(conductivity=1.0, capacity=1.0)
INCLUSION = Material(conductivity=0.05, capacity=1.0)
MATRIX_GREY = 255
INCLUSION_GREY = 0
MOST_INCLUSIONS = 3
RADII = (0.1, 0.25)
RADII_BEYOND = (0.25, 0.295)
GAP = 0.02
NODES = 64
PIXELS = 128
TIMESTEPS = 30
END_TIME = 0.2
REFINEMENT = 2
SUBSTEPS = 3

# Q1 element matrix of the Laplacian on a square, corners in the order (0, 0), (1, 0), (0, 1), (1,
# 1)
STIFFNESS = np.array([[4, -1, -1, -2], [-1, 4, -2, -1], [-1, -2, 4, -1], [-2, -1, -1, 4]]) / 6.0

Circles = NDArray[np.float64]
"""Centres and radii, shape [inclusions, 3]: x, y, radius; the plate is the unit square."""


def sample(runs: int, seed: int, stream: int, first: tuple[float, float] = RADII) -> list[Circles]:
    """Return designs at random; a run's design does not depend on the number of runs."""
    return [sample_one(np.random.default_rng([seed, stream, run]), first) for run in range(runs)]


def sample_one(generator: np.random.Generator, first: tuple[float, float] = RADII) -> Circles:
    """Return one to three circles at random, at least ``GAP`` apart and off the edges.

    Circles that do not fit are drawn again. ``first`` is the range of the first one's radius,
    ``RADII`` that of the others.
    """
    count = int(generator.integers(1, MOST_INCLUSIONS + 1))
    circles = np.empty((0, 3))
    while len(circles) < count:
        radius = generator.uniform(*(RADII if len(circles) else first))
        centre = generator.uniform(radius + GAP, 1.0 - radius - GAP, size=2)
        apart = np.linalg.norm(circles[:, :2] - centre, axis=1) - circles[:, 2] - radius
        # A circle that does not fit is drawn again; the others stay as they are.
        if np.all(apart >= GAP):
            circles = np.vstack([circles, [*centre, radius]])
    return circles


def coverage(circles: Circles, cells: int) -> NDArray[np.float64]:
    """Return the fraction of each square that lies in a circle, ``[y from the bottom, x]``.

    There are ``cells`` x ``cells`` squares. Each circle's edge is taken as straight within a square
    and as parallel to its sides: the fraction then follows from the distance of the square's
    centre.
    """
    centres = (np.arange(cells) + 0.5) / cells
    covered = np.zeros((cells, cells))
    for x, y, radius in circles:
        distance = np.hypot(centres[np.newaxis, :] - x, centres[:, np.newaxis] - y)
        covered = np.maximum(covered, np.clip((radius - distance) * cells + 0.5, 0.0, 1.0))
    return covered


def inclusion_image(circles: Circles, pixels: int = PIXELS) -> NDArray[np.uint8]:
    """Return the inclusions as a grey image with smooth edges, ``[pixels, pixels]``.

    Row 0 is the top edge, y = 1.
    """
    grey = MATRIX_GREY + (INCLUSION_GREY - MATRIX_GREY) * coverage(circles, pixels)[::-1]
    return np.rint(grey).astype(np.uint8)


def assemble(circles: Circles, nodes: int) -> tuple[NDArray[np.float64], csc_array]:
    """Return lumped capacities and conductivity matrix of bilinear elements.

    Their shapes are ``[nodes²]`` and ``[nodes², nodes²]``. The material is constant in a cell, with
    the mean capacity and the geometric mean of the conductivities, weighted by area, which lies
    between those of layers along and across the flux.
    """
    cells = nodes - 1
    covered = coverage(circles, cells).ravel()
    conductivity = MATRIX.conductivity ** (1.0 - covered) * INCLUSION.conductivity**covered
    capacity = (MATRIX.capacity * (1.0 - covered) + INCLUSION.capacity * covered) / cells**2
    first = (np.arange(cells)[:, np.newaxis] * nodes + np.arange(cells)).ravel()
    corners = first[:, np.newaxis] + np.array([0, 1, nodes, nodes + 1])
    rows = np.repeat(corners, 4, axis=1)
    columns = np.tile(corners, (1, 4))
    values = conductivity[:, np.newaxis] * STIFFNESS.ravel()
    matrix = coo_array(
        (values.ravel(), (rows.ravel(), columns.ravel())), shape=(nodes**2, nodes**2)
    )
    lumped = np.bincount(corners.ravel(), np.repeat(capacity / 4.0, 4), minlength=nodes**2)
    return lumped.astype(np.float64, copy=False), matrix.tocsc()


def solve(
    circles: Circles,
    times: NDArray[np.float64],
    nodes: int = NODES,
    refinement: int = REFINEMENT,
    substeps: int = SUBSTEPS,
) -> NDArray[np.float64]:
    """Return the temperature at the equidistant ``times`` (the first is 0), ``[T, nodes²]``.

    There are ``refinement`` elements from node to node along a side, and ``substeps`` steps of
    Crank-Nicolson from time to time. The first two steps are made as four of backward Euler of half
    the length, which damp the jump at the heated edge and share the factorisation (Rannacher 1984).
    """
    fine = refinement * (nodes - 1) + 1
    capacity, conduction = assemble(circles, fine)
    column = np.tile(np.arange(fine), fine)
    free = np.flatnonzero((column > 0) & (column < fine - 1))
    # The fixed temperatures, 1 and 0, go to the right-hand side.
    heated = conduction[free][:, np.flatnonzero(column == 0)].sum(axis=1)
    conduction = conduction[free][:, free]
    capacity = capacity[free]
    half = 0.5 * (times[1] - times[0]) / substeps
    implicit = splu((diags_array(capacity) + half * conduction).tocsc(), permc_spec="MMD_AT_PLUS_A")

    field = np.zeros((len(times), fine**2))
    field[:, column == 0] = 1.0
    state = np.zeros(len(free))
    for step in range(1, substeps * (len(times) - 1) + 1):
        # Crank-Nicolson would let the jump at the heated edge swing for many steps.
        if step <= 2:
            for _ in range(2):
                state = implicit.solve(capacity * state - half * heated)
        else:
            state = implicit.solve(
                capacity * state - half * (conduction @ state) - 2.0 * half * heated
            )
        if step % substeps == 0:
            field[step // substeps, free] = state
    return field.reshape(-1, fine, fine)[:, ::refinement, ::refinement].reshape(
        len(times), nodes**2
    )


def make(
    train: int = 160, test: int = 40, extrapolation: int = 20, seed: int = 0, *, nodes: int = NODES
) -> Problem:
    """Sample, draw and solve all runs."""
    designs = [
        *sample(train, seed, TRAIN_STREAM),
        *sample(test, seed, TEST_STREAM),
        *sample(extrapolation, seed, EXTRAPOLATION_STREAM, RADII_BEYOND),
    ]
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    line = np.linspace(0.0, 1.0, nodes)
    fields = np.stack([solve(circles, times, nodes).astype(np.float32) for circles in designs])
    return Problem(
        fields=fields[..., np.newaxis],
        coords=grid_positions(line, line),
        times=times,
        variables=("T",),
        names=(),
        table=np.empty((len(designs), 0)),
        **Runs.of((train, test, extrapolation))._asdict(),
        images=np.stack([inclusion_image(circles) for circles in designs]),
        declared=("training.augmentation.flips=y",),
    )


def write(problem: Problem, folder: Path) -> None:
    """Write the files of a study.

    Training runs go to ``fields.npy``, ``images/``, ``coords.npy`` and ``times.npy``, test runs to
    ``new_images/`` and ``truth.npy``. An image is named after its run's id, so that the natural
    order of the files is the order of the runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "coords.npy", problem.coords)
    np.save(folder / "times.npy", problem.times)
    for rows, fields, images in (
        (problem.train, "fields", "images"),
        (problem.test, "truth", "new_images"),
    ):
        np.save(folder / f"{fields}.npy", problem.fields[rows])
        (folder / images).mkdir(exist_ok=True)
        for row in rows:
            assert problem.images is not None, "the plate's conditions are images"
            Image.fromarray(problem.images[row]).save(folder / images / f"{problem.ids[row]}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description="Solve the plate benchmark and write its files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=160)
    parser.add_argument("--test", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(make(arguments.train, arguments.test, 0, arguments.seed), arguments.folder)


if __name__ == "__main__":
    main()
