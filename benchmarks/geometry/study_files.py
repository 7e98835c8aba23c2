"""A case as files that ``simulgenvae ingest`` and ``predict`` read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.geometry.case import GeometryCase, GeometryRun
from simulgenvae.mesh.vtk import mesh_grid


class StudyFiles(NamedTuple):
    """Files of a case. The fields of the test runs are in none of them."""

    runs: Path
    """Folder with a folder of .vtu files, one for each timestep, for each training run."""
    parameters: Path
    """Table of the training runs."""
    new_meshes: Path
    """Folder with ID.vtu, a mesh without fields, for each test run."""
    new: Path
    """Table of the test runs."""


def write_study_files(case: GeometryCase, folder: Path) -> StudyFiles:
    """Write training runs and new designs into an empty folder."""
    files = StudyFiles(
        folder / "runs", folder / "parameters.csv", folder / "new_meshes", folder / "new.csv"
    )
    for run in case.training_runs:
        _write_run(case, run, files.runs / run.id)
    files.new_meshes.mkdir(parents=True)
    for run in case.test_runs:
        grid_of(case, run).save(files.new_meshes / f"{run.id}.vtu")
    for file, rows in ((files.parameters, case.train), (files.new, case.test)):
        write_table(case, rows, file)
    return files


def grid_of(case: GeometryCase, run: GeometryRun) -> Any:
    """Return a run's mesh as PyVista's grid."""
    return mesh_grid(case.mesh(run), "writing benchmark runs")


def _write_run(case: GeometryCase, run: GeometryRun, folder: Path) -> None:
    folder.mkdir(parents=True)
    grid = grid_of(case, run)
    for step, time in enumerate(case.times):
        for place, variable in enumerate(case.variables):
            grid.point_data[variable] = run.fields[step, :, place]
        grid.field_data["TimeValue"] = np.array([time])
        grid.save(folder / f"out_{step:03d}.vtu")


def write_table(case: GeometryCase, rows: NDArray[np.intp], file: Path) -> None:
    """Write the parameters of some runs, with their ids."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", *case.names])
        for row in rows:
            values = [repr(float(value)) for value in case.table[row]]
            writer.writerow([case.runs[row].id, *values])
