"""Tutorials of solvers: a few solved cases become a study, a surrogate and a `.vtkhdf`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import pyvista
from numpy.typing import NDArray

from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.rendering.context import require_context

ROOT = Path(__file__).parents[2]
FEW = [
    # The settings of a training are also those of an evaluation; figures have their own tests.
    "evaluation.figures=false",
    "training.end_to_end.members=1",
    "training.end_to_end.refit=false",
    *(f"training.{name}.steps=4" for name in ("vae", "conditioner", "end_to_end")),
]


def _solve(example: str, out: Path, runs: int) -> None:
    subprocess.run(
        [sys.executable, ROOT / "examples" / example / "solve.py", out, "--runs", str(runs)],
        check=True,
    )


def _commands(page: str, folder: Path, name: str) -> list[list[str]]:
    """Return the page's commands of `simulgenvae`, for the content of ``folder``."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    words = [line.split()[1:] for line in lines if line.startswith("simulgenvae ")]
    local = {"S", "new.csv", "new.vtkhdf", "dam.gif", "beam.gif", "plate.gif"}
    return [
        [
            str(folder / word) if word in local or word.startswith(f"{name}/") else word
            for word in each
        ]
        for each in words
        if each[0] != "render" or _draws()
    ]


def _run(command: list[str]) -> None:
    """Run a command; a training takes few steps."""
    few = [word for setting in FEW for word in ("--set", setting)] if command[0] == "train" else []
    assert main([*command, *few]) == 0, command


def _times(folder: Path) -> NDArray[np.float64]:
    """Return the times of the prediction."""
    with h5py.File(folder / "new.vtkhdf") as file:
        return np.asarray(file["VTKHDF/Steps/Values"][...], np.float64)


def _draws() -> bool:
    """Whether pictures can be drawn on this machine."""
    try:
        require_context("a film")
    except UserError:
        return False
    return True


@pytest.mark.skipif(
    shutil.which("interFoam") is None, reason="needs OpenFOAM: apt install openfoam"
)
def test_from_openfoam_cases_to_paraview(tmp_path: Path) -> None:
    _solve("openfoam_dam_break", tmp_path / "dam", 4)
    (tmp_path / "new.csv").write_text("id,width,height,viscosity\nnew,0.15,0.3,1e-5\n")
    for command in _commands("openfoam.md", tmp_path, "dam"):
        _run(command)
    dataset = Dataset.open(tmp_path / "S/input_data/dataset.zarr")
    assert dataset.variables == ("alpha.water", "U_x", "U_y", "U_z")
    np.testing.assert_allclose(_times(tmp_path), np.arange(21) * 0.02, atol=1e-9)
    grid = pyvista.read(tmp_path / "new.vtkhdf")
    truth = pyvista.POpenFOAMReader(tmp_path / "dam/cases/case_000/system/controlDict").read()[
        "internalMesh"
    ]
    np.testing.assert_allclose(grid.points, truth.points, atol=1e-6)
    assert {kind: len(cells) for kind, cells in grid.cells_dict.items()} == {12: 900}
    assert {"alpha.water", "U", "U_std", "U_upper"} <= set(grid.point_data)
    assert grid["U"].shape == (len(truth.points), 3)
    if _draws():
        assert (tmp_path / "dam.gif").read_bytes().startswith(b"GIF89a")


@pytest.mark.skipif(shutil.which("ccx") is None, reason="needs CalculiX: apt install calculix-ccx")
def test_from_calculix_results_to_paraview(tmp_path: Path) -> None:
    _solve("calculix_beam", tmp_path / "beam", 4)
    (tmp_path / "new.csv").write_text("id,force,young,density\nnew,5000,2e11,5000\n")
    for command in _commands("calculix.md", tmp_path, "beam"):
        _run(command)
    dataset = Dataset.open(tmp_path / "S/input_data/dataset.zarr")
    assert dataset.shape == (4, 40, 621, 9)
    assert len(dataset.mesh.cells["hexahedron20"]) == 80
    assert np.ptp(dataset.run(0)[:, :, 2]) > 1e-4
    grid = pyvista.read(tmp_path / "new.vtkhdf")
    np.testing.assert_array_equal(grid.points, dataset.mesh.coords)
    np.testing.assert_array_equal(
        grid.cells_dict[pyvista.CellType.QUADRATIC_HEXAHEDRON], dataset.mesh.cells["hexahedron20"]
    )
    assert (grid["DISP"].shape, grid["STRESS_std"].shape) == ((621, 3), (621, 6))


def test_from_vtk_files_of_own_code_to_paraview(tmp_path: Path) -> None:
    _solve("scikit_fem_plate", tmp_path / "plate", 4)
    (tmp_path / "new.csv").write_text("id,place,duration,young\nnew,0.035,3e-5,8e10\n")
    for command in _commands("scikit-fem.md", tmp_path, "plate"):
        _run(command)
    dataset = Dataset.open(tmp_path / "S/input_data/dataset.zarr")
    assert dataset.variables == ("displacement_x", "displacement_y", "von_mises")
    assert dataset.shape == (4, 31, 1824, 3)
    clamped = dataset.mesh.coords[:, 0] < 1e-9
    assert np.ptp(dataset.run(0)[:, clamped, :2]) == 0
    assert dataset.run(0)[..., 2].max() > 1e7
    np.testing.assert_allclose(_times(tmp_path), np.arange(31) * 4e-6, atol=1e-12)
    grid = pyvista.read(tmp_path / "new.vtkhdf")
    assert {kind: len(cells) for kind, cells in grid.cells_dict.items()} == {
        pyvista.CellType.QUAD: 1728
    }
    assert {"displacement", "von_mises", "von_mises_std", "von_mises_upper"} <= set(grid.point_data)
