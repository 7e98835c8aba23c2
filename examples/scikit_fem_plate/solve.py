"""Solve a struck plate with a hole for many designs with scikit-fem.

    python examples/scikit_fem_plate/solve.py OUT [--runs 96] [--seed 0] [--workers 2]

An elastic plate (plane stress) is clamped along its left edge. A pulse of pressure on its right
edge sends waves through it, which bend around the hole and come back. Where on the edge the pulse
acts, how long, and Young's modulus differ from run to run, drawn from a Latin hypercube. Every run
has the same mesh and the same 31 times. The script leaves

    OUT/params.csv                    one row for each run: id,place,duration,young
    OUT/runs/run_000/plate.pvd        the run's times, each with the name of its file
    OUT/runs/run_000/plate_000.vtu …  displacement and von Mises stress at the nodes

It needs nothing beyond this package. Quantities are in m, s, kg, Pa.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyvista
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from scipy.stats import qmc
from skfem import Basis, BilinearForm, ElementQuad1, ElementVector, FacetBasis, LinearForm, MeshQuad
from skfem.helpers import ddot, dot, eye, sym_grad, trace

Floats = NDArray[np.float64]
Design = dict[str, float]

RANGES = {"place": (0.02, 0.08), "duration": (2e-5, 5e-5), "young": (6e10, 1.2e11)}  # m, s, Pa
LENGTH, HEIGHT, CENTRE, RADIUS = 0.2, 0.1, (0.08, 0.05), 0.02
DENSITY, POISSON = 4000.0, 0.3
PRESSURE, WIDTH = 1e8, 0.02  # of the pulse, at its middle
AROUND, RINGS = 96, 18  # cells around the hole, and from it to the edges
STEP, STEPS, EVERY = 1e-6, 120, 4  # 120 µs: waves cross the plate about three times


def plate() -> MeshQuad:
    """Return rings of quadrilaterals between circles around the hole and the plate's edges."""
    sides = [(LENGTH, 0.0), (LENGTH, HEIGHT), (0.0, HEIGHT), (0.0, 0.0), (LENGTH, 0.0)]
    walked = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(sides, axis=0)).sum(axis=1))))
    along = (
        walked[-1] * np.arange(AROUND) / AROUND
    )  # AROUND is a multiple of 6, so that corners are nodes
    edge = np.stack([np.interp(along, walked, np.array(sides)[:, axis]) for axis in (0, 1)])
    centre = np.array(CENTRE)[:, None]
    hole = centre + RADIUS * (edge - centre) / np.linalg.norm(edge - centre, axis=0)
    part = np.linspace(0.0, 1.0, RINGS + 1)[:, None, None]
    points = ((1 - part) * hole + part * edge).transpose(1, 0, 2).reshape(2, -1)
    inner = (AROUND * np.arange(RINGS)[:, None] + np.arange(AROUND)).ravel()
    after = inner + np.where(inner % AROUND == AROUND - 1, 1 - AROUND, 1)
    return MeshQuad(points, np.stack([inner, inner + AROUND, after + AROUND, after]))


def stress(strain: Any) -> Any:
    """Plane stress for Young's modulus 1."""
    lame = POISSON / (1 - POISSON**2), 1 / (1 + POISSON)
    return lame[0] * eye(trace(strain), 2) + lame[1] * strain


@BilinearForm
def stiffness(u: Any, v: Any, w: Any) -> Any:
    return ddot(stress(sym_grad(u)), sym_grad(v))


@BilinearForm
def inertia(u: Any, v: Any, w: Any) -> Any:
    return DENSITY * dot(u, v)


def solve(folder: Path, design: Design) -> float:
    """Solve one design and write its files; the time that it took in seconds."""
    start = time.perf_counter()
    mesh = plate()
    basis = Basis(mesh, ElementVector(ElementQuad1()))
    right = FacetBasis(
        mesh, basis.elem, facets=mesh.facets_satisfying(lambda x: np.isclose(x[0], LENGTH))
    )

    @LinearForm
    def push(v: Any, w: Any) -> Any:
        return -PRESSURE * np.exp(-(((w.x[1] - design["place"]) / WIDTH) ** 2)) * v[0]

    load, duration = push.assemble(right), design["duration"]
    states = newmark(
        inertia.assemble(basis),
        design["young"] * stiffness.assemble(basis),
        lambda t: load * np.sin(np.pi * t / duration) ** 2 if t < duration else 0 * load,
        free=basis.complement_dofs(basis.get_dofs(lambda x: np.isclose(x[0], 0.0))),
    )
    write_run(folder, mesh, states, [design["young"] * each for each in von_mises(basis, states)])
    return time.perf_counter() - start


