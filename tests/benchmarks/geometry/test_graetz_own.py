"""Graetz flow with positions of its own for each run."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import graetz, public
from benchmarks.geometry import graetz_own

RUNS = 6


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a small file of the wheel's layout: two triangles, stretched in each run."""
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    number = np.arange(RUNS, dtype=float)
    arrays = {
        "params": np.stack([number, 10.0 + number], axis=1),
        "snapshots": 100.0 * number[:, np.newaxis] + np.arange(4),
        "points": square * np.stack([1.0 + number, np.ones(RUNS)], axis=1)[:, np.newaxis],
        "triangles": np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 3.0]]),
        "coords": square.T,
    }
    file = tmp_path / "small.whl"
    with zipfile.ZipFile(file, "w") as members:
        for part, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, array)
            members.writestr(f"{public.FOLDER}/graetz/{part}.npy", stream.getvalue())
    return file


def test_runs_are_those_of_one_mesh_with_their_own_positions(archive: Path) -> None:
    case = graetz_own.make(train=3, test=2, archive=archive)
    problem = graetz.make(train=3, test=2, archive=archive)
    for own, shared in ((case.train, problem.train), (case.test, problem.test)):
        np.testing.assert_array_equal(case.table[own], problem.table[shared])
        for row, other in zip(own, shared, strict=True):
            np.testing.assert_array_equal(case.runs[row].fields, problem.fields[other])
    for run, (length, _) in zip(case.runs, case.table, strict=True):
        assert case.volumes(run).sum() == pytest.approx(1.0 + length)
        np.testing.assert_array_equal(run.points[run.cells[0, 1]], [1.0 + length, 0.0])
