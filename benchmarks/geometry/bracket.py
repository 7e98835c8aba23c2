"""Problem: a hot bolt in a bracket of varied dimensions, heat in 3-D on tetrahedra.

    c ∂T/∂t = ∇·(k ∇T),    T = 0 at t = 0,    -k ∂T/∂n = exchange T
    on the foot (z = 0): exchange = CONTACT,    in the bolt's hole: k ∂T/∂n = FLUX [t < duration],
    elsewhere: exchange = film

The bracket is an angle of aluminium: a foot along x, a leg along z with the hole of a bolt in it,
both of one thickness and width. The table has all six dimensions, the film coefficient (W/m²K,
uniform in its logarithm) and the duration of the heating (s). T is in kelvin above that of the
surroundings, lengths in metres. Sizes of the cells vary by a factor of 1.3.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from skfem import Basis, BilinearForm, ElementTetP1, FacetBasis, LinearForm, MeshTet
from skfem.models.poisson import laplace, mass

from benchmarks.accuracy.problem import unit_designs
from benchmarks.geometry.case import GeometryCase, make_case
from benchmarks.geometry.meshing import session, simplices_of


class Design(NamedTuple):
    """Parameters of a run, in the order of the columns of the table."""

    foot: float
    leg: float
    thickness: float
    width: float
    hole_height: float
    radius: float
    film: float
    duration: float


LOWER = Design(0.06, 0.06, 0.008, 0.03, 0.55, 0.006, 20.0, 20.0)
UPPER = Design(0.10, 0.09, 0.014, 0.05, 0.75, 0.010, 200.0, 60.0)
"""``hole_height`` is a fraction of the leg here, and a height in the table."""
SHAPE = ("foot", "leg", "thickness", "width", "hole_height", "radius")
CONDUCTIVITY = 160.0
CAPACITY = 2.4e6
CONTACT = 2000.0
FLUX = 1.5e5
TIMESTEPS = 31
END_TIME = 90.0
SUBSTEPS = 3
SIZE = (0.0034, 0.0044)

Array = NDArray[np.float64]
Cells = NDArray[np.int64]


def sample(runs: int, seed: int, stream: int) -> list[Design]:
    """Return designs at random."""
    designs = []
    for unit in unit_designs(runs, len(LOWER), seed, stream):
        values = LOWER + (np.array(UPPER) - LOWER) * unit
        values[6] = LOWER.film * (UPPER.film / LOWER.film) ** unit[6]
        design = Design(*values.tolist())
        designs.append(design._replace(hole_height=design.hole_height * design.leg))
    return designs


def mesh(design: Design, size: float) -> tuple[Array, Cells]:
    """Return nodes ``[M, 3]`` and tetrahedra ``[K, 4]`` with edges of about ``size``."""
    with session() as gmsh:
        occ = gmsh.model.occ
        foot = occ.addBox(0, 0, 0, design.foot, design.width, design.thickness)
        leg = occ.addBox(0, 0, 0, design.thickness, design.width, design.leg)
        hole = occ.addCylinder(
            -design.thickness,
            0.5 * design.width,
            design.hole_height,
            3.0 * design.thickness,
            0,
            0,
            design.radius,
        )
        angle, _ = occ.fuse([(3, foot)], [(3, leg)])
        occ.cut(angle, [(3, hole)])
        occ.synchronize()
        gmsh.option.setNumber("Mesh.MeshSizeMax", size)
        gmsh.option.setNumber("Mesh.MeshSizeFromCurvature", 16)
        gmsh.model.mesh.generate(3)
        return simplices_of(gmsh, 3)


@BilinearForm
def _trace(u: Any, v: Any, w: Any) -> Any:
    return u * v


@LinearForm
def _flux(v: Any, w: Any) -> Any:
    return v


def solve(points: Array, cells: Cells, design: Design, times: Array) -> Array:
    """Return the temperature at the times (the first is 0) and nodes in K, ``[T, M, 1]``.

    Implicit Euler, several steps between times.
    """
    grid = MeshTet(np.ascontiguousarray(points.T), np.ascontiguousarray(cells.T))
    element = ElementTetP1()
    basis = Basis(grid, element)
    facets = grid.boundary_facets()
    corners = grid.p[:, grid.facets[:, facets]]
    on_foot = np.isclose(corners[2], 0.0, atol=1e-9).all(axis=0)
    from_axis = np.hypot(corners[1] - 0.5 * design.width, corners[2] - design.hole_height)
    # Facets in the hole have all corners on it, and are not parts of the faces that it ends in.
    across = np.ptp(corners[0], axis=0) > 1e-9
    in_hole = np.isclose(from_axis, design.radius, rtol=1e-4).all(axis=0) & across
    system = CONDUCTIVITY * laplace.assemble(basis)
    for part, exchange in ((on_foot, CONTACT), (~on_foot & ~in_hole, design.film)):
        system = system + exchange * _trace.assemble(FacetBasis(grid, element, facets=facets[part]))
    heating = FLUX * _flux.assemble(FacetBasis(grid, element, facets=facets[in_hole]))
    inertia = CAPACITY * mass.assemble(basis)
    step = (times[1] - times[0]) / SUBSTEPS
    factors = splu((inertia + step * system).tocsc())
    field = [np.zeros(basis.N)]
    for time in times[:-1]:
        state = field[-1]
        for substep in range(SUBSTEPS):
            # The step in which the heating ends has a part of it.
            on = np.clip((design.duration - time) / step - substep, 0.0, 1.0)
            state = factors.solve(inertia @ state + step * on * heating)
        field.append(state)
    return np.stack(field)[:, :, np.newaxis]


def anchors(design: Design) -> Array:
    """Return points on the edges of the bracket and of its hole, ``[A, 3]``."""
    t = design.thickness
    profile = np.array(
        [[0, 0], [t, 0], [design.foot, 0], [design.foot, t], [t, t], [t, design.leg],
         [0, design.leg], [0, t]]
    )  # fmt: skip
    shares = np.linspace(0.0, 1.0, 4, endpoint=False)[:, np.newaxis]
    around = np.concatenate(
        [
            start + shares * (end - start)
            for start, end in zip(profile, np.roll(profile, -1, axis=0), strict=True)
        ]
    )
    angles = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    y = 0.5 * design.width + design.radius * np.cos(angles)
    z = design.hole_height + design.radius * np.sin(angles)
    sides = [np.insert(around, 1, width, axis=1) for width in np.linspace(0, design.width, 4)]
    ends = [np.stack([np.full(16, x), y, z], axis=1) for x in (0.0, 0.5 * t, t)]
    return np.concatenate([*sides, *ends])


def make(train: int = 80, test: int = 30, seed: int = 0) -> GeometryCase:
    """Sample, mesh and solve all runs."""
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    solved = []
    table = []
    for stream, runs in enumerate((train, test)):
        for run, design in enumerate(sample(runs, seed, stream)):
            size = np.random.default_rng([seed, stream, run, 1]).uniform(*SIZE)
            points, cells = mesh(design, float(size))
            solved.append((points, cells, solve(points, cells, design, times), anchors(design)))
            table.append(design)
    return make_case(
        "bracket",
        "tetra",
        solved,
        (train, test),
        times=times,
        variables=("T",),
        names=Design._fields,
        table=np.array(table),
        shape_names=SHAPE,
    )
