"""Meshes that move or differ between runs, in files that PyVista wrote."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

START = np.asarray(pyvista.ImageData(dimensions=(4, 3, 1)).points, dtype=np.float64)


def places(run: int, step: int, *, moves: bool, morphs: bool) -> np.ndarray:
    points = START.copy()
    points[:, 0] *= 1 + 0.25 * step * moves
    points[:, 1] *= 1 + 0.5 * run * morphs
    return points


def write(
    folder: Path, runs: int = 3, steps: int = 3, *, moves: bool = False, morphs: bool = False
) -> None:
    for run in range(runs):
        (folder / f"run_{run}").mkdir(parents=True)
        for step in range(steps):
            made: Any = pyvista.ImageData(dimensions=(4, 3, 1)).cast_to_unstructured_grid()
            made.points = places(run, step, moves=moves, morphs=morphs)
            made.point_data["T"] = np.arange(12.0) + run + step
            made.save(folder / f"run_{run}/t_{step}.vtu")


def test_a_single_run_that_moves_is_a_bad_run(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path / "other", runs=1, moves=True)
    (tmp_path / "other/run_0").rename(tmp_path / "run_9")
    (tmp_path / "other").rmdir()
    source = open_runs(tmp_path)
    assert list(source.problems) == [3]
    assert "run_9: its nodes move" in source.problems[3]


def test_a_morphed_geometry_is_told_from_another_mesh(tmp_path: Path) -> None:
    write(tmp_path, runs=4, steps=1)
    write(tmp_path / "other", runs=3, steps=1, morphs=True)
    (tmp_path / "other/run_2").rename(tmp_path / "run_9")
    shutil.rmtree(tmp_path / "other")
    problem = open_runs(tmp_path).problems[4]
    assert re.search(r"run_9.*up to 2 away .*with the same cells .*a morphed.*number", problem)
    with pytest.raises(UserError, match=r"another geometry.*--displacement"):
        open_runs(tmp_path, RunPart(interpolate=True)).run(4)


@pytest.mark.parametrize(("moves", "morphs"), [(True, False), (False, True), (True, True)])
def test_displacement_has_exactly_where_the_nodes_are(
    tmp_path: Path, moves: bool, morphs: bool
) -> None:
    write(tmp_path, moves=moves, morphs=morphs)
    source = open_runs(tmp_path, RunPart(displacement=True))
    assert source.companions["variables"].tolist() == [
        "T",
        "mesh_displacement_x",
        "mesh_displacement_y",
        "mesh_displacement_z",
    ]
    assert source.mesh is not None
    assert source.mesh.coords is not None
    for run in range(3):
        field = source.run(run)
        for step in range(3):
            np.testing.assert_array_equal(field[step, :, 0], np.arange(12) + run + step)
            np.testing.assert_array_equal(
                source.mesh.coords + field[step, :, 1:],
                places(run, step, moves=moves, morphs=morphs),
            )
    assert any(
        line.startswith("mesh_displacement: the displacement of each node")
        for line in source.remarks()
    )


def test_displacement_needs_as_many_nodes_and_the_same_cells(tmp_path: Path) -> None:
    write(tmp_path, steps=1)
    grid: Any = pyvista.ImageData(dimensions=(4, 4, 1)).cast_to_unstructured_grid()
    grid.point_data["T"] = np.zeros(16)
    grid.save(tmp_path / "run_1/t_0.vtu")
    turned: Any = pyvista.read(tmp_path / "run_2/t_0.vtu")
    turned = turned.triangulate()
    turned.points[:, 1] *= 2
    turned.save(tmp_path / "run_2/t_0.vtu")
    source = open_runs(tmp_path, RunPart(displacement=True))
    with pytest.raises(UserError, match="run_1: 16 nodes, but 12 in the reference"):
        source.run(1)
    with pytest.raises(UserError, match="run_2: other cells"):
        source.run(2)


def test_timesteps_in_another_order_of_nodes_are_no_motion(tmp_path: Path) -> None:
    write(tmp_path)
    grid: Any = pyvista.read(tmp_path / "run_1/t_2.vtu")
    order = np.arange(12)[::-1]
    made = pyvista.PolyData(np.asarray(grid.points)[order]).cast_to_unstructured_grid()
    made.point_data["T"] = np.asarray(grid["T"])[order]
    made.save(tmp_path / "run_1/t_2.vtu")
    assert (
        "run_1: the nodes at time 2 are at the places of those at 0 in another order"
        in (open_runs(tmp_path, RunPart(displacement=True)).problems[1])
    )


def test_a_mesh_that_is_refined_during_the_run_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    grid: Any = pyvista.ImageData(dimensions=(5, 3, 1)).cast_to_unstructured_grid()
    grid.point_data["T"] = np.zeros(15)
    grid.save(tmp_path / "run_1/t_2.vtu")
    assert (
        "run_1: 15 nodes at time 2, but 12 before: the mesh changes during the run"
        in (open_runs(tmp_path).problems[1])
    )
