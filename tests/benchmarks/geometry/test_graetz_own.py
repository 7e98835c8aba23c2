"""Graetz flow with positions of its own for each run."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skfem import Basis, BilinearForm, ElementTriP1, MeshTri
from skfem.helpers import grad
from skfem.models.poisson import laplace

from benchmarks.accuracy import graetz, public
from benchmarks.geometry import graetz_own

RUNS = 6


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a small file of the wheel's layout: the nodes of the run of length 2."""
    channel = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [3.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    number = np.arange(RUNS, dtype=float)
    arrays = {
        "params": np.stack([1.0 + number, 10.0 + number], axis=1),
        "snapshots": 100.0 * number[:, np.newaxis] + np.arange(6),
        "triangles": np.array([[0.0, 1, 4], [0.0, 4, 5], [1.0, 2, 3], [1.0, 3, 4]]),
        "coords": channel.T,
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
        np.testing.assert_allclose(run.points[[0, 1, 4, 5], 0], [0.0, 1.0, 1.0, 0.0])
        np.testing.assert_array_equal(run.points[2], [1.0 + length, 0.0])


@pytest.mark.skipif(
    not (public.CACHE / public.WHEEL).exists(), reason="needs the wheel of the public data sets"
)
def test_runs_solve_the_equation_on_their_own_positions() -> None:
    case = graetz_own.make(train=4, test=2)
    for run, (length, diffusivity) in zip(case.runs, case.table, strict=True):
        residuals = []
        for stretch in (length, 1.3 * length):
            points = graetz_own.stretched(run.points, stretch)
            mesh = MeshTri(points.T.copy(), run.cells.T.copy())
            basis = Basis(mesh, ElementTriP1())
            inner = mesh.interior_nodes()
            diffusion = diffusivity * laplace.assemble(basis) @ run.fields[0, :, 0].astype(float)
            convection = carried.assemble(basis) @ run.fields[0, :, 0].astype(float)
            size = np.linalg.norm(diffusion[inner]) + np.linalg.norm(convection[inner])
            residuals.append(np.linalg.norm((diffusion + convection)[inner]) / size)
        assert residuals[0] < 0.01
        assert residuals[1] > 3.0 * residuals[0]


@BilinearForm
def carried(u: Any, v: Any, w: Any) -> Any:
    return w.x[1] * (1.0 - w.x[1]) * grad(u)[0] * v
