"""Benchmark problem: a heat source that travels over a plate along a bent path, as in welding.

    ∂T/∂t = κ ∇²T - β T + q(x - c(t)) on [0, 1]²,    T = 0 at t = 0,    no flux through the edges
    q(r) = exp(-|r|² / 2w²) / 2πw²,    c(t) = START + ∫ v (cos φ, sin φ) dt,    φ = curvature · v t

The faces of the thin plate lose heat by convection, β T; the source has the power 1, and what falls
outside the plate is lost. Four parameters vary from run to run, uniformly: the height at which the
source starts, the curvature of its path (an arc that sets out along x), its speed v and the width w
of its spot (a standard deviation). The spot travels some 6.6 times its width at half height, 2.35
w, and leaves a tail that fades over v/β = 0.16, hardly spread by diffusion: a sharp feature that
passes each node at another time, or not at all, from run to run. Linear reduction needs many modes:
122 to leave 1 % of the training runs' root mean square deviation from their mean.

Extrapolation runs have one or two of the four parameters outside the range of training, by up to 30
% of its width; the centre of the spot stays on the plate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from skfem import Basis, ElementTriP2, MeshTri
from skfem.models.poisson import laplace, mass

from benchmarks.accuracy.problem import Problem, Runs, sample_streams, unit_designs

NAMES = ("height", "curvature", "speed", "width")
LOWER = np.array([0.4, -0.8, 0.5, 0.03])
UPPER = np.array([0.6, 0.8, 0.75, 0.05])
START = 0.12
DIFFUSIVITY = 1e-3
LOSS = 4.0
SQUARES = 36
TIMESTEPS = 60
END_TIME = 1.0
SUBSTEPS = 4

Array = NDArray[np.float64]


def sample(runs: int, seed: int, stream: int) -> Array:
    """Return designs at random, ``[runs, 4]``."""
    return LOWER + (UPPER - LOWER) * unit_designs(runs, len(NAMES), seed, stream)


def centre(table: Array, time: float) -> Array:
    """Return the position of the source, ``[R, 2]``, for designs ``table [R, 4]``."""
    height, curvature, speed, _ = table.T
    half_turn = 0.5 * curvature * speed * time
    chord = speed * time * np.sinc(half_turn / np.pi)
    return np.stack([START + chord * np.cos(half_turn), height + chord * np.sin(half_turn)], axis=1)


def heating(table: Array, time: float, coords: Array) -> Array:
    """Return the power per area q at the nodes ``coords [M, 2]``, ``[M, R]``."""
    position = centre(table, time)
    width = table[:, 3]
    x, y = (
        np.exp(-0.5 * ((coords[:, axis, np.newaxis] - position[:, axis]) / width) ** 2)
        for axis in (0, 1)
    )
    return x * y / (2.0 * np.pi * width**2)


def plate(squares: int = SQUARES) -> Basis:
    """Return quadratic triangles, two to each of ``squares`` x ``squares`` squares."""
    ticks = np.linspace(0.0, 1.0, squares + 1)
    return Basis(MeshTri.init_tensor(ticks, ticks), ElementTriP2())


def solve(
    table: Array, times: Array, basis: Basis, substeps: int = SUBSTEPS
) -> NDArray[np.float32]:
    """Return the temperature at the equidistant ``times`` (the first is 0), ``[R, T, M]``.

    ``table [R, 4]`` are the designs. Crank-Nicolson with ``substeps`` steps from time to time. The
    matrix is the same for all runs and steps: it is factorised once, and all runs advance together.
    The source is interpolated at the nodes.
    """
    # Heat that is conducted, and heat that is lost to the air, as one matrix.
    capacity = mass.assemble(basis)
    coords = basis.doflocs.T
    half = 0.5 * (times[1] - times[0]) / substeps
    loss = DIFFUSIVITY * laplace.assemble(basis) + LOSS * capacity
    explicit = (capacity - half * loss).tocsr()
    implicit = splu((capacity + half * loss).tocsc(), permc_spec="MMD_AT_PLUS_A")

    field = np.zeros((len(table), len(times), basis.N), dtype=np.float32)
    state = np.zeros((basis.N, len(table)))
    before = heating(table, 0.0, coords)
    for step in range(1, substeps * (len(times) - 1) + 1):
        after = heating(table, 2.0 * half * step, coords)
        state = implicit.solve(explicit @ state + capacity @ (half * (before + after)))
        before = after
        if step % substeps == 0:
            field[:, step // substeps] = state.T
    return field


def make(
    train: int = 80, test: int = 30, extrapolation: int = 20, seed: int = 0, squares: int = SQUARES
) -> Problem:
    """Sample and solve all runs."""
    counts = train, test, extrapolation
    table = sample_streams(sample, seed, counts)
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    basis = plate(squares)
    return Problem(
        fields=solve(table, times, basis)[..., np.newaxis],
        coords=basis.doflocs.T.copy(),
        times=times,
        variables=("T",),
        names=NAMES,
        table=table,
        **Runs.of(counts)._asdict(),
    )
