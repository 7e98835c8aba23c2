"""Problem: a strike on the edge of a clamped plate with a round hole, by CalculiX.

    ρ ü = ∇·σ(u),    u = 0 at x = 0,    σ n = -p(x) F(t) e_y at y = HEIGHT,    u = u̇ = 0 at t = 0

in plane stress, from steel. p is a bump of half width ``PATCH`` about the strike's position; F is
half a sine wave of the same impulse in every run. The plate swings on its clamp, and the waves of
the strike go round the hole, whose centre and radius vary, as do the strike's position and
duration. The table has all five. Positions and displacements are in units of a metre.

The same designs come in two versions: ``corresponding`` has the same quadrilaterals in all runs,
with nodes that move with the hole; ``remeshed`` has other triangles in each.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.problem import unit_designs
from benchmarks.geometry.case import GeometryCase, make_case
from benchmarks.geometry.meshing import circle, planar_mesh
from simulgenvae.data.readers.runs.frd import open_frd
from simulgenvae.errors import UserError


class Design(NamedTuple):
    """Parameters of a run, in the order of the columns of the table."""

    hole_x: float
    hole_y: float
    radius: float
    position: float
    duration: float


LOWER = Design(hole_x=0.07, hole_y=0.04, radius=0.012, position=0.11, duration=1e-4)
UPPER = Design(hole_x=0.13, hole_y=0.06, radius=0.025, position=0.18, duration=3e-4)
SHAPE = ("hole_x", "hole_y", "radius")
LENGTH = 0.2
HEIGHT = 0.1
THICKNESS = 0.002
PATCH = 0.015
IMPULSE = 0.5
TIMESTEPS = 40
END_TIME = 1.6e-3
MODES = 40
SUBSTEPS = 4
PULSE_POINTS = 33
DAMPING = 0.02
SIZE = (0.0045, 0.006)
AROUND = 72
OUTWARDS = 12

Array = NDArray[np.float64]
Cells = NDArray[np.int64]

DECK = """*NODE
{nodes}
*NSET, NSET=LOWER, GENERATE
{lower}
*ELEMENT, TYPE={element}, ELSET=ALL
{elements}
*NSET, NSET=CLAMP
{clamp}
*BOUNDARY
CLAMP, 1, 3
LOWER, 3, 3
*MATERIAL, NAME=STEEL
*ELASTIC
2.1E11, 0.3
*DENSITY
7850.
*SOLID SECTION, ELSET=ALL, MATERIAL=STEEL
*AMPLITUDE, NAME=PULSE
{pulse}
*STEP
*FREQUENCY, STORAGE=YES
{modes}
*END STEP
*STEP, INC=10000
*MODAL DYNAMIC
{step:.9g}, {end:.9g}
*MODAL DAMPING
1, {modes}, {damping}
*CLOAD, AMPLITUDE=PULSE
{loads}
*NODE FILE, FREQUENCY={frequency}
U
*END STEP
"""


def corresponding_mesh(
    design: Design, around: int = AROUND, outwards: int = OUTWARDS
) -> tuple[Array, Cells]:
    """Return nodes ``[M, 2]`` and quadrilaterals ``[K, 4]`` on rays from the hole to the edges.

    The hole has ``around`` cells, a multiple of 6, of which ``outwards`` lie before an edge.
    """
    # Rays end at equal distances along the edges, and begin at the angles at which they leave.
    corners = np.array([[LENGTH, 0], [LENGTH, HEIGHT], [0, HEIGHT], [0, 0], [LENGTH, 0]])
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(corners, axis=0)).sum(axis=1))])
    places = np.linspace(0.0, length[-1], around, endpoint=False)
    ends = np.stack([np.interp(places, length, values) for values in corners.T], axis=1)
    middle = np.array([0.5 * LENGTH, 0.5 * HEIGHT])
    directions = (ends - middle) / np.linalg.norm(ends - middle, axis=1, keepdims=True)
    starts = np.array([design.hole_x, design.hole_y]) + design.radius * directions
    # Cells grow outwards.
    shares = np.linspace(0.0, 1.0, outwards + 1)[:, np.newaxis, np.newaxis] ** 1.3
    points = ((1.0 - shares) * starts + shares * ends).reshape(-1, 2)
    ring = np.arange(around)
    after = (ring + 1) % around
    quads = np.stack([ring, ring + around, after + around, after], axis=1)
    return points, np.concatenate([quads + around * layer for layer in range(outwards)])


def other_mesh(design: Design, size: float) -> tuple[Array, Cells]:
    """Return nodes ``[M, 2]`` and triangles ``[K, 3]`` with edges of about ``size``."""
    sides = []
    corners = np.array([[0, 0], [LENGTH, 0], [LENGTH, HEIGHT], [0, HEIGHT]], np.float64)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        count = round(float(np.abs(end - start).sum()) / size)
        sides.append(start + (end - start) * np.arange(count)[:, np.newaxis] / count)
    hole = circle(np.array([design.hole_x, design.hole_y]), design.radius, 0.7 * size)
    return planar_mesh(np.concatenate(sides), [hole], size)


def top_loads(points: Array, cells: Cells, design: Design) -> Array:
    """Return the force of a strike of 1 N at each node, along -y, ``[M]``."""
    forces = np.zeros(len(points))
    edges = np.stack([cells, np.roll(cells, -1, axis=1)], axis=2).reshape(-1, 2)
    edges = edges[np.isclose(points[edges, 1], HEIGHT).all(axis=1)]
    half = 0.5 * np.abs(np.diff(points[edges, 0], axis=1)[:, 0])
    for at, weight in zip(*np.polynomial.legendre.leggauss(16), strict=True):
        shape = np.array([0.5 * (1.0 - at), 0.5 * (1.0 + at)])
        distance = np.abs(points[edges, 0] @ shape - design.position) / PATCH
        pressure = np.where(distance < 1.0, np.cos(0.5 * np.pi * distance) ** 2, 0.0)
        np.add.at(forces, edges, (weight * half * pressure)[:, np.newaxis] * shape)
    return forces / forces.sum()


def deck(points: Array, cells: Cells, design: Design) -> str:
    """Return CalculiX's input: half the thickness as one layer of bricks or wedges.

    The lower layer of nodes, which come first, stays in its plane.
    """
    nodes = [(x, y, z) for z in (0.0, 0.5 * THICKNESS) for x, y in points.tolist()]
    elements = np.hstack([cells, cells + len(points)]) + 1
    clamp = np.flatnonzero(np.isclose(points[:, 0], 0.0)) + 1
    force = 0.25 * IMPULSE * 0.5 * np.pi / design.duration
    loads = force * top_loads(points, cells, design)
    moments = np.append(np.linspace(0.0, design.duration, PULSE_POINTS), 1.0)
    values = np.append(np.sin(np.linspace(0.0, np.pi, PULSE_POINTS)).clip(0.0), 0.0)
    return DECK.format(
        nodes=_rows(enumerate(nodes, start=1)),
        lower=f"1, {len(points)}, 1",
        element="C3D6" if cells.shape[1] == 3 else "C3D8I",
        elements=_rows(enumerate(elements.tolist(), start=1)),
        clamp="\n".join(f"{node},\n{node + len(points)}," for node in clamp),
        pulse="\n".join(f"{t:.9g}, {a:.9g}" for t, a in zip(moments, values, strict=True)),
        modes=MODES,
        damping=DAMPING,
        step=END_TIME / (TIMESTEPS - 1) / SUBSTEPS,
        end=END_TIME,
        loads="\n".join(
            f"{node + layer + 1}, 2, {-loads[node]:.9g}"
            for layer in (0, len(points))
            for node in np.flatnonzero(loads)
        ),
        frequency=SUBSTEPS,
    )


def _rows(numbered: Iterable[tuple[int, Sequence[float]]]) -> str:
    """Return lines of a number and the values that belong to it."""
    return "\n".join(
        ", ".join([str(number), *(f"{value:.12g}" for value in row)]) for number, row in numbered
    )


def solve(points: Array, cells: Cells, design: Design) -> NDArray[np.float32]:
    """Return the displacements at the times (the first is 0) and nodes in m, ``[T, M, 2]``.

    Raises
    ------
    UserError
        CalculiX is not installed, or fails.
    """
    program = shutil.which("ccx")
    if program is None:
        raise UserError("this problem needs CalculiX (apt install calculix-ccx)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plate.inp").write_text(deck(points, cells, design), encoding="ascii")
        done = subprocess.run(
            [program, "plate"], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise UserError(f"CalculiX failed on {design}: {done.stdout[-500:]}")
        series = open_frd(folder / "plate.frd")
        # Mode shapes come first in the file; the times of the response come last.
        steps = range(len(series.times) - TIMESTEPS + 1, len(series.times))
        found = [series.read(step).fields["DISP"][: len(points), :2] for step in steps]
    return np.stack([np.zeros_like(found[0]), *found]).astype(np.float32)


def sample(runs: int, seed: int, stream: int) -> list[Design]:
    """Return designs at random."""
    unit = unit_designs(runs, len(LOWER), seed, stream)
    return [Design(*row) for row in (LOWER + (np.array(UPPER) - LOWER) * unit).tolist()]


def make(name: str, train: int = 80, test: int = 30, seed: int = 0) -> GeometryCase:
    """Sample, mesh and solve all runs of a version, ``corresponding`` or ``remeshed``."""
    solved = []
    table = []
    for stream, runs in enumerate((train, test)):
        for run, design in enumerate(sample(runs, seed, stream)):
            if name == "corresponding":
                points, cells = corresponding_mesh(design)
            else:
                size = np.random.default_rng([seed, stream, run, 1]).uniform(*SIZE)
                points, cells = other_mesh(design, float(size))
            solved.append((points, cells, solve(points, cells, design), anchors(design)))
            table.append(design)
    return make_case(
        f"struck_plate_{name}",
        "quad" if name == "corresponding" else "triangle",
        solved,
        (train, test),
        times=np.linspace(0.0, END_TIME, TIMESTEPS),
        variables=("ux", "uy"),
        names=Design._fields,
        table=np.array(table),
        shape_names=SHAPE,
    )


def anchors(design: Design) -> Array:
    """Return points of the edges, the same in all runs, and of the hole, ``[A, 2]``."""
    points, _ = corresponding_mesh(design)
    return np.concatenate([points[:AROUND:2], points[-AROUND::2]])
