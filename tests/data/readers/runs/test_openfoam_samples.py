"""Sampled surfaces and probes as OpenFOAM writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.openfoam_probes import open_probes
from simulgenvae.errors import UserError

TIMES = ("0", "0.05", "1e-01")


def surface(run: int, time: str, at: float = 0.0) -> Any:
    made = pyvista.Plane(center=(at, 0, 0), i_resolution=2, j_resolution=2)
    made.clear_data()
    made.point_data["p"] = np.arange(9.0) + 10 * run + float(time)
    made.cell_data["U"] = np.full((4, 3), float(time)) + run
    return made


def test_surfaces_of_each_time(tmp_path: Path) -> None:
    for run in range(2):
        for time in TIMES:
            folder = tmp_path / f"runs/case_{run}/{time}"
            folder.mkdir(parents=True)
            surface(run, time).save(folder / "cut.vtp")
    source = open_runs(tmp_path / "runs")
    assert source.companions["ids"].tolist() == ["case_0", "case_1"]
    assert source.companions["times"].tolist() == [0, 0.05, 0.1]
    assert source.companions["variables"].tolist() == ["p", "U_x", "U_y", "U_z"]
    for run in range(2):
        for step, time in enumerate(TIMES):
            expected = np.arange(9.0) + 10 * run + float(time)
            np.testing.assert_array_equal(source.run(run)[step, :, 0], expected)
            np.testing.assert_allclose(source.run(run)[step, :, 1], float(time) + run, rtol=1e-6)


def test_a_file_for_each_field_and_surface(tmp_path: Path) -> None:
    for time in TIMES:
        folder = tmp_path / f"case/postProcessing/cuts/{time}"
        folder.mkdir(parents=True)
        for name, at in (("left", 0.0), ("right", 5.0)):
            for field in ("p", "T"):
                made = surface(0, time, at)
                made.clear_data()
                made.point_data[field] = np.arange(9.0) + at + (field == "T") * 100
                made.save(folder / f"{field}_{name}.vtk")
    # A folder in postProcessing is one run, called like the case.
    source = open_runs(tmp_path / "case/postProcessing/cuts")
    assert source.companions["ids"].tolist() == ["case"]
    assert sorted(source.companions["variables"].tolist()) == ["T", "p"]
    values = source.run(0)[2, :, source.companions["variables"].tolist().index("T")]
    np.testing.assert_array_equal(values, np.concatenate([np.arange(9) + 100, np.arange(9) + 105]))


def test_folders_of_runs_that_are_numbers_stay_runs(tmp_path: Path) -> None:
    for run in range(3):
        (tmp_path / str(run)).mkdir()
        surface(run, "0").save(tmp_path / f"{run}/cut.vtp")
    assert open_runs(tmp_path).companions["ids"].tolist() == ["0", "1", "2"]


def probes(folder: Path, field: str, rows: list[tuple[float, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Probe 0 (0.1 0 0.05)", "# Probe 1 (0.25 1e-3 0.05)"]
    lines += ["#       Probe             0             1", "#        Time"]
    lines += [f"{time:13g} {values}" for time, values in rows]
    (folder / field).write_text("\n".join(lines) + "\n")


def test_probes_with_a_restart(tmp_path: Path) -> None:
    for run in range(2):
        folder = tmp_path / f"runs/case_{run}"
        probes(folder / "0", "p", [(0.1, "1 2"), (0.2, "3 4"), (0.3, "99 99")])
        probes(folder / "0", "U", [(t, "(1 2 3) (4 5 6)") for t in (0.1, 0.2, 0.3)])
        probes(folder / "0.2", "p", [(0.3, f"5 {run}"), (0.4, "7 8")])
        probes(folder / "0.2", "U", [(t, "(0 0 1) (0 0 2)") for t in (0.3, 0.4)])
    source = open_runs(tmp_path / "runs")
    assert source.companions["times"].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert source.companions["variables"].tolist() == ["U_x", "U_y", "U_z", "p"]
    np.testing.assert_array_equal(source.run(1)[..., 3], [[1, 2], [3, 4], [5, 1], [7, 8]])
    np.testing.assert_array_equal(source.run(1)[0, :, :3], [[1, 2, 3], [4, 5, 6]])
    assert source.mesh is not None
    np.testing.assert_array_equal(source.mesh.coords, [[0.1, 0, 0.05], [0.25, 1e-3, 0.05]])
    assert open_runs(tmp_path / "runs/case_1").shape == (1, 4, 2, 4)


def test_probes_of_earlier_versions_and_outside_of_the_mesh(tmp_path: Path) -> None:
    folder = tmp_path / "case/postProcessing/probes/0"
    folder.mkdir(parents=True)
    (folder / "T").write_text(
        "#       x         0.5       1.5\n#       y         0       0\n#       z         0       1\n"
        "#       Time\n0.5    300   -1.79769313486e+307\n"
    )
    source = open_runs(folder.parent)
    assert source.companions["ids"].tolist() == ["case"]
    assert source.mesh is not None
    np.testing.assert_array_equal(source.mesh.coords, [[0.5, 0, 0], [1.5, 0, 1]])
    np.testing.assert_array_equal(source.run(0)[0, :, 0], [300, np.nan])


def test_truncated_probes_are_named(tmp_path: Path) -> None:
    probes(tmp_path / "case/0", "p", [(0.1, "1 2"), (0.2, "3")])
    with pytest.raises(UserError, match=r"p: cannot be read: lines with 1 or 2 numbers for 2 pro"):
        open_runs(tmp_path / "case")


def test_folders_without_probes_are_named(tmp_path: Path) -> None:
    (tmp_path / "case/0").mkdir(parents=True)
    (tmp_path / "case/0/p").touch()
    with pytest.raises(UserError, match=r"case: no file of probes"):
        open_probes(tmp_path / "case")


@pytest.mark.parametrize(
    "head", ["# Probe 0 (0.1 0 0)\n# Probe 1 (0.1)\n", "# x 0 1\n# y 0\n# z 0 0\n"]
)
def test_probes_without_three_coordinates_are_named(tmp_path: Path, head: str) -> None:
    (tmp_path / "case/0").mkdir(parents=True)
    (tmp_path / "case/0/p").write_text(f"{head}# Time\n0.1 1 2\n")
    with pytest.raises(UserError, match=r"p: cannot be read: probes need three coordinates"):
        open_runs(tmp_path / "case")
