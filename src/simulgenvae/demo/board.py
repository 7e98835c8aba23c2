"""A finite-element solver: a laser head travels over a printed circuit board and heats it.

The board is thin, so its temperature T(x, y, t) is uniform over the thickness d, and obeys

    ρ c d ∂T/∂t = ∇·(k d ∇T) - 2 h (T - T_ambient) + q(x, y, t),    no heat through the edges,

with heat transfer h on both faces and the power q of a Gaussian spot that moves along a row of the
board. Copper planes give the laminate its in-plane conductivity; copper spreaders and chips are
soldered to it. Linear triangles in space (scikit-fem), Crank-Nicolson with one sparse factorisation
in time. All quantities in m, s, K, W, kg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from scipy.stats import qmc
from skfem import Basis, BilinearForm, ElementTriP1, MeshTri
from skfem.helpers import dot, grad

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scipy.sparse import csc_matrix

Array = NDArray[np.float64]

LENGTH = 0.160
WIDTH = 0.100
THICKNESS = 0.0016
"""Size of the board, m."""
AMBIENT = 293.15
"""Temperature of the air, and of the board at time 0, K."""
POWER = 40.0
"""Power of the spot, W."""
SPOT_RADIUS = 0.006
"""Standard deviation of the spot, m: more than two elements, so that the mesh resolves it."""
SPOT_START = 0.010
"""Position of the spot on the long axis at time 0, m."""
ELEMENT_SIZE = 0.0025
"""Side of the right-angled triangles, m."""
TIMES = np.linspace(0.0, 16.0, 51)
"""Times of the stored timesteps, s."""
SUBSTEPS = 4
"""Time steps of the solver between two stored timesteps."""

LAMINATE_CAPACITY = 1.9e6 * THICKNESS
"""ρ c d of the bare board, J/(m² K)."""
SPREADER_CONDUCTANCE = 390.0 * 0.0002
SPREADER_CAPACITY = 3.45e6 * 0.0002
"""k d (W/K) and ρ c d (J/(m² K)) of copper, 0.2 mm thick."""
CHIP_CONDUCTANCE = 25.0 * 0.001
CHIP_CAPACITY = 3.1e6 * 0.001
"""k d (W/K) and ρ c d (J/(m² K)) of ceramic packages, 1 mm thick."""

Box = tuple[float, float, float, float]
"""Rectangle in metres: x from, x to, y from, y to."""


class BoardLayout(NamedTuple):
    """Components that are soldered to the laminate; no two of them overlap."""

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
"""Board of the benchmark and the examples: four chips, a spreader along each of the long edges."""

NAMES = ("row", "speed", "convection", "conductivity")
"""Parameters of a design: row of the spot on the short axis (m), its speed (m/s), h (W/(m² K)), and
k of the laminate (W/(m K))."""
LOWER = np.array([0.030, 0.004, 5.0, 10.0])
UPPER = np.array([0.070, 0.010, 50.0, 40.0])
"""Range of each parameter."""
LOGARITHMIC = np.array([False, False, True, True])
"""True for parameters whose logarithm is sampled uniformly."""


def sample_designs(
    count: int, seed: int = 0, prefix: str = "run"
) -> tuple[tuple[str, ...], Array, tuple[str, ...]]:
    """Return a Latin hypercube of designs: names, table ``[count, 4]``, and ids."""
    # Each parameter’s range is divided into `count` equal parts, with one design in each: few
    # designs cover all parameters evenly.
    unit = qmc.LatinHypercube(len(NAMES), rng=np.random.default_rng(seed)).random(count)
    linear = LOWER + (UPPER - LOWER) * unit
    logarithmic = LOWER * (UPPER / LOWER) ** unit
    table = np.where(LOGARITHMIC, logarithmic, linear)
    return NAMES, table, tuple(f"{prefix}_{i:03d}" for i in range(count))


def mesh(element_size: float = ELEMENT_SIZE) -> MeshTri:
    """Return a mesh of triangles with edges along the boundaries of all spreaders and chips."""
    columns, rows = round(LENGTH / element_size), round(WIDTH / element_size)
    return MeshTri.init_tensor(
        np.linspace(0.0, LENGTH, columns + 1), np.linspace(0.0, WIDTH, rows + 1)
    )


def materials(grid: MeshTri, layout: BoardLayout = BOARD) -> NDArray[np.int64]:
    """Return the material of each triangle: 0 bare laminate, 1 copper spreader, 2 chip."""
    # By its centre: the edges of components are edges of the mesh, so no triangle is cut.
    x, y = grid.p[:, grid.t].mean(axis=1)
    material = np.zeros(x.size, dtype=np.int64)
    for number, boxes in ((1, layout.spreaders), (2, layout.chips)):
        for left, right, bottom, top in boxes:
            material[(x > left) & (x < right) & (y > bottom) & (y < top)] = number
    return material


def assemble(
    basis: Basis, conductance: Array, capacity: Array, convection: float
) -> tuple[csc_matrix, csc_matrix]:
    """Return the matrices C and A of C dT/dt + A T = b.

    Parameters
    ----------
    basis
        Linear elements on the mesh.
    conductance
        k d of each triangle, W/K.
    capacity
        ρ c d of each triangle, J/(m² K).
    convection
        Heat transfer h on each face, W/(m² K).
    """

    @BilinearForm  # type: ignore[untyped-decorator] # scikit-fem ships no types
    def storage(u: Any, v: Any, w: Any) -> Any:
        return w.capacity * u * v

    @BilinearForm  # type: ignore[untyped-decorator]
    def transport(u: Any, v: Any, w: Any) -> Any:
        # The factor 2: both faces of the board give heat to the air.
        return w.conductance * dot(grad(u), grad(v)) + 2.0 * convection * u * v

    # scikit-fem evaluates forms at quadrature points; the coefficients are constant in each
    # triangle.
    points = basis.X.shape[1]
    at_points = {
        "capacity": np.tile(capacity[:, np.newaxis], points),
        "conductance": np.tile(conductance[:, np.newaxis], points),
    }
    storage_matrix = storage.assemble(basis, **at_points).tocsc()
    transport_matrix = transport.assemble(basis, **at_points).tocsc()
    return storage_matrix, transport_matrix


def spot_load(basis: Basis, row: float, speed: float) -> Callable[[float], Array]:
    """Return the function t → b(t), b_i = ∫ q(x, y, t) φ_i, of a Gaussian spot."""
    x, y = np.asarray(basis.global_coordinates())
    # The factor across the path does not change with time: it is computed once.
    across = (
        POWER
        / (2.0 * np.pi * SPOT_RADIUS**2)
        * np.exp(-0.5 * ((y - row) / SPOT_RADIUS) ** 2)
        * basis.dx
    )
    shape = np.stack([np.asarray(basis.basis[i][0]) for i in range(basis.Nbfun)])
    nodes = basis.element_dofs.ravel()

    def load(t: float) -> Array:
        # A Gaussian in two dimensions is a product of two in one: only the factor along the path
        # moves.
        power = across * np.exp(-0.5 * ((x - SPOT_START - speed * t) / SPOT_RADIUS) ** 2)
        weights: Array = np.einsum("ieq,eq->ie", shape, power).ravel()
        # Adds the contributions of all triangles to their nodes; indexing with += would count a
        # repeated node once.
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
    """Return the states of C dT/dt + A T = b(t) at equidistant times, ``[T, M]``.

    The load of each step is that of its middle. ``substeps`` steps are taken between two times.
    """
    step = (times[-1] - times[0]) / ((times.size - 1) * substeps)
    # The step is constant, so that one factorisation serves all steps.
    # (C/Δt + A/2) T_new = (C/Δt - A/2) T_old + b, with b in the middle of the step.
    factor = splu(capacity / step + 0.5 * operator)
    explicit = (capacity / step - 0.5 * operator).tocsr()
    states = np.empty((times.size, initial.size))
    states[0] = state = initial
    for index in range((times.size - 1) * substeps):
        state = factor.solve(explicit @ state + load(times[0] + (index + 0.5) * step))
        # The solver needs smaller steps than the surrogate stores.
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
    """Return the temperature of one design in K, ``[T, M]``.

    Parameters
    ----------
    design
        Parameters in the order of ``NAMES``.
    layout
        Components on the board.
    element_size, substeps
        Resolution in space (m) and time.
    """
    row, speed, convection, conductivity = design
    grid = mesh(element_size)
    # Quadrature of order 4: the spot is a Gaussian, which lower orders integrate badly.
    basis = Basis(grid, ElementTriP1(), intorder=4)
    material = materials(grid, layout)
    conductance = (
        conductivity * THICKNESS + np.array([0.0, SPREADER_CONDUCTANCE, CHIP_CONDUCTANCE])[material]
    )
    storage = LAMINATE_CAPACITY + np.array([0.0, SPREADER_CAPACITY, CHIP_CAPACITY])[material]
    capacity, operator = assemble(basis, conductance, storage, convection)
    # The solver works with the rise above the ambient temperature, which starts from zero.
    rise = crank_nicolson(
        capacity, operator, spot_load(basis, row, speed), np.zeros(basis.N), TIMES, substeps
    )
    return (AMBIENT + rise).astype(np.float32)
