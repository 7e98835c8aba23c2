"""Solve a 2-D dam break with OpenFOAM's interFoam for each design of a Latin hypercube.

    python examples/openfoam_dam_break/solve.py OUT [--runs 24] [--seed 0] [--workers 2]

A column of water stands in the lower left corner of a square tank that is open at the top, and is
released at t = 0. The designs vary the column's width and height and the water's kinematic
viscosity. Written are

    OUT/params.csv           one row per run: id, width [m], height [m], viscosity [m2/s]
    OUT/cases/case_000 ...   the OpenFOAM cases, with a folder for each of 21 times up to 0.4 s

Start it again after an interruption: cases that are finished are kept, the others are solved from
the start. It needs the programs blockMesh and interFoam (Debian, Ubuntu: apt install openfoam).
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

SIZE = 0.584  # the tank's width and height [m]
DEPTH = 0.0146  # thickness of the one layer of cells [m]
CELLS = 30  # along each side of the tank
END_TIME, WRITE_INTERVAL = 0.4, 0.02  # [s]
GRAVITY, RHO_WATER, RHO_AIR = 9.81, 1000.0, 1.0
WIDTHS, HEIGHTS, VISCOSITIES = (0.10, 0.20), (0.20, 0.40), (1e-6, 1e-3)
TEMPLATE = Path(__file__).with_name("case")
DEBIAN_HOME = Path("/usr/share/openfoam")


class Design(NamedTuple):
    """One row of params.csv; the field names are its header."""

    id: str
    width: float
    height: float
    viscosity: float


class SolverError(RuntimeError):
    """A program of OpenFOAM failed; the message is one line."""


def sample_designs(runs: int, seed: int) -> list[Design]:
    """Return a Latin hypercube: each of `runs` equal strata of an axis holds exactly one design."""
    unit = qmc.LatinHypercube(3, rng=seed).random(runs)
    low, high = np.array([WIDTHS, HEIGHTS, np.log10(VISCOSITIES)]).T
    points = low + unit * (high - low)
    points[:, 2] = 10.0 ** points[:, 2]
    # Rounded here, so that params.csv holds the very numbers that the cases are solved with.
    return [
        Design(f"case_{i:03d}", *(float(f"{v:.6g}") for v in row)) for i, row in enumerate(points)
    ]


def write_params(path: Path, designs: list[Design]) -> None:
    """Write params.csv, or stop if the folder already holds the cases of other designs."""
    rows = [list(Design._fields), *([str(value) for value in design] for design in designs)]
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            if list(csv.reader(file)) != rows:
                raise SystemExit(
                    f"{path} lists other designs: use the same --runs and --seed, or another folder"
                )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    partial.replace(path)


def initial_alpha(design: Design) -> np.ndarray:
    """Return the water fraction of each cell.

    A cell that the edge of the column cuts is filled in part, not rounded to 0 or 1, so the start,
    and with it the whole solution, changes smoothly with the design.
    """
    step = SIZE / CELLS
    edges = step * np.arange(CELLS)
    in_x = np.clip((design.width - edges) / step, 0.0, 1.0)
    in_y = np.clip((design.height - edges) / step, 0.0, 1.0)
    return np.outer(in_y, in_x)


def initial_pressures(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return p and p_rgh = p + rho g y at rest, as if a gate still held the column.

    p = 0 is still air at the floor. interFoam takes only p_rgh and does not write p at t = 0, which
    would leave that one time without p.
    """
    step = SIZE / CELLS
    rho = RHO_WATER * alpha + RHO_AIR * (1.0 - alpha)
    above = np.cumsum(rho[::-1], axis=0)[::-1] - 0.5 * rho
    p = GRAVITY * step * above - GRAVITY * RHO_AIR * SIZE
    height = step * (np.arange(CELLS) + 0.5)
    return p, p + GRAVITY * rho * height[:, None]


def nonuniform(values: np.ndarray) -> str:
    """Return a cell field's values in blockMesh's order of cells: x runs fastest, then y."""
    flat = values.ravel()
    return (
        "nonuniform List<scalar>\n"
        + f"{flat.size}\n(\n"
        + "\n".join(f"{value:.8g}" for value in flat)
        + "\n)"
    )


# ---- case folders


def field(dimensions: str, values: str, walls: str, atmosphere: str) -> str:
    """Return the body of a field file: values in the cells, and conditions at walls and top."""
    return (
        f"dimensions {dimensions};\n"
        f"internalField {values};\n"
        "boundaryField\n{\n"
        f"    walls {{ {walls} }}\n"
        f"    atmosphere {{ {atmosphere} }}\n"
        "    frontAndBack { type empty; }\n}\n"
    )


def initial_fields(design: Design) -> dict[str, str]:
    """Return the files of the time folder 0."""
    alpha = initial_alpha(design)
    p, p_rgh = initial_pressures(alpha)
    pressure = "[1 -1 -2 0 0 0 0]"
    inflow = "type inletOutlet; inletValue uniform 0; value uniform 0;"
    velocity = "type pressureInletOutletVelocity; value uniform (0 0 0);"
    # No `value` at the walls: a reader that has none takes the cells', where "uniform 0" would show
    # a jump at t = 0.
    flux, total = "type fixedFluxPressure;", "type totalPressure; p0 uniform 0; value uniform 0;"
    # The solver sets p from p_rgh and never reads this file: its boundary values are for readers
    # only.
    near = "type zeroGradient;"
    return {
        "alpha.water": field("[0 0 0 0 0 0 0]", nonuniform(alpha), "type zeroGradient;", inflow),
        "U": field("[0 1 -1 0 0 0 0]", "uniform (0 0 0)", "type noSlip;", velocity),
        "p_rgh": field(pressure, nonuniform(p_rgh), flux, total),
        "p": field(pressure, nonuniform(p), near, near),
    }


