"""Folders of runs as solvers leave them: one run is solved, and the others are copies of it."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyvista

EXAMPLES = Path(__file__).parents[2] / "examples"


def openfoam(folder: Path, size: int) -> None:
    """Solve the dam break of the examples, whose size is fixed."""
    _tutorial("openfoam_dam_break", folder.parent / "solved")
    (folder.parent / "solved/cases/case_000").rename(folder)


def calculix(folder: Path, size: int) -> None:
    """Solve the beam of the examples."""
    _tutorial("calculix_beam", folder.parent / "solved")
    (folder.parent / "solved/runs/run_000").rename(folder)


def vtk(folder: Path, size: int) -> None:
    """Write a collection of 30 times with ``size`` nodes, a scalar and a vector.

    They are compressed as VTK does by default.
    """
    folder.mkdir()
    side = round(size ** (1 / 3))
    grid = pyvista.ImageData(dimensions=(side, side, side)).cast_to_unstructured_grid()
    noise = np.random.default_rng(0)
    lines = []
    for step in range(30):
        grid.point_data["T"] = noise.normal(size=grid.n_points).astype(np.float32)
        grid.point_data["U"] = noise.normal(size=(grid.n_points, 3)).astype(np.float32)
        grid.save(folder / f"step_{step}.vtu")
        lines.append(f'<DataSet timestep="{step}" file="step_{step}.vtu"/>')
    entries = "".join(lines)
    text = f'<VTKFile type="Collection" version="0.1"><Collection>{entries}</Collection></VTKFile>'
    (folder / "all.pvd").write_text(text)


KINDS = {"OpenFOAM, dam break": openfoam, ".vtu by .pvd": vtk, "CalculiX .frd": calculix}


def written(folder: Path, kind: str, runs: int, size: int) -> tuple[Path, Path]:
    """Return a folder of equal runs, and the table of their parameters.

    Those that are there already are kept.
    """
    place = folder / f"{kind.split()[-1].strip('.')}-{size}"
    if not (place / "one").exists():
        place.mkdir(parents=True, exist_ok=True)
        KINDS[kind](place / "one", size)
    target = place / f"runs-{runs}"
    table = place / f"params-{runs}.csv"
    for run in range(runs):
        if not (target / f"run_{run}").exists():
            shutil.copytree(place / "one", target / f"run_{run}")
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["id", "load"], *([f"run_{run}", run**2] for run in range(runs))]
        )
    return target, table


def _tutorial(name: str, out: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / name / "solve.py", out, "--runs", "1"], check=True)
