"""CalculiX's result files, solved by CalculiX itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.frd import open_frd
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh

pytestmark = pytest.mark.skipif(
    shutil.which("ccx") is None, reason="needs CalculiX: apt install calculix-ccx"
)

JOB = """*NODE, NSET=ALL
{nodes}
*ELEMENT, TYPE=C3D8, ELSET=BAR
10, 1, 2, 5, 4, 21, 22, 25, 24
20, 2, 3, 6, 5, 22, 23, 26, 25
*BOUNDARY
1, 1, 3
4, 1, 3
21, 1, 3
24, 1, 3
*MATERIAL, NAME=STEEL
*ELASTIC
2.1e11, 0.3
*DENSITY
7850.
*SOLID SECTION, ELSET=BAR, MATERIAL=STEEL
*STEP
*DYNAMIC, DIRECT
1e-4, 3e-4
*CLOAD
3, 3, 1000.
6, 1, -500.
*NODE FILE
U, V
*EL FILE
S, NOE
*END STEP
"""
NODES = {
    number + 20 * top: (x, y, z)
    for top, z in enumerate((0.0, 0.1))
    for number, (x, y) in zip(
        range(1, 7), [(0, 0), (1, 0), (2, 0), (0, 0.2), (1, 0.2), (2, 0.2)], strict=True
    )
}
"""Numbers with gaps, as solvers have them."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the result of a bar of two bricks with three steps."""
    folder = tmp_path_factory.mktemp("ccx")
    nodes = "\n".join(f"{number}, {x}, {y}, {z}" for number, (x, y, z) in NODES.items())
    (folder / "bar.inp").write_text(JOB.format(nodes=nodes))
    subprocess.run(["ccx", "bar"], cwd=folder, check=True, capture_output=True)
    return folder / "bar.frd"


def _slowly(path: Path) -> dict[tuple[float, str], np.ndarray]:
    """Values by time and field, line by line: what the format says, read as plainly as possible."""
    found: dict[tuple[float, str], list[list[float]]] = {}
    rows: list[list[float]] | None = None
    time = 0.0
    for line in path.read_text().splitlines():
        if line.startswith("  100C"):
            time = float(line[12:24])
        elif line.startswith(" -4"):
            rows = found.setdefault((time, line[5:13].strip()), [])
        elif line.startswith(" -1") and rows is not None:
            rows.append([float(line[at : at + 12]) for at in range(13, len(line.rstrip()), 12)])
        elif line.startswith(" -3"):
            rows = None
    return {key: np.array(values) for key, values in found.items()}


def test_every_number_is_where_the_format_says(job: Path) -> None:
    series, expected = open_frd(job), _slowly(job)
    np.testing.assert_allclose(series.times, [1e-4, 2e-4, 3e-4])
    assert list(open_runs(job).companions["variables"]) == [
        *(f"DISP_{axis}" for axis in "xyz"),
        *(f"VELO_{axis}" for axis in "xyz"),
        *(f"STRESS_{axes}" for axes in ("xx", "yy", "zz", "xy", "yz", "xz")),
    ]
    assert len(expected) == 9
    for step, time in enumerate(series.times):
        for name, values in series.read(step).fields.items():
            np.testing.assert_array_equal(values, expected[float(time), name])
            assert np.abs(values).max() > 0


