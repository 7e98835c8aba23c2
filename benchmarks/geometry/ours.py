"""The surrogate of this package, by its command line alone: files in, a file out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.study_files import write_study_files
from simulgenvae.errors import UserError


def ours(case: GeometryCase) -> list[NDArray[np.float32]]:
    """Predict by ``simulgenvae ingest``, ``train`` and ``predict``, ``[T, M, V]`` for each run.

    Raises
    ------
    UserError
        A command fails, or its answer is on another mesh than the given one.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_study_files(case, folder)
        study = folder / "study"
        answer = folder / "predicted.npz"
        # A table without a parameter says nothing: the meshes are all that is known.
        known = ("--params", files.parameters) if case.names else ()
        new = ("--params", files.new) if case.names else ()
        fields = ",".join(case.variables)
        _run("ingest", files.runs, *known, "--fields", fields, "--study", study)
        _run("train", study)
        _run("predict", study, *new, "--meshes", files.new_meshes, "--out", answer)
        return read_answers(answer, case)


def read_answers(file: Path, case: GeometryCase) -> list[NDArray[np.float32]]:
    """Return the fields ``[T, M, V]`` of each test run from a file of predictions.

    Raises
    ------
    UserError
        An answer is on another mesh than the given one.
    """
    answers = []
    with np.load(file, allow_pickle=False) as found:
        names = found["variables"].tolist() if "variables" in found else list(case.variables)
        order = [names.index(variable) for variable in case.variables]
        for run in case.test_runs:
            coords = found[f"{run.id}/coords"][:, : case.dimension]
            extent = float(np.ptp(run.points, axis=0).max())
            same = coords.shape == run.points.shape
            if not same or np.abs(coords - run.points).max() > 1e-5 * extent:
                raise UserError(f"{run.id}: the answer is on another mesh than the given one")
            answers.append(np.asarray(found[f"{run.id}/fields"][..., order], np.float32))
    return answers


def _run(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "simulgenvae", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"simulgenvae {arguments[0]} failed: {(done.stdout + done.stderr)[-2000:]}")
