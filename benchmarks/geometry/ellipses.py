"""Problem: the wake of ellipses of varied axes and angle, by OpenFOAM's icoFoam.

    ∂u/∂t + ∇·(u u) = -∇p + Δu / reynolds,    ∇·u = 0,    u = (1, 0) at t = 0

in the plane, with u = 0 on the ellipse and a free stream far away. Lengths are in units in which
``reynolds`` is that of the stream over one unit. The half axes, the angle of the long axis against
the stream and the Reynolds number vary; the table has all four. At first two vortices grow behind
the ellipse, later they are shed in turns.

Each run has an O-grid of its own by blockMesh, whose numbers of cells around and outwards vary.
Fields are ``u``, ``v`` and ``p`` at its nodes, means of the cells around, without the start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyvista
from numpy.typing import NDArray

from benchmarks.accuracy.problem import unit_designs
from benchmarks.geometry.case import GeometryCase, make_case
from simulgenvae.errors import UserError


class Design(NamedTuple):
    """Parameters of a run, in the order of the columns of the table."""

    long_axis: float
    short_axis: float
    angle: float
    reynolds: float


LOWER = Design(long_axis=0.4, short_axis=0.2, angle=-30.0, reynolds=80.0)
UPPER = Design(long_axis=0.6, short_axis=0.4, angle=30.0, reynolds=160.0)
SHAPE = ("long_axis", "short_axis", "angle")
RADIUS = 8.0
GROWTH = 25.0
"""Ratio of the last to the first cell outwards."""
COUNTS = ((15, 18), (40, 48))
"""Least and greatest numbers of cells of a quarter around and outwards."""
INTERVAL = 0.6
TIMESTEPS = 24
SUBSTEPS = 24
DEBIAN_HOME = Path("/usr/share/openfoam")
PROGRAMS = ("blockMesh", "icoFoam")

Array = NDArray[np.floating[Any]]

HEADER = "FoamFile {{ version 2.0; format ascii; class {kind}; object {name}; }}\n"
FAR = "type freestream; freestreamValue uniform (1 0 0); value uniform (1 0 0);"
PRESSURE = "type freestreamPressure; freestreamValue uniform 0; value uniform 0;"
FILES = {
    "constant/transportProperties": "nu [0 2 -1 0 0 0 0] {viscosity:.9g};",
    "0/U": "dimensions [0 1 -1 0 0 0 0]; internalField uniform (1 0 0); boundaryField {{ "
    f"body {{{{ type noSlip; }}}} far {{{{ {FAR} }}}} sides {{{{ type empty; }}}} }}}}",
    "0/p": "dimensions [0 2 -2 0 0 0 0]; internalField uniform 0; boundaryField {{ "
    f"body {{{{ type zeroGradient; }}}} far {{{{ {PRESSURE} }}}} sides {{{{ type empty; }}}} }}}}",
    "system/controlDict": "application icoFoam; startFrom startTime; startTime 0; stopAt endTime; "
    "endTime {end:.9g}; deltaT {step:.9g}; writeControl timeStep; writeInterval {every}; "
    "writeFormat binary; writePrecision 9; timePrecision 9;",
    "system/fvSchemes": "ddtSchemes {{ default backward; }} gradSchemes {{ default Gauss linear; }}"
    " divSchemes {{ default none; div(phi,U) Gauss linearUpwind grad(U); }}"
    " laplacianSchemes {{ default Gauss linear corrected; }}"
    " interpolationSchemes {{ default linear; }} snGradSchemes {{ default corrected; }}",
    "system/fvSolution": "solvers {{ p {{ solver GAMG; smoother GaussSeidel; tolerance 1e-6; "
    "relTol 0.01; }} pFinal {{ $p; relTol 0; }} U {{ solver smoothSolver; smoother "
    "symGaussSeidel; tolerance 1e-6; relTol 0; }} }} PISO {{ nCorrectors 2; "
    "nNonOrthogonalCorrectors 1; pRefCell 0; pRefValue 0; }}",
    "system/blockMeshDict": "convertToMeters 1; vertices ({vertices}); edges ({edges}); "
    "blocks ({blocks}); boundary ( body {{ type wall; faces ({body}); }} "
    "far {{ type patch; faces ({far}); }} sides {{ type empty; faces ({sides}); }} );",
}


def on_ellipse(design: Design, angles: Array) -> Array:
    """Return points at angles from the long axis, as parameters of the ellipse, ``[n, 2]``."""
    turn = np.deg2rad(design.angle)
    along = design.long_axis * np.cos(angles)
    across = design.short_axis * np.sin(angles)
    x = along * np.cos(turn) - across * np.sin(turn)
    return np.stack([x, along * np.sin(turn) + across * np.cos(turn)], axis=1)


def far_away(angles: Array) -> Array:
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def block_mesh(design: Design, around: int, outwards: int) -> dict[str, str]:
    """Return parts of blockMeshDict: four blocks around the ellipse.

    ``around`` is the number of cells of a quarter.
    """
    quarters = 0.25 * np.pi + 0.5 * np.pi * np.arange(4)
    rings = [on_ellipse(design, quarters), far_away(quarters)]
    vertices = [_point(x, y, z) for z in (0, 1) for ring in rings for x, y in ring.tolist()]
    edges = []
    quads = []
    for quarter in range(4):
        after = (quarter + 1) % 4
        between = quarters[quarter] + 0.5 * np.pi * np.arange(1, 40) / 40
        for ring, curve in ((0, on_ellipse(design, between)), (4, far_away(between))):
            for z in (0, 1):
                points = " ".join(_point(x, y, z) for x, y in curve.tolist())
                first = 8 * z + ring
                edges.append(f"polyLine {first + quarter} {first + after} ({points})")
        quads.append((quarter, quarter + 4, after + 4, after))
    size = f"({outwards} {around} 1) simpleGrading ({GROWTH:g} 1 1)"
    blocks = [f"hex ({_nodes(quad)} {_nodes(quad, 8)}) {size}" for quad in quads]
    body = [f"({a} {d} {d + 8} {a + 8})" for a, _, _, d in quads]
    far = [f"({b} {c} {c + 8} {b + 8})" for _, b, c, _ in quads]
    sides = [f"({_nodes(quad, level)})" for quad in quads for level in (0, 8)]
    parts = {"vertices": vertices, "edges": edges, "blocks": blocks}
    parts |= {"body": body, "far": far, "sides": sides}
    return {name: " ".join(lines) for name, lines in parts.items()}


def _point(x: float, y: float, z: float) -> str:
    return f"({x:.12g} {y:.12g} {z:g})"


def _nodes(quad: tuple[int, ...], level: int = 0) -> str:
    return " ".join(str(node + level) for node in quad)


def solve(
    design: Design, around: int, outwards: int
) -> tuple[Array, NDArray[np.int64], NDArray[np.float32]]:
    """Return nodes ``[M, 2]``, quadrilaterals ``[K, 4]`` and fields ``[T, M, 3]``.

    Raises
    ------
    UserError
        OpenFOAM is not installed, or fails.
    """
    environment = dict(os.environ)
    if "WM_PROJECT_DIR" not in environment and DEBIAN_HOME.exists():
        environment["WM_PROJECT_DIR"] = str(DEBIAN_HOME)
    values = block_mesh(design, around, outwards) | {
        "viscosity": 1.0 / design.reynolds,
        "end": INTERVAL * TIMESTEPS,
        "step": INTERVAL / SUBSTEPS,
        "every": SUBSTEPS,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, body in FILES.items():
            file = folder / path
            file.parent.mkdir(exist_ok=True)
            kind = {"0/U": "volVectorField", "0/p": "volScalarField"}.get(path, "dictionary")
            head = HEADER.format(kind=kind, name=file.name)
            file.write_text(head + body.format(**values) + "\n", encoding="ascii")
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise UserError("this problem needs OpenFOAM (apt install openfoam)")
            done = subprocess.run(
                [program],
                cwd=folder,
                env={**environment, "PWD": name},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise UserError(
                    f"{program} failed on {design}: {(done.stdout + done.stderr)[-500:]}"
                )
        return read(folder)


def read(folder: Path) -> tuple[Array, NDArray[np.int64], NDArray[np.float32]]:
    """Return nodes, quadrilaterals and fields of the plane z = 0 of a solved case."""
    (folder / "case.foam").touch()
    reader = pyvista.POpenFOAMReader(str(folder / "case.foam"))
    reader.case_type = "reconstructed"
    reader.cell_to_point_creation = True
    reader.skip_zero_time = True
    frames = []
    for time in reader.time_values[-TIMESTEPS:]:
        reader.set_active_time_value(time)
        grid: Any = reader.read()["internalMesh"]
        frames.append(np.column_stack([grid.point_data["U"][:, :2], grid.point_data["p"]]))
    points = np.asarray(grid.points)
    hexahedra = grid.cells_dict[pyvista.CellType.HEXAHEDRON]
    # Four corners of each cell lie in the plane, in an order that depends on the cell.
    below = hexahedra[points[hexahedra, 2] < 0.5].reshape(-1, 4)
    off = points[below, :2] - points[below, :2].mean(axis=1, keepdims=True)
    turned = np.argsort(np.arctan2(off[..., 1], off[..., 0]), axis=1)
    used, cells = np.unique(np.take_along_axis(below, turned, axis=1), return_inverse=True)
    return points[used, :2], cells.reshape(-1, 4), np.stack(frames)[:, used].astype(np.float32)


def sample(runs: int, seed: int, stream: int) -> list[Design]:
    """Return designs at random."""
    unit = unit_designs(runs, len(LOWER), seed, stream)
    return [Design(*row) for row in (LOWER + (np.array(UPPER) - LOWER) * unit).tolist()]


def make(train: int = 64, test: int = 30, seed: int = 0) -> GeometryCase:
    """Sample, mesh and solve all runs."""
    solved = []
    table = []
    angles = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    for stream, runs in enumerate((train, test)):
        for run, design in enumerate(sample(runs, seed, stream)):
            generator = np.random.default_rng([seed, stream, run, 1])
            around, outwards = (int(generator.integers(*span, endpoint=True)) for span in COUNTS)
            points, cells, fields = solve(design, around, outwards)
            # No slip: the means of the cells at the wall are not zero.
            fields[:, _on_body(points, design), :2] = 0.0
            anchors = np.concatenate([on_ellipse(design, angles), far_away(angles[::2])])
            solved.append((points, cells, fields, anchors))
            table.append(design)
    return make_case(
        "ellipses",
        "quad",
        solved,
        (train, test),
        times=INTERVAL * np.arange(1, TIMESTEPS + 1),
        variables=("u", "v", "p"),
        names=Design._fields,
        table=np.array(table),
        shape_names=SHAPE,
    )


def _on_body(points: Array, design: Design) -> NDArray[np.bool_]:
    turn = np.deg2rad(design.angle)
    along = points @ [np.cos(turn), np.sin(turn)] / design.long_axis
    across = points @ [-np.sin(turn), np.cos(turn)] / design.short_axis
    return along**2 + across**2 < 1.01
