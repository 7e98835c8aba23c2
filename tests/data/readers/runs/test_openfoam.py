"""OpenFOAM cases, solved by OpenFOAM itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

pytestmark = pytest.mark.skipif(
    shutil.which("icoFoam") is None, reason="needs OpenFOAM: apt install openfoam"
)

HEAD = "FoamFile { version 2.0; format ascii; class %s; object %s; }\n"
WALLS = "%s lid { %s } walls { %s } sides { type empty; } }"
CASE = {
    "system/controlDict": "application icoFoam; startFrom startTime; startTime 0; stopAt endTime; endTime 0.1; "
    "deltaT 0.02; writeControl timeStep; writeInterval 2; writeFormat ascii; writePrecision 8; "
    "timePrecision 6;",
    "system/fvSchemes": "ddtSchemes { default Euler; } gradSchemes { default Gauss linear; } "
    "divSchemes { default none; div(phi,U) Gauss linear; } laplacianSchemes { default Gauss linear orthogonal; } "
    "interpolationSchemes { default linear; } snGradSchemes { default orthogonal; }",
    "system/fvSolution": "solvers { p { solver PCG; preconditioner DIC; tolerance 1e-8; relTol 0; } "
    "pFinal { $p; } U { solver smoothSolver; smoother symGaussSeidel; tolerance 1e-8; relTol 0; } } "
    "PISO { nCorrectors 2; nNonOrthogonalCorrectors 0; pRefCell 0; pRefValue 0; }",
    "system/blockMeshDict": "convertToMeters 1; vertices ((0 0 0) (1 0 0) (1 1 0) (0 1 0) (0 0 0.1) (1 0 0.1) "
    "(1 1 0.1) (0 1 0.1)); blocks (hex (0 1 2 3 4 5 6 7) (4 4 1) simpleGrading (1 1 1)); edges (); boundary ("
    "lid { type wall; faces ((3 7 6 2)); } walls { type wall; faces ((0 4 7 3) (2 6 5 1) (1 5 4 0)); } "
    "sides { type empty; faces ((0 3 2 1) (4 5 6 7)); }); mergePatchPairs ();",
    "system/decomposeParDict": "numberOfSubdomains 2; method simple; simpleCoeffs { n (2 1 1); delta 0.001; }",
    "constant/transportProperties": "nu nu [0 2 -1 0 0 0 0] 0.01;",
    "0/U": WALLS
    % (
        "dimensions [0 1 -1 0 0 0 0]; internalField uniform (0 0 0); boundaryField {",
        "type fixedValue; value uniform (1 0 0);",
        "type noSlip;",
    ),
    "0/p": WALLS
    % (
        "dimensions [0 2 -2 0 0 0 0]; internalField uniform 0; boundaryField {",
        "type zeroGradient;",
        "type zeroGradient;",
    ),
}
CLASSES = {"0/U": "volVectorField", "0/p": "volScalarField"}


def _run(command: str, case: Path) -> None:
    environment = os.environ | {
        "WM_PROJECT_DIR": os.environ.get("WM_PROJECT_DIR", "/usr/share/openfoam")
    }
    subprocess.run(command.split(), cwd=case, env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def cavity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lid-driven cavity of 16 cells at times 0, 0.04 and 0.08."""
    case = tmp_path_factory.mktemp("openfoam") / "cavity"
    for name, text in CASE.items():
        file = case / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HEAD % (CLASSES.get(name, "dictionary"), file.name) + text)
    _run("blockMesh", case)
    _run("icoFoam", case)
    return case


def test_a_case_has_times_mesh_and_point_values(cavity: Path) -> None:
    source = open_runs(cavity)
    assert source.companions["ids"].tolist() == ["cavity"]
    assert source.companions["variables"].tolist() == ["U_x", "U_y", "U_z", "p"]
    np.testing.assert_allclose(source.companions["times"], [0, 0.04, 0.08], atol=1e-9)
    assert source.mesh is not None
    assert source.mesh.coords is not None
    assert {name: len(cells) for name, cells in source.mesh.cells.items()} == {"hexahedron": 16}
    fields = source.run(0)
    assert fields.shape == (3, 50, 4)
    lid = (np.abs(source.mesh.coords[:, 1] - 1) < 1e-6) & (
        np.abs(source.mesh.coords[:, 0] - 0.5) < 1e-6
    )
    assert fields[1:, lid, 0].min() > 0.1
    assert not fields[..., 2].any()


def test_the_parts_of_a_case_become_one_mesh(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "parts"
    shutil.copytree(cavity, case)
    _run("decomposePar -time 0:", case)
    for name in ("0", "0.04", "0.08"):
        shutil.rmtree(case / name)
    whole, parts = open_runs(cavity), open_runs(case)
    np.testing.assert_allclose(parts.companions["times"], [0, 0.04, 0.08], atol=1e-9)
    assert parts.mesh is not None
    assert {name: len(cells) for name, cells in parts.mesh.cells.items()} == {"hexahedron": 16}
    assert any("2 pieces of one mesh: 10 nodes" in line for line in parts.remarks())
    assert whole.mesh is not None
    # Nodes are in another order, and each has the mean of the cells around it in both parts.
    places = [np.lexsort(np.asarray(mesh.coords).T) for mesh in (whole.mesh, parts.mesh)]
    found = parts.run(0)[:, places[1]]
    np.testing.assert_allclose(found, whole.run(0)[:, places[0]], rtol=1e-5, atol=1e-7)


def test_cases_beside_each_other_are_runs(cavity: Path, tmp_path: Path) -> None:
    for run in range(2):
        shutil.copytree(cavity, tmp_path / f"case_{run}")
    assert open_runs(tmp_path, RunPart(["p"])).shape == (2, 3, 50, 1)


def test_a_case_that_was_not_solved_is_named(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "unsolved"
    shutil.copytree(cavity, case)
    for name in ("0.04", "0.08"):
        shutil.rmtree(case / name)
    with pytest.raises(UserError, match="unsolved: an OpenFOAM case without times"):
        open_runs(tmp_path)


def test_a_truncated_field_is_named(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "cut"
    shutil.copytree(cavity, case)
    field = case / "0.08/U"
    field.write_bytes(field.read_bytes()[:900])
    with pytest.raises(UserError, match="cut"):
        open_runs(tmp_path).run(0)
