"""Solve a struck cantilever beam for many designs with CalculiX.

The beam is struck at its tip and let go.

    python examples/calculix_beam/solve.py OUT [--runs 24] [--seed 0] [--workers 2]

Every run has the same mesh and the same 40 time steps. Three numbers differ: the tip force, Young's
modulus and the density, drawn from a Latin hypercube. The script leaves

    OUT/params.csv             one row for each run: id,force,young,density
    OUT/runs/run_000/beam.frd  CalculiX's result file, next to its input and its log

Started again, it keeps the runs that are finished and solves the others. It needs the program `ccx`
(Debian, Ubuntu: apt install calculix-ccx).
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Design = dict[str, float]

RANGES = {"force": (1e3, 1e4), "young": (7e10, 2.1e11), "density": (2.7e3, 7.85e3)}  # N, Pa, kg/m3
SIZE = (1.0, 0.1, 0.1)  # length, width and height of the beam in m
CELLS = (20, 2, 2)  # bricks along each of them
STEP, STEPS = 5e-4, 40  # 20 ms, about one and a half periods of the beam's first bending mode
RELEASE = 20  # the step after which the force is gone

# Where the 20 nodes of a C3D20R brick lie, in half cells: 8 corners, 4 edges below, 4 edges above,
# 4 uprights.
BRICK = np.array([
    (0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0), (0, 0, 2), (2, 0, 2), (2, 2, 2), (0, 2, 2),
    (1, 0, 0), (2, 1, 0), (1, 2, 0), (0, 1, 0), (1, 0, 2), (2, 1, 2), (1, 2, 2), (0, 1, 2),
    (0, 0, 1), (2, 0, 1), (2, 2, 1), (0, 2, 1),
])  # fmt: skip
TIP_CORNERS, TIP_EDGES = [1, 2, 5, 6], [9, 13, 17, 18]  # the brick's nodes on its far side

STEP_CARDS = """*BOUNDARY
ROOT, 1, 3
*MATERIAL, NAME=BEAM
*ELASTIC
{young:.6g}, 0.3
*DENSITY
{density:.6g}
*DAMPING, ALPHA=5., BETA=1e-5
*SOLID SECTION, ELSET=ALL, MATERIAL=BEAM
*AMPLITUDE, NAME=PULSE
0., 1., {hold:.6g}, 1., {gone:.6g}, 0., 1., 0.
*STEP, INC=1000
*DYNAMIC, DIRECT
{step:.6g}, {end:.6g}
*CLOAD, AMPLITUDE=PULSE
{loads}
*NODE FILE
U, V
*EL FILE
S, NOE
*END STEP
"""


def beam_mesh() -> tuple[Floats, Ints]:
    """Return node positions ``[nodes, 3]`` and the nodes of each brick ``[bricks, 20]``.

    Nodes are counted from 1, as CalculiX does.
    """
    shape = tuple(2 * cells + 1 for cells in reversed(CELLS))
    grid = (
        np.indices(shape).reshape(3, -1)[::-1].T
    )  # every half cell as (x, y, z), x running fastest
    used = (grid % 2).sum(
        axis=1
    ) <= 1  # a 20-node brick has no nodes inside it nor inside its faces
    ids = np.zeros(len(grid), dtype=np.int64)
    ids[used] = np.arange(1, used.sum() + 1)
    first = 2 * np.indices(CELLS[::-1]).reshape(3, -1)[::-1].T  # each brick's lowest corner
    x, y, z = (first[:, None] + BRICK).transpose(2, 0, 1)
    return grid[used] / (2 * np.array(CELLS)) * SIZE, ids.reshape(shape)[z, y, x]


def tip_loads(bricks: Ints, force: float) -> str:
    """Lines of *CLOAD that pull the tip down with this force, spread evenly over the end face."""
    share = np.zeros(bricks.max() + 1)
    ends = bricks[CELLS[0] - 1 :: CELLS[0]]
    # An even traction on an 8-node face is -1/12 of the force at a corner and 1/3 on an edge, not
    # equal parts.
    np.add.at(share, ends[:, TIP_CORNERS], -1 / 12 / len(ends))
    np.add.at(share, ends[:, TIP_EDGES], 1 / 3 / len(ends))
    return "\n".join(f"{node}, 3, {-force * share[node]:.9g}" for node in np.flatnonzero(share))


def input_deck(design: Design) -> str:
    """Return the text of CalculiX's input file for one design."""
    points, bricks = beam_mesh()
    lines = ["*NODE"]
    lines += [
        f"{node}, {x:.9g}, {y:.9g}, {z:.9g}" for node, (x, y, z) in enumerate(points, start=1)
    ]
    lines.append("*ELEMENT, TYPE=C3D20R, ELSET=ALL")
    for brick, nodes in enumerate(bricks.tolist(), start=1):  # a line may hold 16 numbers at most
        lines += [", ".join(map(str, [brick, *nodes[:10]])) + ",", ", ".join(map(str, nodes[10:]))]
    lines.append("*NSET, NSET=ROOT")
    lines += [f"{node}," for node in np.flatnonzero(points[:, 0] == 0) + 1]
    cards = STEP_CARDS.format(
        young=design["young"],
        density=design["density"],
        loads=tip_loads(bricks, design["force"]),
        hold=RELEASE * STEP,
        gone=(RELEASE + 0.5) * STEP,
        step=STEP,
        end=STEPS * STEP,
    )
    return "\n".join(lines) + "\n" + cards


