"""A finite-element solver: a laser head travels over a printed circuit board and heats it.

The board is thin, so its temperature T(x, y, t) is uniform over the thickness d, and obeys

    ρ c d ∂T/∂t = ∇·(k d ∇T) - 2 h (T - T_ambient) + q(x, y, t),    no heat through the edges,

with heat transfer h on both faces and the power q of a Gaussian spot that moves along a row of the
board. Copper planes give the laminate its in-plane conductivity; copper spreaders and chips are
soldered to it. Linear triangles in space (scikit-fem), Crank-Nicolson with one sparse factorisation
in time. All quantities in m, s, K, W, kg.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu
from scipy.stats import qmc
from skfem import Basis, BilinearForm, ElementTriP1, MeshTri
from skfem.helpers import dot, grad

Array = NDArray[np.float64]

LENGTH, WIDTH, THICKNESS = 0.160, 0.100, 0.0016
AMBIENT = 293.15
POWER = 40.0
SPOT_RADIUS = 0.006
"""Standard deviation of the spot: more than two elements."""
SPOT_START = 0.010
"""Where the spot is on the long axis at time 0."""
ELEMENT_SIZE = 0.0025
TIMES = np.linspace(0.0, 16.0, 51)
SUBSTEPS = 4
"""Time steps of the solver between two stored timesteps."""

LAMINATE_CAPACITY = 1.9e6 * THICKNESS
"""ρ c d of the bare board, J/(m² K)."""
SPREADER_CONDUCTANCE, SPREADER_CAPACITY = 390.0 * 0.0002, 3.45e6 * 0.0002
"""k d and ρ c d of copper, 0.2 mm thick."""
CHIP_CONDUCTANCE, CHIP_CAPACITY = 25.0 * 0.001, 3.1e6 * 0.001
"""k d and ρ c d of ceramic packages, 1 mm thick."""

Box = tuple[float, float, float, float]
"""A rectangle: x from, x to, y from, y to."""


class BoardLayout(NamedTuple):
    """What is soldered to the laminate; no two of the boxes overlap."""

    spreaders: tuple[Box, ...]
    chips: tuple[Box, ...]


EDGE_SPREADERS = ((0.0, 0.160, 0.0, 0.010), (0.0, 0.160, 0.090, 0.100))
BOARD = BoardLayout(
    EDGE_SPREADERS,
    (
        (0.030, 0.050, 0.020, 0.040),
        (0.070, 0.100, 0.035, 0.065),
        (0.120, 0.140, 0.020, 0.040),
        (0.120, 0.135, 0.065, 0.080),
    ),
)
"""Four chips, and a spreader along each of the long edges."""

NAMES = ("row", "speed", "convection", "conductivity")
"""Row of the spot on the short axis (m), its speed (m/s), h (W/(m² K)), k of the laminate (W/(m
K))."""
LOWER = np.array([0.030, 0.004, 5.0, 10.0])
UPPER = np.array([0.070, 0.010, 50.0, 40.0])
LOGARITHMIC = np.array([False, False, True, True])


def sample_designs(
    count: int, seed: int = 0, prefix: str = "run"
) -> tuple[tuple[str, ...], Array, tuple[str, ...]]:
    """Latin hypercube of designs: parameter names, table of shape [count, 4], and ids."""
    unit = qmc.LatinHypercube(len(NAMES), rng=np.random.default_rng(seed)).random(count)
    linear = LOWER + (UPPER - LOWER) * unit
    logarithmic = LOWER * (UPPER / LOWER) ** unit
    table = np.where(LOGARITHMIC, logarithmic, linear)
    return NAMES, table, tuple(f"{prefix}_{i:03d}" for i in range(count))


def mesh(element_size: float = ELEMENT_SIZE) -> MeshTri:
    """Triangles whose edges follow the boundaries of all spreaders and chips."""
    columns, rows = round(LENGTH / element_size), round(WIDTH / element_size)
    return MeshTri.init_tensor(
        np.linspace(0.0, LENGTH, columns + 1), np.linspace(0.0, WIDTH, rows + 1)
    )


def materials(grid: MeshTri, layout: BoardLayout = BOARD) -> NDArray[np.int64]:
    """Per triangle: 0 bare laminate, 1 copper spreader, 2 chip."""
    x, y = grid.p[:, grid.t].mean(axis=1)
    material = np.zeros(x.size, dtype=np.int64)
    for number, boxes in ((1, layout.spreaders), (2, layout.chips)):
        for left, right, bottom, top in boxes:
            material[(x > left) & (x < right) & (y > bottom) & (y < top)] = number
    return material


def assemble(
    basis: Basis, conductance: Array, capacity: Array, convection: float
) -> tuple[csc_matrix, csc_matrix]:
    """Matrices C and A of C dT/dt + A T = b, from k d (W/K) and ρ c d (J/(m² K)) per triangle and
    h."""

    @BilinearForm  # type: ignore[untyped-decorator] # scikit-fem ships no types
    def storage(u: Any, v: Any, w: Any) -> Any:
        return w.capacity * u * v

    @BilinearForm  # type: ignore[untyped-decorator]
    def transport(u: Any, v: Any, w: Any) -> Any:
        return w.conductance * dot(grad(u), grad(v)) + 2.0 * convection * u * v

    points = basis.X.shape[1]
    at_points = {
        "capacity": np.tile(capacity[:, np.newaxis], points),
        "conductance": np.tile(conductance[:, np.newaxis], points),
    }
    return storage.assemble(basis, **at_points).tocsc(), transport.assemble(
        basis, **at_points
    ).tocsc()


def spot_load(basis: Basis, row: float, speed: float) -> Callable[[float], Array]:
    """The function t → b(t), b_i = ∫ q(x, y, t) φ_i, with the power POWER in a Gaussian of
    SPOT_RADIUS."""
    x, y = np.asarray(basis.global_coordinates())
    across = (
        POWER
        / (2.0 * np.pi * SPOT_RADIUS**2)
        * np.exp(-0.5 * ((y - row) / SPOT_RADIUS) ** 2)
        * basis.dx
    )
    shape = np.stack([np.asarray(basis.basis[i][0]) for i in range(basis.Nbfun)])
    nodes = basis.element_dofs.ravel()

    def load(t: float) -> Array:
        power = across * np.exp(-0.5 * ((x - SPOT_START - speed * t) / SPOT_RADIUS) ** 2)
        weights: Array = np.einsum("ieq,eq->ie", shape, power).ravel()
        return np.bincount(nodes, weights, minlength=basis.N).astype(np.float64)

    return load


def crank_nicolson(
    capacity: csc_matrix,
    operator: csc_matrix,
    load: Callable[[float], Array],
    initial: Array,
    times: Array,
    substeps: int,
) -> Array:
    """States of C dT/dt + A T = b(t) at equidistant times, shape [T, M]; the load is that of each
    step's middle."""
    step = (times[-1] - times[0]) / ((times.size - 1) * substeps)
    factor = splu(capacity / step + 0.5 * operator)
    explicit = (capacity / step - 0.5 * operator).tocsr()
    states = np.empty((times.size, initial.size))
    states[0] = state = initial
    for index in range((times.size - 1) * substeps):
        state = factor.solve(explicit @ state + load(times[0] + (index + 0.5) * step))
        if (index + 1) % substeps == 0:
            states[(index + 1) // substeps] = state
    return states


def solve(
    design: Sequence[float],
    layout: BoardLayout = BOARD,
    *,
    element_size: float = ELEMENT_SIZE,
    substeps: int = SUBSTEPS,
) -> NDArray[np.float32]:
    """Temperature in K of one design (values in the order of NAMES) at TIMES and the nodes, shape
    [T, M]."""
    row, speed, convection, conductivity = design
    grid = mesh(element_size)
    basis = Basis(grid, ElementTriP1(), intorder=4)
    material = materials(grid, layout)
    conductance = (
        conductivity * THICKNESS + np.array([0.0, SPREADER_CONDUCTANCE, CHIP_CONDUCTANCE])[material]
    )
    storage = LAMINATE_CAPACITY + np.array([0.0, SPREADER_CAPACITY, CHIP_CAPACITY])[material]
    capacity, operator = assemble(basis, conductance, storage, convection)
    rise = crank_nicolson(
        capacity, operator, spot_load(basis, row, speed), np.zeros(basis.N), TIMES, substeps
    )
    return (AMBIENT + rise).astype(np.float32)


def solve_timed(
    design: Sequence[float], layout: BoardLayout = BOARD
) -> tuple[NDArray[np.float32], float]:
    """:func:`solve`, and the seconds that it took."""
    begin = time.perf_counter()
    temperature = solve(design, layout)
    return temperature, time.perf_counter() - begin


def solve_all(
    table: Array, layouts: Sequence[BoardLayout] | None = None, workers: int | None = None
) -> tuple[NDArray[np.float32], Array]:
    """Temperatures [N, T, M, 1] of all designs of a table [N, 4], and seconds per design [N]; one
    process per core.

    layouts: one for each design; the usual one for all when there are none.
    """
    workers = workers or os.cpu_count() or 1
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        solved = pool.map(solve_timed, table.tolist(), layouts or repeat(BOARD))
        temperatures, seconds = zip(*solved, strict=True)
    return np.stack(temperatures)[..., np.newaxis], np.array(seconds)
