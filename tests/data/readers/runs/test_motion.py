"""Meshes that move in time, recognised in files that PyVista and VTK wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError

STEPS = 4
NAMES = ["mesh_displacement_x", "mesh_displacement_y"]
Way = Callable[[np.ndarray, int, float], np.ndarray]


def box(length: float = 1.0) -> Any:
    grid = pyvista.ImageData(dimensions=(4, 3, 1), spacing=(length / 3, 0.5, 1))
    return grid.cast_to_unstructured_grid()


def bend(rest: np.ndarray, run: int, time: float) -> np.ndarray:
    """Return a displacement in the plane that is 0 at the start."""
    way = np.zeros_like(rest)
    way[:, 1] = 0.1 * (1 + run) * time * rest[:, 0] ** 2
    return way


def swing(rest: np.ndarray, run: int, time: float) -> np.ndarray:
    """Return a displacement that is 0 at the start and at the end again."""
    return bend(rest, run, time * (STEPS - 1 - time))


def write(
    folder: Path,
    way: Way = bend,
    runs: int = 3,
    *,
    lengths: tuple[float, ...] = (1.0,),
    field: str = "",
    offset: float = 0.0,
) -> None:
    """Write runs whose nodes move; ``field`` is the name of their displacement in the files."""
    for run in range(runs):
        rest = np.asarray(box(lengths[run % len(lengths)]).points)
        (folder / f"run_{run}").mkdir(parents=True)
        for step in range(STEPS):
            grid = box()
            moved = way(rest, run, step) + offset * rest
            grid.points = rest + moved
            grid.point_data["T"] = rest[:, 0] + run + step
            if field:
                grid.point_data[field] = moved.astype(np.float32)
            grid.save(folder / f"run_{run}/t_{step}.vtu")


def names(source: Source) -> list[str]:
    return list(source.companions["variables"].tolist())


def ingest(folder: Path, target: Path, **options: Any) -> Dataset:
    return build_dataset([folder], target, IngestOptions(**options))[0]


def positions(dataset: Dataset, run: int, step: int) -> np.ndarray:
    """Return where the nodes of a run are, from what is stored."""
    mesh = dataset.mesh if dataset.shapes is None else dataset.shapes.placement(run).mesh
    assert mesh.coords is not None
    found = mesh.coords.copy()
    for axis, name in enumerate(dataset.motion):
        found[:, axis] += dataset.own_run(run)[step, :, dataset.variables.index(name)]
    return found


@pytest.mark.parametrize("way", [bend, swing])
def test_motion_is_recognised_and_kept(tmp_path: Path, way: Way) -> None:
    write(tmp_path / "runs", way)
    assert names(open_runs(tmp_path / "runs")) == ["T", *NAMES]
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr", params=params(tmp_path))
    assert dataset.motion == tuple(NAMES)
    assert dataset.shapes is None
    for run in range(3):
        for step in range(STEPS):
            points = pyvista.read(tmp_path / f"runs/run_{run}/t_{step}.vtu").points
            np.testing.assert_allclose(positions(dataset, run, step), points, atol=1e-6)
    assert any("the nodes move in time: mesh_disp" in line for line in dataset.remarks)
    assert "moves in time" in repr(dataset)


def params(folder: Path, runs: int = 3) -> Path:
    path = folder / "p.csv"
    path.write_text("id,a\n" + "".join(f"run_{run},{run}\n" for run in range(runs)))
    return path


def test_runs_with_geometries_of_their_own_move_from_there(tmp_path: Path) -> None:
    write(tmp_path / "runs", lengths=(1.0, 1.3, 0.8))
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    assert dataset.common is not None
    assert dataset.common.kind == "corresponding"
    assert dataset.motion == tuple(NAMES)
    for run in range(3):
        for step in range(STEPS):
            points = pyvista.read(tmp_path / f"runs/run_{run}/t_{step}.vtu").points
            np.testing.assert_allclose(positions(dataset, run, step), points, atol=1e-6)


# Where it is not 0 at the first timestep, nodes are at rest elsewhere.
@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_a_displacement_in_the_files_is_taken(tmp_path: Path, offset: float) -> None:
    write(tmp_path / "runs", field="U", offset=offset)
    source = open_runs(tmp_path / "runs")
    assert names(source) == ["T", "U_x", "U_y", "U_z"]
    assert source.motion == ("U_x", "U_y")
    assert source.mesh is not None
    np.testing.assert_allclose(source.mesh.coords, box().points, atol=1e-6)
    assert "as U_x, U_y of the files say" in next(iter(source.remarks()))
    assert names(open_runs(tmp_path / "runs", RunPart(fields=["U", "T"]))) == [
        *("U_x", "U_y", "U_z"),
        "T",
    ]


def test_a_field_that_is_not_the_motion_is_no_displacement(tmp_path: Path) -> None:
    write(tmp_path / "runs", field="U")
    for run in range(3):
        path = tmp_path / f"runs/run_{run}/t_{STEPS - 1}.vtu"
        grid: Any = pyvista.read(path)
        grid["U"] *= 1.1
        grid.save(path)
    assert names(open_runs(tmp_path / "runs")) == ["T", "U_x", "U_y", "U_z", *NAMES]


def test_a_run_that_moves_otherwise_than_its_displacement_says(tmp_path: Path) -> None:
    write(tmp_path / "runs", runs=3, field="U")
    path = tmp_path / "runs/run_1/t_2.vtu"
    grid: Any = pyvista.read(path)
    grid["U"] *= 1.1
    grid.save(path)
    with pytest.raises(UserError, match=r"run_1: at time 2 its nodes are up to .* away from where"):
        open_runs(tmp_path / "runs").run(1)


def test_the_motion_is_taken_whatever_fields_are_chosen(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    assert names(open_runs(tmp_path / "runs", RunPart(fields=["T"]))) == ["T", *NAMES]


def test_later_timesteps_move_from_the_first_one(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    source = open_runs(tmp_path / "runs", RunPart(start=2))
    assert source.mesh is not None
    np.testing.assert_allclose(source.mesh.coords, box().points, atol=1e-7)
    rest = np.asarray(box().points)
    np.testing.assert_allclose(source.run(1)[0, :, 2], bend(rest, 1, 2)[:, 1], atol=1e-6)
    # Even a single timestep is where the mesh has moved to.
    assert open_runs(tmp_path / "runs", RunPart(start=2, end=2)).motion == tuple(NAMES)


def test_motion_between_timesteps_is_linear(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    source = open_runs(tmp_path / "runs", RunPart(resample=[0.5]))
    rest = np.asarray(box().points)
    np.testing.assert_allclose(source.run(2)[0, :, 2], bend(rest, 2, 0.5)[:, 1], atol=1e-6)


def test_motion_in_space_has_three_components(tmp_path: Path) -> None:
    def lift(rest: np.ndarray, run: int, time: float) -> np.ndarray:
        return 0.1 * time * (1 + run) * np.array([0.0, 0.0, 1.0]) * rest[:, :1]

    write(tmp_path / "runs", lift)
    assert open_runs(tmp_path / "runs").motion == (*NAMES, "mesh_displacement_z")


def test_a_run_that_leaves_the_plane_is_named(tmp_path: Path) -> None:
    write(tmp_path / "runs", runs=9)
    for step in range(1, STEPS):
        # Of nine runs every second one is compared before they are read.
        path = tmp_path / f"runs/run_5/t_{step}.vtu"
        grid: Any = pyvista.read(path)
        grid.points[:, 2] += 0.1 * step
        grid.save(path)
    with pytest.raises(UserError, match=r"run_5: at time 1 its nodes have moved by up to 0\.1 out"):
        open_runs(tmp_path / "runs").run(5)


def test_cells_that_change_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    path = tmp_path / "runs/run_1/t_2.vtu"
    grid: Any = pyvista.read(path)
    turned = grid.triangulate()
    assert turned.n_points == grid.n_points
    turned.save(path)
    source = open_runs(tmp_path / "runs")
    assert source.run(0).shape == (STEPS, 12, 3)
    with pytest.raises(UserError, match=r"run_1: other cells between its nodes at time 2"):
        source.run(1)


def test_a_few_runs_that_move_are_bad_runs(tmp_path: Path) -> None:
    write(tmp_path / "runs", lambda rest, run, time: bend(rest, run, time * (run == 2)))
    source = open_runs(tmp_path / "runs")
    assert list(source.problems) == [2]
    assert "run_2: its nodes move in time, by up to 0.9 (90 %" in source.problems[2]
    assert source.motion == ()


def test_few_runs_that_stay_are_no_bad_runs(tmp_path: Path) -> None:
    write(tmp_path / "runs", lambda rest, run, time: bend(rest, run, time * (run < 2)))
    source = open_runs(tmp_path / "runs")
    assert not source.problems
    assert (source.run(2)[..., 1:] == 0).all()


def test_motion_goes_with_interpolation_and_a_part_of_the_nodes(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    part = RunPart(interpolate=True, box=(0.0, 0.5))
    source = open_runs(tmp_path / "runs", part)
    assert source.motion == tuple(NAMES)
    rest = np.asarray(box().points)
    inside = rest[:, 0] <= 0.5
    np.testing.assert_allclose(source.run(2)[3, :, 2], bend(rest[inside], 2, 3)[:, 1], atol=1e-6)


def test_a_displacement_that_is_asked_for_moves_the_mesh(tmp_path: Path) -> None:
    write(tmp_path / "runs", lengths=(1.0, 1.3, 0.8))
    source = open_runs(tmp_path / "runs", RunPart(displacement=True))
    assert source.motion == (*NAMES, "mesh_displacement_z")


@pytest.mark.parametrize("way", ["grid", "morphing"])
def test_meshes_without_correspondence_move_too(tmp_path: Path, way: str) -> None:
    for run in range(3):
        (tmp_path / f"runs/run_{run}").mkdir(parents=True)
        across = 7 + run
        for step in range(STEPS):
            grid: Any = pyvista.ImageData(
                dimensions=(across + 1, 6, 1), spacing=((1 + 0.1 * run) / across, 0.2, 1)
            ).cast_to_unstructured_grid()
            rest = np.asarray(grid.points).copy()
            grid.point_data["T"] = rest[:, 0] + step
            grid.points = rest + bend(rest, 0, step)
            grid.save(tmp_path / f"runs/run_{run}/t_{step}.vtu")
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr", selection=RunPart(geometry=way))
    assert dataset.common is not None
    assert dataset.common.kind == way
    for run in range(3):
        points = pyvista.read(tmp_path / f"runs/run_{run}/t_2.vtu").points
        np.testing.assert_allclose(positions(dataset, run, 2), points, atol=1e-3)
