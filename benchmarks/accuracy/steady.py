"""Benchmark problem: steady heat conduction in a plate of four blocks.

The plate generates heat and is cooled at one edge.

    -∇·(k ∇T) = 1 on [0, 1]²,    T = 1 at x = 0,    -k ∂T/∂x = h T at x = 1,    no flux at y = 0, 1

The conductivity k of each block and the heat transfer coefficient h of the cooled edge vary from
run to run over a decade each, uniformly in their logarithms: five parameters, and a single
timestep. The field is a smooth function of the logarithms, and few modes describe it: a case that
proper orthogonal decomposition with Gaussian processes solves about as well as 60 runs allow.

Extrapolation runs have one or two of the five parameters outside the range of training, by up to 30
% of its width in the logarithm (0.3 decades).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import spsolve
from skfem import Basis, ElementTriP1, FacetBasis, MeshTri
from skfem.models.poisson import laplace, mass, unit_load

from benchmarks.accuracy.problem import Problem, Runs, sample_streams, unit_designs

NAMES = ("lower_left", "lower_right", "upper_left", "upper_right", "edge")
LOWER = np.full(5, 10**-0.5)
UPPER = np.full(5, 10**0.5)
HELD = 1.0
SQUARES = 44

Array = NDArray[np.float64]


class Plate(NamedTuple):
    """Mesh and matrices of all runs, for M nodes."""

    coords: Array
    """Node positions x, y, shape [M, 2]."""
    parts: tuple[csr_array, ...]
    """Matrices ``[M, M]`` of the parameters: conduction in each block, transfer at the edge."""
    load: Array
    """Heat generated, shape [M]."""


def sample(runs: int, seed: int, stream: int) -> Array:
    """Return designs at random, ``[runs, 5]``."""
    return LOWER * (UPPER / LOWER) ** unit_designs(runs, len(NAMES), seed, stream)


def assemble(squares: int = SQUARES) -> Plate:
    """Assemble linear triangles, two to each of ``squares`` x ``squares`` squares.

    ``squares`` must be even, so that blocks fit.
    """
    if squares % 2:
        raise ValueError(f"squares must be even for the blocks to fit, got {squares}")
    ticks = np.linspace(0.0, 1.0, squares + 1)
    mesh = MeshTri.init_tensor(ticks, ticks)
    basis = Basis(mesh, ElementTriP1())
    x, y = mesh.p[:, mesh.t].mean(axis=1)
    block = (x > 0.5) + 2 * (y > 0.5)
    conduction = (
        laplace.assemble(basis.with_elements(np.flatnonzero(block == number)))
        for number in range(4)
    )
    edge = FacetBasis(
        mesh, ElementTriP1(), facets=mesh.facets_satisfying(lambda at: np.isclose(at[0], 1.0))
    )
    parts = tuple(csr_array(part) for part in (*conduction, mass.assemble(edge)))
    return Plate(mesh.p.T.copy(), parts, unit_load.assemble(basis))


def solve(design: Array, plate: Plate) -> Array:
    """Return the temperature at the nodes, ``[M]``, for the five parameters ``design``."""
    matrix = sum(value * part for value, part in zip(design, plate.parts, strict=True))
    held = plate.coords[:, 0] == 0.0
    free = np.flatnonzero(~held)
    field = np.where(held, HELD, 0.0)
    # The fixed edge enters as a known part of the solution.
    residual = plate.load - matrix @ field
    field[free] = spsolve(matrix[free][:, free].tocsc(), residual[free])
    return field


def make(
    train: int = 60, test: int = 40, extrapolation: int = 20, seed: int = 0, squares: int = SQUARES
) -> Problem:
    """Sample and solve all runs."""
    counts = train, test, extrapolation
    table = sample_streams(sample, seed, counts)
    plate = assemble(squares)
    return Problem(
        fields=np.stack([solve(design, plate) for design in table]).astype(np.float32)[
            :, np.newaxis, :, np.newaxis
        ],
        coords=plate.coords,
        times=np.zeros(1),
        variables=("T",),
        names=NAMES,
        table=table,
        **Runs.of(counts)._asdict(),
    )