def newmark(
    inert: Any, stiff: Any, load: Callable[[float], Floats], free: NDArray[np.int64]
) -> list[Floats]:
    """Return the displacements of M a + K u = f(t) from rest.

    Newmark's method with constant mean acceleration.
    """
    inert, stiff = inert[free][:, free].tocsc(), stiff[free][:, free].tocsc()
    step = splu((inert + STEP**2 / 4 * stiff).tocsc())
    u, v, a = np.zeros((3, len(free)))
    states = [np.zeros(len(load(0.0)))]
    for k in range(1, STEPS + 1):
        u, v = u + STEP * v + STEP**2 / 4 * a, v + STEP / 2 * a
        a = step.solve(load(k * STEP)[free] - stiff @ u)
        u, v = u + STEP**2 / 4 * a, v + STEP / 2 * a
        if k % EVERY == 0:
            states.append(np.zeros_like(states[0]))
            states[-1][free] = u
    return states


def von_mises(basis: Basis, states: list[Floats]) -> list[Floats]:
    """Return the von Mises stress at the nodes for Young's modulus 1.

    It is the mean of the stress inside the elements around them.
    """
    nodal = basis.with_element(ElementQuad1())

    @LinearForm
    def weight(v: Any, w: Any) -> Any:
        return v

    @LinearForm
    def weighted(v: Any, w: Any) -> Any:
        (xx, xy), (_, yy) = stress(sym_grad(w["u"]))
        return np.sqrt(xx**2 + yy**2 - xx * yy + 3 * xy**2) * v

    weights = weight.assemble(nodal)
    return [weighted.assemble(nodal, u=basis.interpolate(state)) / weights for state in states]


def write_run(
    folder: Path, mesh: MeshQuad, displacements: list[Floats], stresses: list[Floats]
) -> None:
    """One file for each time, and the collection that ParaView opens."""
    folder.mkdir(parents=True)
    points = np.pad(mesh.p.T, ((0, 0), (0, 1)))
    grid = pyvista.UnstructuredGrid({pyvista.CellType.QUAD: mesh.t.T}, points)
    lines = []
    for k, (displacement, mises) in enumerate(zip(displacements, stresses, strict=True)):
        grid.point_data["displacement"] = np.pad(displacement.reshape(-1, 2), ((0, 0), (0, 1)))
        grid.point_data["von_mises"] = mises
        grid.save(folder / f"plate_{k:03d}.vtu")
        lines.append(f'<DataSet timestep="{k * EVERY * STEP:.9g}" file="plate_{k:03d}.vtu"/>\n')
    head = '<VTKFile type="Collection" version="0.1">\n<Collection>\n'
    text = f"{head}{''.join(lines)}</Collection>\n</VTKFile>\n"
    (folder / "plate.pvd").write_text(text)


def latin_hypercube(runs: int, seed: int) -> list[Design]:
    """Designs that hit each of `runs` equal slices of every range exactly once."""
    low, high = np.array(list(RANGES.values())).T
    points = qmc.scale(qmc.LatinHypercube(len(RANGES), rng=seed).random(runs), low, high)
    # Rounded here, so that params.csv holds the very numbers that are solved with.
    return [
        dict(zip(RANGES, (float(f"{value:.6g}") for value in point), strict=True))
        for point in points
    ]


def write_params(path: Path, designs: dict[str, Design]) -> None:
    """Write the table of the designs; its ids are the names of the run folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["id", *RANGES])
        rows.writerows(
            [run, *(f"{design[name]:.6g}" for name in RANGES)] for run, design in designs.items()
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Solve a struck plate with a hole for many designs."
    )
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--runs", type=int, default=96, help="number of designs (96)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the designs (0)")
    parser.add_argument("--workers", type=int, default=2, help="runs solved at a time (2)")
    args = parser.parse_args()
    if args.runs < 1 or args.workers < 1:
        parser.error("--runs and --workers must be at least 1")
    if (args.out / "runs").exists():
        parser.error(f"{args.out / 'runs'} exists already: remove it, or choose another folder")
    designs = {
        f"run_{i:03d}": design for i, design in enumerate(latin_hypercube(args.runs, args.seed))
    }
    write_params(args.out / "params.csv", designs)
    folders = [args.out / "runs" / run for run in designs]
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for run, seconds in zip(designs, pool.map(solve, folders, designs.values()), strict=True):
            print(f"{run}: {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