def write_case(folder: Path, design: Design) -> None:
    """Write a case that is ready for blockMesh and interFoam.

    It is the template with this design's start and viscosity.
    """
    shutil.copytree(TEMPLATE, folder)
    fluids = folder / "constant/transportProperties"
    fluids.write_text(fluids.read_text().replace("VISCOSITY", repr(design.viscosity)))
    for name, body in initial_fields(design).items():
        kind = "volVectorField" if name == "U" else "volScalarField"
        file = folder / "0" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            f"FoamFile {{ version 2.0; format ascii; class {kind}; object {name}; }}\n{body}"
        )


def foam_environment() -> dict[str, str]:
    """Return the environment for OpenFOAM's programs.

    They find their settings by WM_PROJECT_DIR, which Debian's package does not set unless its
    etc/bashrc is sourced; without it they stop with a fatal error.
    """
    missing = [name for name in ("blockMesh", "interFoam") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} not found: apt install openfoam")
    env = dict(os.environ)
    if "WM_PROJECT_DIR" not in env and (DEBIAN_HOME / "etc" / "controlDict").exists():
        env["WM_PROJECT_DIR"] = str(DEBIAN_HOME)
    return env


def run_program(name: str, folder: Path, env: dict[str, str]) -> None:
    """Run one program in a case folder; its output goes to log.NAME there."""
    log = folder / f"log.{name}"
    with log.open("w", encoding="utf-8") as file:
        # OpenFOAM warns where PWD, which a shell would have set, is not the folder it runs in.
        here = {**env, "PWD": str(folder)}
        done = subprocess.run(
            [name], cwd=folder, env=here, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        end = " | ".join(line.strip() for line in lines if line.strip())[-600:]
        raise SolverError(
            f"{folder.name}: {name} failed with exit status {done.returncode}; {log} ends: {end}"
        )


def is_finished(folder: Path) -> bool:
    """Whether the case reached its end: its last time folder is there."""
    return (folder / f"{END_TIME:g}").is_dir()


def solve(design: Design, out: Path, env: dict[str, str]) -> float:
    """Solve one design and return the seconds it took.

    It is solved next to OUT/cases and moved there when it is done, so that a case killed while it
    writes its last time is not taken for a finished one.
    """
    start = time.perf_counter()
    final, work = out / "cases" / design.id, out / "unfinished" / design.id
    for stale in (final, work):
        if stale.exists():
            shutil.rmtree(stale)
    write_case(work, design)
    for program in ("blockMesh", "interFoam"):
        run_program(program, work, env)
    if not is_finished(work):
        raise SolverError(
            f"{design.id}: interFoam ended before t = {END_TIME:g} s; see {work / 'log.interFoam'}"
        )
    final.parent.mkdir(parents=True, exist_ok=True)
    work.rename(final)
    return time.perf_counter() - start


def solve_all(designs: list[Design], out: Path, workers: int, env: dict[str, str]) -> None:
    """Solve what is not solved yet, `workers` cases at a time."""
    todo = [design for design in designs if not is_finished(out / "cases" / design.id)]
    done = len(designs) - len(todo)
    if done:
        print(f"{done} of {len(designs)} cases were finished before", flush=True)
    # Threads suffice: each only waits for the programs that it started.
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(solve, design, out, env): design for design in todo}
        try:
            for future in as_completed(futures):
                seconds, done = future.result(), done + 1
                design = futures[future]
                print(
                    f"progress {done}/{len(designs)} {design.id}: width {design.width:.4f} m, "
                    f"height {design.height:.4f} m, viscosity {design.viscosity:.2e} m2/s, "
                    f"{seconds:.1f} s",
                    flush=True,
                )
        except SolverError as error:
            pool.shutdown(wait=True, cancel_futures=True)
            raise SystemExit(str(error)) from None
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            raise SystemExit("interrupted; start it again to go on") from None
    unfinished = out / "unfinished"
    if unfinished.exists() and not any(unfinished.iterdir()):
        unfinished.rmdir()


def positive(text: str) -> int:
    """Return an argument that counts something."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value


def main(argv: list[str]) -> None:
    """Read the command line, write params.csv, solve the cases."""
    parser = argparse.ArgumentParser(
        description="Solve dam breaks with interFoam, one for each sampled design."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for params.csv and cases/")
    parser.add_argument("--runs", type=positive, default=24, help="number of designs (24)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the Latin hypercube (0)")
    parser.add_argument("--workers", type=positive, default=2, help="cases solved at a time (2)")
    args = parser.parse_args(argv)
    out = args.out.resolve()
    env = foam_environment()
    designs = sample_designs(args.runs, args.seed)
    write_params(out / "params.csv", designs)
    solve_all(designs, out, args.workers, env)
    print(f"{len(designs)} cases in {out / 'cases'}")


if __name__ == "__main__":
    main(sys.argv[1:])
