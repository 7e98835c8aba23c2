"""Runs on common times and a common mesh, from files that PyVista wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError


def plate(time: float, cells: int = 4) -> pyvista.UnstructuredGrid:
    made = pyvista.ImageData(
        dimensions=(cells + 1, 3, 1), spacing=(1 / cells, 0.5, 1.0)
    ).cast_to_unstructured_grid()
    made.point_data["T"] = made.points[:, 0] + 10 * time
    return made


def write(folder: Path, times: list[float], cells: int = 4, *, shuffled: bool = False) -> None:
    folder.mkdir(parents=True)
    for time in times:
        grid = plate(time, cells)
        if shuffled:
            order = np.random.default_rng(0).permutation(grid.n_points)
            place = np.argsort(order)
            cells_of: Any = grid.cells_dict
            made = pyvista.UnstructuredGrid(
                {9: place[cells_of[8][:, [0, 1, 3, 2]]]}, grid.points[order]
            )
            made.point_data["T"] = grid["T"][order]
            grid = made
        grid.save(folder / f"t_{time:g}.vtu")


def test_resampling_gives_runs_with_other_times_the_same_ones(tmp_path: Path) -> None:
    write(tmp_path / "run_0", [0, 1, 2])
    write(tmp_path / "run_1", [0, 0.3, 0.5, 1.4, 2])
    source = open_runs(tmp_path, RunPart(resample=5))
    assert not source.problems
    np.testing.assert_allclose(source.companions["times"], [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(source.run(0), source.run(1), atol=1e-6)
    np.testing.assert_allclose(source.run(1)[:, 0, 0], 10 * source.companions["times"], atol=1e-5)
    part = open_runs(tmp_path, RunPart(resample=3, start=0.5, end=1.5))
    np.testing.assert_allclose(part.run(1)[:, 0, 0], [5, 10, 15], atol=1e-5)
    given = open_runs(tmp_path, RunPart(resample=(0.25, 1.75)))
    np.testing.assert_allclose(given.run(1)[:, 0, 0], [2.5, 17.5], atol=1e-5)


def test_a_run_that_does_not_span_the_times_is_named(tmp_path: Path) -> None:
    write(tmp_path / "run_0", [0, 1, 2])
    write(tmp_path / "run_1", [0, 1, 1.5])
    problems = open_runs(tmp_path, RunPart(resample=5)).problems
    assert list(problems) == [1]
    assert "its times are 0 to 1.5, but 0 to 2 are wanted" in problems[1]
    assert not open_runs(tmp_path, RunPart(resample=5, end=1.5)).problems
    with pytest.raises(UserError, match="must increase"):
        open_runs(tmp_path, RunPart(resample=(2.0, 1.0)))


def test_most_runs_decide_what_is_right(tmp_path: Path) -> None:
    write(tmp_path / "run_0", [0, 1])  # ended early
    for run in (1, 2):
        write(tmp_path / f"run_{run}", [0, 1, 2])
    assert list(open_runs(tmp_path).problems) == [0]
    assert list(open_runs(tmp_path, RunPart(reference="run_0")).problems) == [1, 2]
    with pytest.raises(
        UserError, match="the reference 'run_9': there is none among 'run_0', 'run_1', 'run_2'"
    ):
        open_runs(tmp_path, RunPart(reference="run_9"))


def test_a_run_without_anything_readable_is_one_problem_among_runs(tmp_path: Path) -> None:
    for run in range(3):
        write(tmp_path / f"run_{run}", [0, 1])
    for file in (tmp_path / "run_0").iterdir():
        file.write_bytes(b"garbage")
    source = open_runs(tmp_path)
    assert source.shape == (3, 2, 15, 1)
    assert list(source.problems) == [0]
    assert "run_0/t_0.vtu" in source.problems[0]
    with pytest.raises(UserError, match=r"t_0\.vtu"):
        source.run(0)
    assert source.run(1).max() == pytest.approx(11)


def test_a_region_has_its_nodes_cells_and_values(tmp_path: Path) -> None:
    write(tmp_path / "run", [0, 1])
    source = open_runs(tmp_path, RunPart(box=(0.4, 2.0, 0.0, 0.6)))
    assert source.shape[2] == 6
    assert source.mesh is not None
    assert source.mesh.coords is not None
    assert {name: len(cells) for name, cells in source.mesh.cells.items()} == {"quad": 2}
    np.testing.assert_allclose(source.run(0)[1, :, 0], source.mesh.coords[:, 0] + 10, atol=1e-6)
    few = open_runs(tmp_path, RunPart(nodes=(4, 0)))
    np.testing.assert_allclose(few.run(0)[0, :, 0], [1, 0])
    with pytest.raises(UserError, match=r"no node is in the box .* spans 0 to 1, 0 to 1, 0 to 0"):
        open_runs(tmp_path, RunPart(box=(5, 6)))
    with pytest.raises(UserError, match=r"node 15 is not there .* from 0 to 14"):
        open_runs(tmp_path, RunPart(nodes=(1, 15)))


@pytest.mark.parametrize(("cells", "shuffled"), [(9, False), (4, True)])
def test_runs_on_other_meshes_are_named_or_interpolated(
    tmp_path: Path, cells: int, shuffled: bool
) -> None:
    write(tmp_path / "run_0", [0, 1])
    write(tmp_path / "run_1", [0, 1], cells, shuffled=shuffled)
    told = "30 nodes, but 15 in .*run_0: another mesh: .*--interpolate"
    if shuffled:
        told = "its nodes are up to 1 away .*run_0, at the same places in another order.*--interp"
    with pytest.raises(UserError, match=f"run_1: {told}"):
        open_runs(tmp_path).run(1)
    source = open_runs(tmp_path, RunPart(interpolate=True))
    assert not list(source.remarks())
    np.testing.assert_allclose(source.run(1), source.run(0), atol=1e-5)
    (remark,) = source.remarks()
    assert "1 runs on other meshes were interpolated onto that of" in remark
    assert "run_0" in remark
