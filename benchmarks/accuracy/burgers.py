"""Benchmark problem: a moving shock of the one-dimensional viscous Burgers equation.

    u_t + u u_x = ν u_xx,    u(x, 0) = (1 - tanh((x - x0) / w)) / 2,    x on the real line

Two parameters vary from run to run: the viscosity ν (log-uniform over a decade) and the position x0
of the initial front. The front steepens or spreads towards its travelling wave u = (1 - tanh((x -
x0 - t/2) / 4ν)) / 2, 4 to 40 nodes wide (4ν), and moves over 0.4 of the observed interval [0, 1]: a
case that linear reduction handles badly. In the extrapolation runs one parameter or both lie beyond
their range, by up to 30 % of its width (of the logarithm's for the viscosity).

Run as a script to write the files that ``simulgenvae ingest`` and ``simulgenvae predict`` read::

    python -m benchmarks.accuracy.burgers FOLDER
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from benchmarks.accuracy.problem import Problem, Runs

NAMES = ("viscosity", "position")
LOWER = np.array([0.001, 0.1])
UPPER = np.array([0.01, 0.6])
NODES = 1024
TIMESTEPS = 100
END_TIME = 0.8
INITIAL_WIDTH = 0.02
REFINEMENT = 4
MARGIN = 0.3
BEYOND = 0.3
EXTRAPOLATION_STREAM = 2


def sample(runs: int, seed: int) -> NDArray[np.float64]:
    """Return viscosity and position at random, ``[runs, 2]``.

    The viscosity is uniform in its logarithm, the position is uniform.
    """
    return designs(np.random.default_rng(seed).random((runs, 2)))


def sample_beyond(runs: int, seed: int) -> NDArray[np.float64]:
    """Return designs with one parameter or both outside the range, ``[runs, 2]``.

    They lie below or above it, by up to ``BEYOND`` of its width.
    """
    generator = np.random.default_rng([seed, EXTRAPOLATION_STREAM])
    draws = generator.random((runs, 5))
    excess = BEYOND * (1.0 - draws[:, :2])
    outside = np.where(draws[:, 2:4] < 0.5, -excess, 1.0 + excess)
    # The first parameter, the second one or both, with the same probability.
    which = np.array([[True, False], [False, True], [True, True]])[(3.0 * draws[:, 4]).astype(int)]
    return designs(np.where(which, outside, draws[:, :2]))


def designs(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return viscosity and position of points ``[n, 2]`` in units of their ranges.

    The unit square is the range of training.
    """
    viscosity = LOWER[0] * (UPPER[0] / LOWER[0]) ** unit[:, 0]
    position = LOWER[1] + (UPPER[1] - LOWER[1]) * unit[:, 1]
    return np.stack([viscosity, position], axis=1)


def initial(x: NDArray[np.float64], position: float) -> NDArray[np.float64]:
    """Return the front at t = 0 at the points ``x``."""
    return 0.5 * (1.0 - np.tanh((x - position) / INITIAL_WIDTH))


def solve(
    viscosity: float, position: float, times: NDArray[np.float64], nodes: int = NODES
) -> NDArray[np.float64]:
    """Return u at the times and at ``nodes`` equidistant points of [0, 1], ``[T, nodes]``.

    Conservative second-order differences on a grid four times as fine, with LSODA for the time
    steps. The grid reaches ``MARGIN`` beyond both ends, so that the fixed values 1 and 0 there have
    no influence on the observed interval: it behaves as a part of the infinite line.
    """
    step = 1.0 / (REFINEMENT * (nodes - 1))
    margin = round(MARGIN / step)
    x = step * np.arange(-margin, REFINEMENT * (nodes - 1) + 1 + margin)

    def rate(_: float, u: NDArray[np.float64]) -> NDArray[np.float64]:
        # The difference of fluxes conserves the integral of u, which gives the shock its speed.
        flux = 0.25 * (u[1:] ** 2 + u[:-1] ** 2) - viscosity / step * np.diff(u)
        change = np.zeros_like(u)
        change[1:-1] = -np.diff(flux) / step
        return change

    solution = solve_ivp(
        rate,
        (times[0], times[-1]),
        initial(np.asarray(x, dtype=np.float64), position),
        "LSODA",
        times,
        rtol=1e-6,
        atol=1e-8,
        lband=1,
        uband=1,
    )
    if not solution.success:
        raise RuntimeError(
            f"no solution at viscosity {viscosity}, position {position}: {solution.message}"
        )
    u: NDArray[np.float64] = solution.y.T[:, margin : x.size - margin : REFINEMENT]
    return u


def make(
    train: int = 80, test: int = 40, extrapolation: int = 20, seed: int = 0, *, nodes: int = NODES
) -> Problem:
    """Sample and solve all runs."""
    table = np.concatenate(
        [sample(train, seed), sample(test, seed + 1), sample_beyond(extrapolation, seed)]
    )
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    fields = np.stack([solve(viscosity, position, times, nodes) for viscosity, position in table])
    return Problem(
        fields=fields[..., np.newaxis].astype(np.float32),
        coords=np.linspace(0.0, 1.0, nodes)[:, np.newaxis],
        times=times,
        variables=("u",),
        names=NAMES,
        table=table,
        **Runs.of((train, test, extrapolation))._asdict(),
    )


def write(problem: Problem, folder: Path) -> None:
    """Write the files of a study.

    Training runs go to ``fields.npy``, ``params.csv``, ``coords.npy`` and ``times.npy``, test runs
    to ``new.csv`` and ``truth.npy``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "coords.npy", problem.coords)
    np.save(folder / "times.npy", problem.times)
    for rows, fields, params in (
        (problem.train, "fields", "params"),
        (problem.test, "truth", "new"),
    ):
        np.save(folder / f"{fields}.npy", problem.fields[rows])
        with (folder / f"{params}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", *problem.names])
            writer.writerows([problem.ids[row], *problem.table[row].tolist()] for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Solve the Burgers benchmark and write its files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=80)
    parser.add_argument("--test", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(make(arguments.train, arguments.test, 0, arguments.seed), arguments.folder)


if __name__ == "__main__":
    main()
