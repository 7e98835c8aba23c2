"""OpenFOAM cases, solved by OpenFOAM itself."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError
from simulgenvae.mesh.nodal_volumes import NodalVolumes

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


def test_patches_are_sets(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "parts"
    shutil.copytree(cavity, case)
    _run("decomposePar -time 0:", case)
    for name in ("0", "0.04", "0.08"):
        shutil.rmtree(case / name)
    for found in (cavity, case):
        mesh = open_runs(found).mesh
        assert mesh is not None
        assert mesh.coords is not None
        assert mesh.sets.sizes() == {"lid": 10, "walls": 26, "sides": 50}
        on_lid = np.flatnonzero(np.abs(mesh.coords[:, 1] - 1) < 1e-6)
        np.testing.assert_array_equal(mesh.sets["lid"], on_lid)


def test_patches_that_differ_between_runs_are_left_out(cavity: Path, tmp_path: Path) -> None:
    for run in range(3):
        shutil.copytree(cavity, tmp_path / f"case_{run}")
    boundary = tmp_path / "case_2/constant/polyMesh/boundary"
    boundary.write_text(boundary.read_text().replace("lid", "cover"))
    for file in tmp_path.glob("case_2/*/[Up]"):
        file.write_text(file.read_text().replace("lid", "cover"))
    source = open_runs(tmp_path)
    assert source.mesh is not None
    assert list(source.mesh.sets) == ["walls", "sides"]
    assert any("'lid' (case_2), 'cover' (case_2)" in line for line in source.remarks())


def test_a_part_of_the_nodes_has_their_sets(cavity: Path) -> None:
    source = open_runs(cavity, RunPart(box=(0, 1, 0.9, 1.1)))
    assert source.mesh is not None
    assert source.mesh.sets.sizes() == {"lid": 10, "walls": 4, "sides": 10}
    source = open_runs(cavity, RunPart(box=(0.1, 0.9, 0.1, 0.9)))
    assert source.mesh is not None
    assert list(source.mesh.sets) == ["sides"]
    assert any(
        "part that is read are left out: 'lid', 'walls'" in each for each in source.remarks()
    )


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


def test_compressed_files_are_read(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "compressed"
    shutil.copytree(cavity, case)
    files = [*(case / "constant/polyMesh").iterdir()]
    for time in ("0", "0.04", "0.08"):
        files += [case / time / name for name in ("U", "p")]
    for file in files:
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    np.testing.assert_array_equal(open_runs(case).run(0), open_runs(cavity).run(0))


def test_a_field_that_is_not_written_at_the_start_is_left_out(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(cavity, case)
    (case / "0/p").unlink()
    source = open_runs(case)
    assert source.companions["variables"].tolist() == ["U_x", "U_y", "U_z"]
    assert "p: at time 0.04 and 0.08, not at 0: left out" in list(source.remarks())
    assert "U: values in cells: a node gets the mean of the cells around it" in source.remarks()
    later = open_runs(case, RunPart(start=0.04))
    np.testing.assert_array_equal(later.run(0), open_runs(cavity).run(0)[1:])


def test_a_truncated_field_is_named(cavity: Path, tmp_path: Path) -> None:
    case = tmp_path / "cut"
    shutil.copytree(cavity, case)
    field = case / "0.08/U"
    field.write_bytes(field.read_bytes()[:900])
    with pytest.raises(UserError, match="cut"):
        open_runs(tmp_path).run(0)


def _polyhedral_case(case: Path) -> None:
    """Write a case of one cell beside four cells of half the size, without solving it."""
    points: list[tuple[float, ...]] = []
    faces: dict[frozenset[int], tuple[list[int], list[int]]] = {}
    quarters = [((1, y, z), 0.5) for z in (0.0, 0.5) for y in (0.0, 0.5)]
    for cell, (corner, size) in enumerate([((0.0, 0.0, 0.0), 1.0), *quarters]):
        for axis, side in ((axis, side) for axis in range(3) for side in (0.0, 1.0)):
            divided = cell == 0 and axis == 0 and side == 1.0
            for square in _squares(corner, size, axis, side, divided=divided):
                numbers = []
                for point in square:
                    if point not in points:
                        points.append(point)
                    numbers.append(points.index(point))
                faces.setdefault(frozenset(numbers), (numbers, []))[1].append(cell)
    inner = [face for face in faces.values() if len(face[1]) == 2]
    outer = [face for face in faces.values() if len(face[1]) == 1]
    lists = {
        "points": [f"({x} {y} {z})" for x, y, z in points],
        "faces": [f"{len(face)}({' '.join(map(str, face))})" for face, _ in inner + outer],
        "owner": [f"{cells[0]}" for _, cells in inner + outer],
        "neighbour": [f"{cells[1]}" for _, cells in inner],
    }
    classes = {"points": "vectorField", "faces": "faceList"}
    folder = case / "constant/polyMesh"
    folder.mkdir(parents=True)
    for name, rows in lists.items():
        text = HEAD % (classes.get(name, "labelList"), name)
        (folder / name).write_text(text + f"{len(rows)}\n(\n" + "\n".join(rows) + "\n)\n")
    patch = f"1\n(\nwall {{ type wall; nFaces {len(outer)}; startFace {len(inner)}; }}\n)\n"
    (folder / "boundary").write_text(HEAD % ("polyBoundaryMesh", "boundary") + patch)
    (case / "system").mkdir()
    control = HEAD % ("dictionary", "controlDict") + CASE["system/controlDict"]
    (case / "system/controlDict").write_text(control)
    for time in (0, 1):
        values = " ".join(f"{300 + 10 * cell + time}" for cell in range(5))
        field = f"dimensions [0 0 0 1 0 0 0]; internalField nonuniform List<scalar> 5({values}); "
        field += "boundaryField { wall { type zeroGradient; } }"
        (case / f"{time}").mkdir()
        (case / f"{time}/T").write_text(HEAD % ("volScalarField", "T") + field)


def _squares(
    corner: tuple[float, ...], size: float, axis: int, side: float, *, divided: bool
) -> list[list[tuple[float, ...]]]:
    """Return one side of a cube, or its four quarters, with the points between on its edges."""
    others = [other for other in range(3) if other != axis]
    step = size / 2 if divided else size
    starts = [0.0, size / 2] if divided else [0.0]
    found = []
    for first in starts:
        for second in starts:
            square = []
            around = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5)]
            around += [(1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (0.0, 0.5)]
            for along in around:
                point = list(corner)
                point[axis] += side * size
                point[others[0]] += first + along[0] * step
                point[others[1]] += second + along[1] * step
                # Between corners there are points only where the small cells meet the large one.
                if 0.5 not in along or (size == 1.0 and not divided and point[0] == 1.0):
                    square.append(tuple(point))
            # OpenFOAM's faces look out of the cell that owns them.
            found.append(square[::-1] if (side == 0.0) != (axis == 1) else square)
    return found


def test_a_damaged_boundary_is_named(tmp_path: Path) -> None:
    _polyhedral_case(tmp_path / "case")
    file = tmp_path / "case/constant/polyMesh/boundary"
    # VTK's reader mostly ends its process with this, and sometimes goes on.
    file.write_text(file.read_text().replace("wall {", "wa"))
    with pytest.raises(UserError, match=r"boundary: cannot be read: its braces do not match"):
        open_runs(tmp_path / "case").run(0)


def test_a_mesh_with_refinement_has_polyhedra(tmp_path: Path) -> None:
    _polyhedral_case(tmp_path / "case")
    source = open_runs(tmp_path / "case")
    assert source.mesh is not None
    assert source.mesh.cells.describe() == {"polyhedron": 1, "hexahedron": 4}
    assert source.shape == (1, 2, 22, 1)
    volumes = NodalVolumes.of(source.mesh, 22)
    assert volumes.values.sum() == pytest.approx(1.5)
    x, y, z = np.asarray(source.mesh.coords).T
    far = np.flatnonzero((x == 0) & (y == 0) & (z == 0))
    np.testing.assert_array_equal(source.run(0)[:, far, 0], [[300], [301]])
    near = np.flatnonzero((x == 1.5) & (y == 0) & (z == 0))
    np.testing.assert_array_equal(source.run(0)[:, near, 0], [[310], [311]])
