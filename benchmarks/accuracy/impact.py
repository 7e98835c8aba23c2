"""Benchmark problem: ringing of a cantilever bar after an oblique strike on its top face.

    ρ ü + D u̇ = ∇·σ(u),    σ = E (λ tr(ε) I + 2 μ ε),    ε = (∇u + ∇uᵀ) / 2,    u = u̇ = 0 at t = 0
    u = 0 at x = 0,    σ n = p(x) F(t) (0, -cos θ, sin θ) at y = HEIGHT,    no traction elsewhere

on a bar of glass-fibre plastic with a rectangular section (x along it, y up, z across). p is a bump
of half width ``PATCH`` about the impact position, as wide as the face, with ∫p dA = 1; F is half a
sine wave with the same impulse in every run, ∫F dt = ``IMPULSE``. D damps every mode by the same
fraction ζ of its critical damping. λ and μ are the Lamé constants at E = 1.

Five parameters vary from run to run: Young's modulus E (Pa, over a factor of three, so all
frequencies vary over a factor of 1.7), impact position (m from the clamp), direction θ of the force
(degrees from the downward one), duration of the impact (s) and damping ratio ζ. Bending up and down
and bending sideways ring at different frequencies, a strike off the axis twists too, and short
strikes excite second bending modes. 3.9 periods of the first mode pass at the middle modulus; two
runs that start in phase may be two periods apart at the end. The fields of all runs lie close to a
space of few dimensions: hard are the time and its dependence on the parameters. Mean errors over
the test runs: nearest training run 86 %, mean of the training runs 90 %.

Extrapolation runs have one or two parameters, drawn at random, up to 30 % of the width of the
training range below or above it (for the modulus the width of its logarithm, in which it is
uniform); the others lie inside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import eigsh
from skfem import Basis, BilinearForm, ElementHex2, ElementVector, FacetBasis, LinearForm, MeshHex
from skfem.helpers import ddot, dot, sym_grad, trace

from benchmarks.accuracy.problem import Problem, Runs, unit_designs


class Design(NamedTuple):
    """Parameters of a run, in the order of the columns of the table."""

    modulus: float
    position: float
    angle: float
    duration: float
    damping: float


LOWER = Design(modulus=10e9, position=0.25, angle=10.0, duration=0.002, damping=0.01)
UPPER = Design(modulus=30e9, position=0.425, angle=80.0, duration=0.006, damping=0.04)
VARIABLES = ("ux", "uy", "uz")
LENGTH = 0.5
HEIGHT = 0.025
WIDTH = 0.04
DENSITY = 1500.0
POISSON = 0.3
PATCH = 0.02
IMPULSE = 0.2
CELLS = (30, 2, 3)
MODES = 40
TIMESTEPS = 96
END_TIME = 0.07
VOLUME_ORDER = 4
PATCH_ORDER = 16

Array = NDArray[np.float64]


class Bar(NamedTuple):
    """Finite elements of the clamped bar at a modulus of 1.

    It has M nodes, whose 3 M displacements are numbered node by node.
    """

    coords: Array
    """Node positions, shape [M, 3]; x slowest, z fastest."""
    dofs: NDArray[np.intp]
    """Number that scikit-fem gives to each displacement, shape [3 M]."""
    free: NDArray[np.intp]
    """Displacements off the clamp."""
    stiffness: csr_matrix
    """Shape [3 M, 3 M]; proportional to the modulus."""
    mass: csr_matrix
    top: FacetBasis
    """For integrals over the struck face."""


class Modes(NamedTuple):
    """Eigenvectors of the undamped bar, of mass 1, the slowest first."""

    squares: Array
    """ω² at a modulus of 1, shape [modes]; proportional to the modulus."""
    shapes: Array
    """Shape [3 M, modes]."""


@BilinearForm
def elastic_energy(u: Any, v: Any, w: Any) -> Any:
    strain = sym_grad(u)
    virtual = sym_grad(v)
    volumetric = POISSON / ((1.0 + POISSON) * (1.0 - 2.0 * POISSON))
    return volumetric * trace(strain) * trace(virtual) + ddot(strain, virtual) / (1.0 + POISSON)


@BilinearForm
def inertia(u: Any, v: Any, w: Any) -> Any:
    return DENSITY * dot(u, v)


@LinearForm
def strike(v: Any, w: Any) -> Any:
    distance = np.abs(w.x[0] - w.position) / PATCH
    return np.where(distance < 1.0, np.cos(0.5 * np.pi * distance) ** 2, 0.0) * v[int(w.axis)]


def assemble(cells: tuple[int, int, int] = CELLS) -> Bar:
    """Assemble triquadratic hexahedra, ``cells`` along x, y and z.

    Linear ones would be too stiff in bending.
    """
    edges = [
        np.linspace(0.0, size, count + 1)
        for size, count in zip((LENGTH, HEIGHT, WIDTH), cells, strict=True)
    ]
    mesh = MeshHex.init_tensor(*edges)
    basis = Basis(mesh, ElementVector(ElementHex2()), intorder=VOLUME_ORDER)
    of_nodes = np.hstack([basis.nodal_dofs, basis.edge_dofs, basis.facet_dofs, basis.interior_dofs])
    positions = basis.doflocs[:, of_nodes[0]]
    # Positions differ by rounding; in units of half a cell the order is exact.
    x, y, z = np.rint(2.0 * positions / np.array([edge[1] for edge in edges])[:, np.newaxis])
    order = np.lexsort((z, y, x))
    coords = positions[:, order].T
    dofs = of_nodes[:, order].T.ravel()
    return Bar(
        coords=coords,
        dofs=dofs,
        free=np.flatnonzero(np.repeat(x[order] > 0, 3)),
        stiffness=elastic_energy.assemble(basis)[dofs][:, dofs],
        mass=inertia.assemble(basis)[dofs][:, dofs],
        top=FacetBasis(
            mesh,
            basis.elem,
            facets=mesh.facets_satisfying(lambda x: np.isclose(x[1], HEIGHT)),
            intorder=PATCH_ORDER,
        ),
    )


def vibration_modes(bar: Bar, count: int = MODES) -> Modes:
    """Return the slowest modes, by Lanczos iteration on the inverse.

    Its fixed start makes them repeatable.
    """
    stiffness, mass = (
        matrix[bar.free][:, bar.free].tocsc() for matrix in (bar.stiffness, bar.mass)
    )
    # The clamped bar has no rigid motion, so that the stiffness can be factorised (sigma = 0).
    start = np.random.default_rng(0).standard_normal(len(bar.free))
    squares, vectors = eigsh(stiffness, count, mass, sigma=0.0, v0=start)
    shapes = np.zeros((len(bar.dofs), count))
    shapes[bar.free] = vectors
    return Modes(squares, shapes)


def load(bar: Bar, position: float, angle: float) -> Array:
    """Return the nodal forces of a strike of 1 N, ``[3 M]``."""
    down, across = (
        strike.assemble(bar.top, position=position, axis=axis)[bar.dofs] for axis in (1, 2)
    )
    # Both directions are divided by the same total, that of the patch.
    forces = np.sin(np.deg2rad(angle)) * across - np.cos(np.deg2rad(angle)) * down
    return np.asarray(forces / down.sum(), dtype=np.float64)


def sine_response(times: Array, frequencies: Array, damping: float, driving: float) -> Array:
    """Return the response of oscillators of mass 1 to sin(driving · t), ``[T, modes]``.

    They are at rest before t = 0. The response is the steady vibration plus the damped free one
    that starts the sum from rest (Clough & Penzien 1993, section 3).
    """
    t = np.maximum(times, 0.0)[:, np.newaxis]
    damped = frequencies * np.sqrt(1.0 - damping**2)
    transfer = 1.0 / (frequencies**2 - driving**2 + 2j * damping * frequencies * driving)
    cosine = -transfer.imag
    sine = (damping * frequencies * cosine - driving * transfer.real) / damped
    free = np.exp(-damping * frequencies * t) * (
        cosine * np.cos(damped * t) + sine * np.sin(damped * t)
    )
    return np.asarray((transfer * np.exp(1j * driving * t)).imag + free, dtype=np.float64)


def pulse_response(times: Array, frequencies: Array, damping: float, duration: float) -> Array:
    """Return the response of oscillators of mass 1 to half a sine wave, ``[T, modes]``.

    The wave has an impulse of 1 N s, and ``frequencies`` are in rad/s. It is a sine wave from t = 0
    on plus one from t = ``duration`` on, which cancel from there.
    """
    driving = np.pi / duration
    both = [
        sine_response(times - start, frequencies, damping, driving) for start in (0.0, duration)
    ]
    return 0.5 * driving * (both[0] + both[1])


def solve(bar: Bar, modes: Modes, design: Design, times: Array) -> Array:
    """Return the displacement at the times and nodes in m, ``[T, M, 3]``.

    Modal superposition, exact in time.
    """
    frequencies = np.sqrt(design.modulus * modes.squares)
    amplitudes = IMPULSE * pulse_response(times, frequencies, design.damping, design.duration)
    # Modes are normalised by the mass: each responds as an oscillator of mass 1.
    amplitudes *= load(bar, design.position, design.angle) @ modes.shapes
    return (amplitudes @ modes.shapes.T).reshape(len(times), -1, 3)


def from_unit(unit: Array) -> Design:
    """Return the design at a point of the unit cube, or beyond it.

    The modulus is uniform in its logarithm.
    """
    values = LOWER + (np.array(UPPER) - LOWER) * unit
    values[0] = LOWER.modulus * (UPPER.modulus / LOWER.modulus) ** unit[0]
    return Design(*map(float, values))


def sample(runs: int, seed: int, stream: int) -> list[Design]:
    """Return designs at random."""
    return [from_unit(unit) for unit in unit_designs(runs, len(Design._fields), seed, stream)]


def make(
    train: int = 80,
    test: int = 30,
    extrapolation: int = 20,
    seed: int = 0,
    cells: tuple[int, int, int] = CELLS,
) -> Problem:
    """Sample and solve all runs."""
    counts = train, test, extrapolation
    designs = [
        design for stream, runs in enumerate(counts) for design in sample(runs, seed, stream)
    ]
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    bar = assemble(cells)
    modes = vibration_modes(bar)
    fields = np.empty((len(designs), TIMESTEPS, *bar.coords.shape), dtype=np.float32)
    for row, design in enumerate(designs):
        fields[row] = solve(bar, modes, design, times)
    return Problem(
        fields=fields,
        coords=bar.coords,
        times=times,
        variables=VARIABLES,
        names=Design._fields,
        table=np.array(designs),
        **Runs.of(counts)._asdict(),
    )
