"""The surrogate of this package, by its command line alone: files in, a file out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.study_files import write_study_files, write_table
from simulgenvae.errors import UserError

_ALL_RUNS = "--set=data.test_fraction=0.01"
"""Only one run is held back for a test of its own, as the test runs are in none of the files. With
none, the validation runs would not be learned from in the end."""


class OtherNodesError(Exception):
    """The nodes of the runs do not correspond."""


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
        _run("train", study, _ALL_RUNS)
        _run("predict", study, *new, "--meshes", files.new_meshes, "--out", answer)
        return read_answers(answer, case)


def ours_on_one_mesh(case: GeometryCase, settings: Sequence[str] = ()) -> list[NDArray[np.float32]]:
    """Predict values by the numbers of nodes, as if all runs had one mesh, ``[T, M, V]``.

    Parameters
    ----------
    case
        A case whose nodes correspond from run to run.
    settings
        Settings of the training, such as ``model.width=128``.

    Raises
    ------
    OtherNodesError
        The runs have different cells.
    UserError
        A command fails.
    """
    first = case.runs[0]
    if not all(np.array_equal(run.cells, first.cells) for run in case.runs):
        raise OtherNodesError("the runs have different cells: their nodes do not correspond")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays: dict[str, NDArray[np.floating[Any]]] = {
            "fields": np.stack([run.fields for run in case.training_runs]),
            "times": case.times,
            "coords": first.points,
        }
        for part, values in arrays.items():
            np.save(folder / f"{part}.npy", values)
        write_table(case, case.train, folder / "parameters.csv")
        write_table(case, case.test, folder / "new.csv")
        study = folder / "study"
        about = [f"--{part}={folder / part}.npy" for part in ("times", "coords")]
        about += ["--variables", ",".join(case.variables)]
        known = ("--params", folder / "parameters.csv")
        _run("ingest", folder / "fields.npy", *known, *about, "--study", study)
        _run("train", study, _ALL_RUNS, *(f"--set={setting}" for setting in settings))
        _run("predict", study, "--params", folder / "new.csv", "--out", folder / "predicted.npz")
        with np.load(folder / "predicted.npz", allow_pickle=False) as found:
            place = {str(run_id): row for row, run_id in enumerate(found["ids"])}
            fields = np.asarray(found["fields"], np.float32)
    return [fields[place[run.id]] for run in case.test_runs]


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
