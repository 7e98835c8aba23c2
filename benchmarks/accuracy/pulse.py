"""Benchmark problem: a pulse of sound in a square room with two rigid and two half absorbing walls.

    ∂p/∂t + c² ∇·v = 0,    ∂v/∂t + ∇p = 0 on [0, 1]²
    v·n = 0 at x = 0 and y = 0,    v·n = p / (ζ c) at x = 1 and y = 1

At t = 0 the air rests and the pressure is exp(-r² / 2 width²) around (x, y); density is 1. A ring
runs out; rigid walls reflect all of it, the others, at normal incidence, (ζ - 1) / (ζ + 1) = 1/3 of
its amplitude. Four parameters vary from run to run: x and y of the centre, the width and the speed
of sound c. The field is a thin moving front on a background at rest, which linear reduction handles
badly: a small error of position or speed moves it by its whole width. In an extrapolation run, one
or two parameters lie outside the range of the training runs, by up to 30 % of its width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.problem import Problem, Runs, grid_positions, sample_streams, unit_designs

NAMES = ("x", "y", "width", "speed")
LOWER = np.array([0.2, 0.2, 0.05, 0.8])
UPPER = np.array([0.5, 0.5, 0.09, 1.1])
IMPEDANCE = (2.0, 2.0)
NODES = 64
TIMESTEPS = 50
END_TIME = 1.2
REFINEMENT = 4
COURANT = 0.95

Array = NDArray[np.float64]


def sample(runs: int, seed: int, stream: int) -> Array:
    """Return designs at random, ``[runs, 4]``."""
    return LOWER + (UPPER - LOWER) * unit_designs(runs, len(NAMES), seed, stream)


def wall_weights(points: int) -> Array:
    """Return the part of a cell's width that belongs to each point: a half at both walls."""
    weights = np.ones(points)
    weights[[0, -1]] = 0.5
    return weights


def propagate(
    pressure: Array,
    speed: float,
    times: Array,
    impedance: tuple[float, float] = IMPEDANCE,
    courant: float = COURANT,
) -> Array:
    """Return the pressure at the equidistant ``times`` from air at rest, ``[T, points, points]``.

    Staggered leapfrog (Yee 1966): pressure at points [y, x], on the walls too, velocities between
    them and half a time step later. The cells at the walls are halved, which makes the scheme of
    second order. It keeps its energy, except for what leaves through the walls x = 1 and y = 1 of
    finite ``impedance`` (relative to density times speed), where the pressure is the mean of before
    and after the step.

    Parameters
    ----------
    times
        Times, of which the first is 0.
    courant
        Courant number; 1 is the limit of stability.
    """
    points = len(pressure)
    spacing = 1.0 / (points - 1)
    interval = float(times[1] - times[0])
    # Stable for c dt <= dx / sqrt(2) in two dimensions.
    substeps = int(np.ceil(interval * speed * np.sqrt(2.0) / (courant * spacing)))
    step = interval / substeps
    ratio = step / spacing
    weights = wall_weights(points)
    loss = np.zeros((points, points))
    # At an absorbing wall the flux out is the mean pressure of before and after by the impedance.
    loss[:, -1] += speed * ratio / impedance[0]
    loss[-1] += speed * ratio / impedance[1]
    kept = (1.0 - loss) / (1.0 + loss)
    gain = speed**2 * ratio / (1.0 + loss)
    across = gain / weights[np.newaxis, :]
    along = gain / weights[:, np.newaxis]

    state = pressure.copy()
    flux_x = np.zeros((points, points + 1))
    flux_y = np.zeros((points + 1, points))
    # Velocities are half a step ahead of the pressure; at rest the first half step starts them.
    flux_x[:, 1:-1] = -0.5 * ratio * np.diff(state, axis=1)
    flux_y[1:-1] = -0.5 * ratio * np.diff(state, axis=0)
    field = [pressure]
    for number in range(1, substeps * (len(times) - 1) + 1):
        state = kept * state - across * np.diff(flux_x, axis=1) - along * np.diff(flux_y, axis=0)
        flux_x[:, 1:-1] -= ratio * np.diff(state, axis=1)
        flux_y[1:-1] -= ratio * np.diff(state, axis=0)
        if number % substeps == 0:
            field.append(state)
    return np.stack(field)


def solve(
    parameters: Array, times: Array, nodes: int = NODES, refinement: int = REFINEMENT
) -> Array:
    """Return the pressure at the equidistant ``times`` (the first is 0), ``[T, nodes²]``."""
    x, y, width, speed = (float(value) for value in parameters)
    line = np.linspace(0.0, 1.0, refinement * (nodes - 1) + 1)
    pressure = np.exp(
        -((line[np.newaxis, :] - x) ** 2 + (line[:, np.newaxis] - y) ** 2) / (2.0 * width**2)
    )
    return propagate(pressure, speed, times)[:, ::refinement, ::refinement].reshape(
        len(times), nodes**2
    )


def make(
    train: int = 100, test: int = 30, extrapolation: int = 20, seed: int = 0, nodes: int = NODES
) -> Problem:
    """Sample and solve all runs."""
    counts = train, test, extrapolation
    table = sample_streams(sample, seed, counts)
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    line = np.linspace(0.0, 1.0, nodes)
    fields = np.stack([solve(parameters, times, nodes).astype(np.float32) for parameters in table])
    return Problem(
        fields=fields[..., np.newaxis],
        coords=grid_positions(line, line),
        times=times,
        variables=("pressure",),
        names=NAMES,
        table=table,
        **Runs.of(counts)._asdict(),
    )
