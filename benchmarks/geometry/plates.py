"""Problem: heating of plates of random outline with none to three cooled holes, P1 triangles.

    ∂T/∂t = ΔT + q(x) [t < HEATED],    T = 0 at t = 0
    -∂T/∂n = loss T on the outline,    -∂T/∂n = COOLING (T - coolant) on holes

The outline is r(θ) = R (1 + Σ a_k cos kθ + b_k sin kθ), k = 2, 3, 4, stretched along x and
compressed along y; q is a Gaussian of width ``WIDTH`` and unit power. The table has the position of
the source, the temperature of the coolant and the loss (uniform in its logarithm). What it does not
have is the shape: aspect, six numbers of the outline, and the number of holes, their positions and
radii. Meshes differ in size by a factor of 1.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from skfem import Basis, BilinearForm, ElementTriP1, FacetBasis, LinearForm, MeshTri
from skfem.models.poisson import laplace, mass

from benchmarks.geometry.case import GeometryCase, make_case
from benchmarks.geometry.meshing import circle, planar_mesh

NAMES = ("source_x", "source_y", "coolant", "loss")
COOLANT = (-0.4, 0.0)
LOSS = (0.3, 3.0)
COOLING = 30.0
WIDTH = 0.08
HEATED = 0.2
END_TIME = 0.32
TIMESTEPS = 33
SUBSTEPS = 4
SIZE = (0.024, 0.034)
HOLE_RADIUS = (0.06, 0.13)
CLEARANCE = 0.07
MOST_HOLES = 3

Array = NDArray[np.float64]


class Plate(NamedTuple):
    """Shape and parameters of a run."""

    outline: Array
    """Corners, ``[n, 2]``."""
    holes: tuple[Array, ...]
    """Corners of each hole."""
    size: float
    """Length of the edges of the mesh."""
    source: Array
    coolant: float
    loss: float


def sample(seed: int, stream: int, run: int, holes: tuple[int, ...]) -> Plate:
    """Return a plate at random, with one of these numbers of holes."""
    generator = np.random.default_rng([seed, stream, run])
    size = float(generator.uniform(*SIZE))
    outline = _outline(generator, size)
    centres = np.empty((0, 2))
    radii: list[float] = []
    for _ in range(int(generator.choice(holes))):
        radius = float(generator.uniform(*HOLE_RADIUS))
        centre = _place(generator, outline, centres, np.array(radii), radius)
        if centre is not None:
            centres = np.vstack([centres, centre])
            radii.append(radius)
    source = _place(generator, outline, centres, np.array(radii), 0.0)
    assert source is not None  # outlines are much wider than the clearance
    return Plate(
        outline,
        tuple(circle(centre, radius, size) for centre, radius in zip(centres, radii, strict=True)),
        size,
        source,
        float(generator.uniform(*COOLANT)),
        float(np.exp(generator.uniform(*np.log(LOSS)))),
    )


def _outline(generator: np.random.Generator, size: float) -> Array:
    """Return corners at equal distances on a random closed curve."""
    stretch = np.sqrt(generator.uniform(1.0, 1.8))
    amplitudes = generator.uniform(-1.0, 1.0, (3, 2)) * np.array([[0.08], [0.07], [0.05]])
    angles = np.linspace(0.0, 2.0 * np.pi, 2001)
    waves = np.stack([[np.cos(k * angles), np.sin(k * angles)] for k in (2, 3, 4)])
    radius = 0.5 * (1.0 + np.einsum("kw,kwn->n", amplitudes, waves))
    curve = radius * np.stack([np.cos(angles) * stretch, np.sin(angles) / stretch])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve), axis=0))])
    places = np.linspace(0.0, length[-1], round(length[-1] / size), endpoint=False)
    return np.stack([np.interp(places, length, values) for values in curve], axis=1)


def _place(
    generator: np.random.Generator, outline: Array, centres: Array, radii: Array, radius: float
) -> Array | None:
    """Return a point clear of the outline and of holes; None where a hundred were not."""
    angles = np.arctan2(outline[:, 1], outline[:, 0])
    order = np.argsort(angles)
    lower, upper = outline.min(axis=0), outline.max(axis=0)
    for _ in range(100):
        point = generator.uniform(lower, upper)
        # The outline is a function of the angle, so a point is inside where it is nearer.
        edge = np.interp(
            np.arctan2(point[1], point[0]),
            angles[order],
            np.linalg.norm(outline, axis=1)[order],
            period=2.0 * np.pi,
        )
        inside = np.linalg.norm(point) < edge
        free = np.linalg.norm(outline - point, axis=1).min() > radius + CLEARANCE
        apart = np.linalg.norm(centres - point, axis=1) > radii + radius + CLEARANCE
        if inside and free and apart.all():
            return point
    return None


@BilinearForm
def _trace(u: Any, v: Any, w: Any) -> Any:
    return u * v


@LinearForm
def _flux(v: Any, w: Any) -> Any:
    return v


@LinearForm
def _source(v: Any, w: Any) -> Any:
    x, y = w.x
    square = (x - w.at_x) ** 2 + (y - w.at_y) ** 2
    return np.exp(-0.5 * square / WIDTH**2) / (2.0 * np.pi * WIDTH**2) * v


def solve(points: Array, cells: NDArray[np.int64], plate: Plate, times: Array) -> Array:
    """Return the temperature at the times (the first is 0) and nodes, ``[T, M, 1]``.

    Implicit Euler, several steps between times.
    """
    mesh = MeshTri(np.ascontiguousarray(points.T), np.ascontiguousarray(cells.T))
    element = ElementTriP1()
    basis = Basis(mesh, element, intorder=4)
    middles = mesh.p[:, mesh.facets].mean(axis=1)
    facets = mesh.boundary_facets()
    # A facet belongs to the hole whose polygon it is an edge of, or to the outline.
    owner = np.array(
        [
            np.argmin(
                [_distance(middles[:, facet], edge) for edge in (plate.outline, *plate.holes)]
            )
            for facet in facets
        ]
    )
    outer = FacetBasis(mesh, element, facets=facets[owner == 0])
    exchange = plate.loss * _trace.assemble(outer)
    cooling = np.zeros(basis.N)
    if (owner > 0).any():
        inner = FacetBasis(mesh, element, facets=facets[owner > 0])
        exchange = exchange + COOLING * _trace.assemble(inner)
        cooling = COOLING * plate.coolant * _flux.assemble(inner)
    heating = _source.assemble(basis, at_x=plate.source[0], at_y=plate.source[1])
    inertia = mass.assemble(basis)
    step = (times[1] - times[0]) / SUBSTEPS
    system = splu((inertia + step * (laplace.assemble(basis) + exchange)).tocsc())
    field = [np.zeros(basis.N)]
    for time in times[:-1]:
        state = field[-1]
        for substep in range(SUBSTEPS):
            on = time + (substep + 0.5) * step < HEATED
            state = system.solve(inertia @ state + step * (cooling + on * heating))
        field.append(state)
    return np.stack(field)[:, :, np.newaxis]


def _distance(point: Array, polygon: Array) -> float:
    """Return the distance of a point from the nearest middle of a polygon's edges."""
    middles = 0.5 * (polygon + np.roll(polygon, -1, axis=0))
    return float(np.linalg.norm(middles - point, axis=1).min())


def make(
    train: int = 96,
    test: int = 30,
    seed: int = 0,
    holes: tuple[int, ...] = tuple(range(MOST_HOLES + 1)),
    name: str = "plates",
) -> GeometryCase:
    """Sample, mesh and solve all runs."""
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    solved = []
    table = []
    for stream, runs in enumerate((train, test)):
        for run in range(runs):
            plate = sample(seed, stream, run, holes)
            points, cells = planar_mesh(plate.outline, plate.holes, plate.size)
            solved.append((points, cells, solve(points, cells, plate, times), None))
            table.append([*plate.source, plate.coolant, plate.loss])
    return make_case(
        name,
        "triangle",
        solved,
        (train, test),
        times=times,
        variables=("T",),
        names=NAMES,
        table=np.array(table),
    )