def latin_hypercube(runs: int, seed: int) -> list[Design]:
    """Designs that hit each of `runs` equal slices of every range exactly once."""
    low, high = np.array(list(RANGES.values())).T
    points = qmc.scale(qmc.LatinHypercube(len(RANGES), rng=seed).random(runs), low, high)
    # Rounded here, so that params.csv and the input file hold the same number.
    return [
        dict(zip(RANGES, (float(f"{value:.6g}") for value in point), strict=True))
        for point in points
    ]


def is_finished(folder: Path, deck: str) -> bool:
    """Whether the folder holds a whole result of exactly this input."""
    job = folder / "beam.inp"
    if not job.is_file() or job.read_text() != deck:
        return False
    # An aborted run can close its .frd file properly: only the log tells that all steps were done.
    return tail(folder / "beam.frd").endswith("9999\n") and "Job finished" in tail(
        folder / "beam.log"
    )


def tail(path: Path, size: int = 600) -> str:
    """Return the last characters of a text file, or nothing if it does not exist."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode(errors="replace")


def solve(ccx: str, folder: Path, design: Design) -> float | None:
    """Run CalculiX in the folder. Its time in seconds, or None where the run was there already."""
    deck = input_deck(design)
    if is_finished(folder, deck):
        return None
    shutil.rmtree(
        folder, ignore_errors=True
    )  # nothing of a half-finished run must pass for a result
    folder.mkdir(parents=True)
    (folder / "beam.inp").write_text(deck)
    start = time.perf_counter()
    with (folder / "beam.log").open("w") as log:
        # One thread for each solver: several runs side by side use the cores better than one run on
        # all of them.
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [ccx, "beam"], cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT
        )
    if done.returncode != 0 or not is_finished(folder, deck):
        said = [line.strip() for line in tail(folder / "beam.log").splitlines() if line.strip(" _")]
        raise RuntimeError(
            f"{folder.name}: ccx failed (exit code {done.returncode}): {' | '.join(said[-4:])}"
        )
    return time.perf_counter() - start


def solve_all(ccx: str, out: Path, designs: dict[str, Design], workers: int) -> None:
    """Solve every design, several at a time, and say so as each one is done."""
    with ThreadPoolExecutor(workers) as pool:
        jobs = {
            pool.submit(solve, ccx, out / "runs" / run, design): run
            for run, design in designs.items()
        }
        for count, job in enumerate(as_completed(jobs), start=1):
            try:
                seconds = job.result()
            except (RuntimeError, OSError) as error:
                pool.shutdown(wait=False, cancel_futures=True)
                raise SystemExit(f"error: {error}") from None
            took = "already there" if seconds is None else f"{seconds:.1f} s"
            print(f"[{count}/{len(jobs)}] {jobs[job]}: {took}", flush=True)


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
        description="Solve a struck cantilever beam with CalculiX for many designs."
    )
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--runs", type=int, default=24, help="number of designs (24)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the designs (0)")
    parser.add_argument("--workers", type=int, default=2, help="solvers at a time (2)")
    args = parser.parse_args()
    if args.runs < 1 or args.workers < 1:
        parser.error("--runs and --workers must be at least 1")
    ccx = shutil.which("ccx")
    if ccx is None:
        raise SystemExit(
            "error: the program `ccx` (CalculiX) is not installed: apt install calculix-ccx"
        )
    designs = {
        f"run_{i:03d}": design for i, design in enumerate(latin_hypercube(args.runs, args.seed))
    }
    write_params(args.out / "params.csv", designs)
    solve_all(ccx, args.out, designs, args.workers)


if __name__ == "__main__":
    main()