def test_the_mesh_has_its_corners_in_the_order_of_the_nodes(job: Path) -> None:
    mesh = open_frd(job).mesh()
    assert mesh.coords is not None
    np.testing.assert_allclose(mesh.coords, list(NODES.values()), atol=1e-6)
    assert {name: table.tolist() for name, table in mesh.cells.items()} == {
        "hexahedron": [[0, 1, 4, 3, 6, 7, 10, 9], [1, 2, 5, 4, 7, 8, 11, 10]]
    }
    mesh.check(12)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda text: text[: text.index(" 9999")],
            r"it ends after 3 times: has the solver stopped early",
        ),
        (lambda text: text[: text.rindex(" -5")], r"it ends after|cut short"),
        (lambda text: text[: text.rindex(" -1") + 30], r"cut short within"),
        (lambda text: text.replace("    3C", "    4C"), r"unknown line|no elements"),
        (
            lambda text: text.replace("    2C", "    2C".rjust(6), 1).replace(" 1\n", " 2\n", 1),
            r"binary",
        ),
        (lambda text: text[: text.index("    1PSTEP")] + " 9999\n", r"a mesh and no results"),
        (lambda text: text.replace("E-", "Q-"), r"cannot be read as a CalculiX result file"),
    ],
)
def test_damaged_files_are_named(
    job: Path, tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    run = tmp_path / "run_7"
    run.mkdir()
    (run / "bar.frd").write_text(change(job.read_text()))
    with pytest.raises(UserError, match=rf"run_7/bar\.frd: .*({told})"):
        open_runs(tmp_path).run(0)


def test_a_job_folder_is_a_run(job: Path, tmp_path: Path) -> None:
    for run in range(2):
        shutil.copytree(job.parent, tmp_path / f"run_{run}")
    source = open_runs(tmp_path, RunPart(["DISP"]))
    assert source.shape == (2, 3, 12, 3)
    assert source.companions["ids"].tolist() == ["run_0", "run_1"]


def _beside(job: Path, folder: Path, change: Callable[[str], str]) -> Mesh:
    """Return the mesh of a job whose input file is changed after it has been solved."""
    shutil.copytree(job.parent, folder)
    text = (folder / "bar.inp").read_text()
    (folder / "bar.inp").write_text(change(text))
    return open_frd(folder / "bar.frd").mesh()


def test_sets_come_from_the_input_file(job: Path, tmp_path: Path) -> None:
    more = "*NSET, NSET=fixed\n1, 4, 21, 24\n*NSET, NSET=partly\n1, 99\n*NODE\n99, 9, 9, 9\n"
    mesh = _beside(job, tmp_path / "run", lambda text: more + text)
    assert mesh.coords is not None
    assert mesh.sets.sizes() == {"fixed": 4, "ALL": 12, "BAR": 12}
    np.testing.assert_array_equal(mesh.sets["fixed"], np.flatnonzero(mesh.coords[:, 0] == 0))
    assert mesh.remarks == ("sets with nodes that the results lack are left out: 'partly'",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text + "*INCLUDE, INPUT=all.msh\n", "no named sets: .*INCLUDE refers to"),
        (
            lambda text: text.replace("\n1, 0", "\n1, 7"),
            "nodes of the same numbers at other places",
        ),
    ],
)
def test_an_input_file_that_does_not_fit_is_named(
    job: Path, tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    mesh = _beside(job, tmp_path / "run", change)
    assert not mesh.sets
    assert len(mesh.remarks) == 1
    assert re.search(told, mesh.remarks[0])


def test_a_link_is_not_followed(job: Path, tmp_path: Path) -> None:
    shutil.copy(job, tmp_path / "bar.frd")
    (tmp_path / "bar.inp").symlink_to(job.with_suffix(".inp"))
    mesh = open_frd(tmp_path / "bar.frd").mesh()
    assert not mesh.sets
    assert mesh.remarks[0].endswith("bar.inp is a link")


def test_results_alone_have_no_sets(job: Path, tmp_path: Path) -> None:
    shutil.copy(job, tmp_path / "bar.frd")
    mesh = open_frd(tmp_path / "bar.frd").mesh()
    assert (dict(mesh.sets.sizes()), mesh.remarks) == ({}, ())


@pytest.mark.parametrize(
    ("element", "kind", "corners", "edges"),
    [
        (
            "C3D20",
            "hexahedron20",
            [(x, y, z) for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))],
            [
                *((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4)),
                *((0, 4), (1, 5), (2, 6), (3, 7)),
            ],
        ),
        (
            "C3D15",
            "wedge15",
            [(x, y, z) for z in (0, 1) for x, y in ((0, 0), (1, 0), (0, 1))],
            [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)],
        ),
        (
            "C3D10",
            "tetra10",
            [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)],
            [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
        ),
    ],
)
def test_cells_of_second_order_have_vtks_order(
    tmp_path: Path,
    element: str,
    kind: str,
    corners: list[tuple[int, int, int]],
    edges: list[tuple[int, int]],
) -> None:
    """Abaqus and VTK number the nodes of these elements alike; the file of results does not."""
    places = np.array(corners, float)
    places = np.concatenate([places, places[np.array(edges)].mean(axis=1)])
    lines = [f"{n}, {x}, {y}, {z}" for n, (x, y, z) in enumerate(places.tolist(), 1)]
    nodes = [str(n) for n in range(1, len(places) + 1)]
    listed = ", ".join(nodes[:15]) + (",\n" + ", ".join(nodes[15:]) if nodes[15:] else "")
    job = "\n".join(["*NODE, NSET=ALL", *lines, f"*ELEMENT, TYPE={element}, ELSET=BAR"])
    job += f"\n1, {listed}\n*BOUNDARY\n1, 1, 3\n2, 2, 3\n3, 3, 3\n*MATERIAL, NAME=STEEL"
    job += "\n*ELASTIC\n2.1e11, 0.3\n*SOLID SECTION, ELSET=BAR, MATERIAL=STEEL\n*STEP\n*STATIC"
    job += "\n*CLOAD\n4, 3, 1000.\n*NODE FILE\nU\n*END STEP\n"
    (tmp_path / "one.inp").write_text(job)
    subprocess.run(["ccx", "one"], cwd=tmp_path, check=True, capture_output=True)
    mesh = open_frd(tmp_path / "one.frd").mesh()
    assert mesh.coords is not None
    np.testing.assert_allclose(mesh.coords[mesh.cells[kind][0]], places, atol=1e-9)
