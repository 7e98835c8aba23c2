"""Runs in solvers' files that have meshes of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers.runs import shared_mesh
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError
from simulgenvae.geometry import BackgroundGrid, CorrespondingNodes, MorphedMesh
from simulgenvae.settings import DataSettings


def field(points: np.ndarray, run: int, step: int) -> np.ndarray:
    return points[:, 0] + 2.0 * points[:, 1] + run + step


def write(folder: Path, runs: int = 4, *, remeshed: bool = False, first: int = 0) -> None:
    """Write rectangles that are longer from run to run; ``remeshed`` with other cells, too."""
    for run in range(first, first + runs):
        across = 5 + run % 3 if remeshed else 5
        grid: Any = pyvista.ImageData(
            dimensions=(across, 4, 1), spacing=((1 + 0.1 * run) / (across - 1), 1 / 3, 1)
        ).cast_to_unstructured_grid()
        (folder / f"run_{run}").mkdir(parents=True)
        for step in range(2):
            grid.point_data["T"] = field(np.asarray(grid.points), run, step)
            grid.save(folder / f"run_{run}/t_{step}.vtu")


def ingest(folder: Path, target: Path, **options: Any) -> Dataset:
    return build_dataset([folder], target, IngestOptions(**options))[0]


def test_corresponding_nodes_are_recognised(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    source = open_runs(tmp_path / "runs")
    assert isinstance(source.common, CorrespondingNodes)
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    assert dataset.shapes is not None
    for run in range(4):
        coords = dataset.shapes.placement(run).mesh.coords
        assert coords is not None
        np.testing.assert_allclose(coords[:, 0].max(), 1 + 0.1 * run, rtol=1e-6)
        np.testing.assert_allclose(dataset.run(run)[1, :, 0], field(coords, run, 1), rtol=1e-6)
    assert any("nodes are matched by their numbers" in line for line in dataset.remarks)


def test_different_meshes_share_a_grid(tmp_path: Path) -> None:
    write(tmp_path / "runs", remeshed=True)
    part = RunPart(geometry="grid")
    assert isinstance(open_runs(tmp_path / "runs", part).common, BackgroundGrid)
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr", selection=part)
    assert dataset.shapes is not None
    for run in range(4):
        own = dataset.shapes.geometry(run).own
        assert own is not None
        assert own.mesh.coords is not None
        np.testing.assert_allclose(own.fields[1, :, 0], field(own.mesh.coords, run, 1), rtol=1e-6)
        assert own.mesh.coords[:, 0].max() == pytest.approx(1 + 0.1 * run)
        inside = dataset.shapes.inside(run)
        assert inside is not None
        coords = dataset.mesh.coords
        assert coords is not None
        # A linear field is reproduced on the grid, inside of the geometry.
        np.testing.assert_allclose(
            dataset.run(run)[1, inside, 0], field(coords[inside], run, 1), rtol=0.01
        )
    share = dataset.inside_share(range(4))
    assert share is not None
    assert set(np.unique(share)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert (share.min(), share.max()) == (0.0, 1.0)
    assert any("they share a grid of" in line for line in dataset.remarks)
    assert any("there and back" in line for line in dataset.remarks)


def test_alike_plane_geometries_are_morphed(tmp_path: Path) -> None:
    write(tmp_path / "runs", remeshed=True)
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    assert isinstance(dataset.common, MorphedMesh)
    assert dataset.shapes is not None
    for run in range(4):
        placement = dataset.shapes.placement(run)
        morphed = dataset.mesh.coords + dataset.shapes.shape(run)
        np.testing.assert_allclose(dataset.run(run)[1, :, 0], field(morphed, run, 1), atol=1e-5)
        own = dataset.shapes.geometry(run).own
        assert own is not None
        np.testing.assert_allclose(placement.to_own(dataset.run(run)[1]), own.fields[1], atol=1e-5)
    assert any("is morphed onto all others" in line for line in dataset.remarks)
    assert any("boundaries are met within 0" in line for line in dataset.remarks)


def test_fields_that_morphing_changes_more_share_a_grid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "runs", remeshed=True)
    for limit in ("_LITTLE", "_MORE"):
        assert isinstance(open_runs(tmp_path / "runs").common, MorphedMesh)
        monkeypatch.setattr(shared_mesh, limit, 0.0)
    assert isinstance(open_runs(tmp_path / "runs").common, BackgroundGrid)


def test_geometries_that_are_not_alike_share_a_grid(tmp_path: Path) -> None:
    write(tmp_path / "runs", remeshed=True)
    for step in range(2):
        path = tmp_path / f"runs/run_3/t_{step}.vtu"
        grid: Any = pyvista.read(path)
        # Without a cell inside of it, the rectangle has a hole.
        grid.extract_cells([cell for cell in range(grid.n_cells) if cell != 5]).save(path)
    assert isinstance(open_runs(tmp_path / "runs").common, BackgroundGrid)
    source = open_runs(tmp_path / "runs", RunPart(geometry="morphing"))
    assert isinstance(source.common, MorphedMesh)
    with pytest.raises(UserError, match=r"run_3: has 1 hole, but 0 in the mesh that"):
        source.placed_run(3)


def test_the_way_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    assert isinstance(open_runs(tmp_path / "runs", RunPart(geometry="grid")).common, BackgroundGrid)


def test_other_cells_are_a_bad_run_where_nodes_correspond(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    path = tmp_path / "runs/run_2/t_0.vtu"
    for step in range(2):
        path = tmp_path / f"runs/run_2/t_{step}.vtu"
        turned: Any = pyvista.read(path)
        turned.triangulate().save(path)
    source = open_runs(tmp_path / "runs", RunPart(geometry="corresponding"))
    with pytest.raises(UserError, match=r"run_2.*other cells between its nodes"):
        source.placed_run(2)


def test_one_run_with_another_mesh_is_a_bad_run(tmp_path: Path) -> None:
    for run in range(4):
        write(tmp_path / "one", 1)
        shutil.move(tmp_path / "one/run_0", tmp_path / f"runs/run_{run}")
    write(tmp_path / "runs", 1, first=9)
    source = open_runs(tmp_path / "runs")
    assert source.common is None
    assert list(source.problems) == [4]
    assert "morphed geometry" in source.problems[4]


def test_nodes_without_cells_are_not_guessed_to_correspond(tmp_path: Path) -> None:
    for run in range(3):
        points = np.random.default_rng(run).random((6, 3))
        bare: Any = pyvista.UnstructuredGrid()
        bare.points = points
        bare.point_data["T"] = points[:, 0]
        (tmp_path / f"run_{run}").mkdir()
        bare.save(tmp_path / f"run_{run}/t_0.vtu")
    with pytest.raises(UserError, match=r"no cells that would show .*--geometry corresponding"):
        open_runs(tmp_path)
    source = open_runs(tmp_path, RunPart(geometry="corresponding"))
    assert isinstance(source.common, CorrespondingNodes)


def test_a_part_of_the_nodes_cannot_be_chosen(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(UserError, match="of which no part can be chosen"):
        open_runs(tmp_path, RunPart(box=(0.0, 0.5)))


@pytest.mark.parametrize("remeshed", [False, True])
def test_appended_runs_share_the_mesh_of_the_study(tmp_path: Path, remeshed: bool) -> None:
    write(tmp_path / "runs", remeshed=remeshed)
    before = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    write(tmp_path / "more", 1, remeshed=remeshed, first=2)
    shutil.move(tmp_path / "more/run_2", tmp_path / "more/run_7")
    split_file = tmp_path / "split.csv"
    append_runs(
        [tmp_path / "more"],
        tmp_path / "d.zarr",
        IngestOptions(),
        settings=DataSettings(),
        split_file=split_file,
    )
    dataset = Dataset.open(tmp_path / "d.zarr")
    assert dataset.ids[-1] == "run_7"
    assert dataset.digests[:4] == before.digests
    assert dataset.shapes is not None
    np.testing.assert_array_equal(dataset.shapes.shape(4), dataset.shapes.shape(2))
    np.testing.assert_array_equal(dataset.own_run(4), dataset.own_run(2))


def test_a_saved_dataset_keeps_the_own_meshes(tmp_path: Path) -> None:
    write(tmp_path / "runs", remeshed=True)
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    dataset.save(tmp_path / "copy.zarr")
    copy = Dataset.open(tmp_path / "copy.zarr")
    assert copy.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(copy.own_run(3), dataset.own_run(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factor": 1e3}, "are its positions in another unit"),
        ({"move": 50.0}, "where no other run has its geometry"),
        ({"solid": True}, "has cells of 3 dimensions, other runs have 2"),
    ],
)
def test_a_geometry_unlike_the_others_is_a_bad_run(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    write(tmp_path / "runs", 6, remeshed=True)
    for step in range(2):
        path = tmp_path / f"runs/run_3/t_{step}.vtu"
        grid: Any = pyvista.read(path)
        grid.points *= change.get("factor", 1.0)
        grid.points += change.get("move", 0.0)
        if change.get("solid"):
            grid = pyvista.ImageData(dimensions=(3, 3, 3)).cast_to_unstructured_grid()
            grid.point_data["T"] = np.zeros(27)
        grid.save(path)
    with pytest.raises(UserError, match=rf"run 'run_3': .*{message}.*--skip-bad"):
        ingest(tmp_path / "runs", tmp_path / "d.zarr")
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr", skip_bad=True)
    assert dataset.ids == ("run_0", "run_1", "run_2", "run_4", "run_5")
    assert any(line.startswith("left out: run 'run_3'") for line in dataset.remarks)


def test_a_study_with_other_meshes_is_read_with_them(tmp_path: Path) -> None:
    write(tmp_path / "runs", remeshed=True)
    stored = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    again = ingest(tmp_path / "d.zarr", tmp_path / "e.zarr")
    assert again.digests == stored.digests
    np.testing.assert_array_equal(again.own_run(1), stored.own_run(1))


def test_runs_that_cannot_be_morphed_are_named(tmp_path: Path) -> None:
    for run in range(3):
        grid: Any = pyvista.ImageData(dimensions=(3 + run, 3, 3)).cast_to_unstructured_grid()
        grid.point_data["T"] = np.arange(float(grid.n_points))
        (tmp_path / f"run_{run}").mkdir()
        grid.save(tmp_path / f"run_{run}/t_0.vtu")
    with pytest.raises(UserError, match="run_0"):
        open_runs(tmp_path, RunPart(geometry="morphing"))


def test_why_plane_runs_are_not_morphed_is_said(tmp_path: Path) -> None:
    write(tmp_path / "runs", remeshed=True)
    for step in range(2):
        path = tmp_path / f"runs/run_1/t_{step}.vtu"
        whole: Any = pyvista.read(path)
        # The cell in the middle is a hole.
        whole.extract_cells([k for k in range(whole.n_cells) if k != 7]).save(path)
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    assert isinstance(dataset.common, BackgroundGrid)
    assert any("is not morphed onto the others: " in line for line in dataset.remarks)


def write_surfaces(folder: Path, runs: int = 4) -> None:
    """Write cylinders without lids, longer from run to run, with meshes of their own."""
    folder.mkdir(parents=True)
    for run in range(runs):
        length = 1 + 0.1 * run
        made: Any = pyvista.CylinderStructured(
            radius=[0.5], height=length, theta_resolution=20 + run, z_resolution=10 + run
        )
        made = made.extract_surface(algorithm="dataset_surface").triangulate().clean()
        made.point_data["T"] = field(np.asarray(made.points), run, 0)
        made.clear_cell_data()
        made.save(folder / f"run_{run}.vtp")


def test_surfaces_in_space_share_a_grid(tmp_path: Path) -> None:
    write_surfaces(tmp_path / "runs")
    dataset = ingest(tmp_path / "runs", tmp_path / "d.zarr")
    assert isinstance(dataset.common, BackgroundGrid)
    assert dataset.common.has_surfaces
    assert dataset.shapes is not None
    for run in range(4):
        geometry = dataset.shapes.geometry(run)
        assert geometry.own is not None
        back = dataset.shapes.placement(run).to_own(dataset.run(run)[0])
        np.testing.assert_allclose(back, geometry.own.fields[0], atol=0.02)
    assert any("apart around their surfaces" in line for line in dataset.remarks)
    assert any("there and back, that changes 4 runs" in line for line in dataset.remarks)
    assert not any("non-manifold" in line for line in dataset.remarks)


def test_surfaces_that_branch_or_are_empty_are_named(tmp_path: Path) -> None:
    write_surfaces(tmp_path / "runs", 5)
    path = tmp_path / "runs/run_1.vtp"
    made: Any = pyvista.read(path)
    a, b, _ = made.regular_faces[made.n_cells // 2]
    faces = np.vstack([made.regular_faces, [a, b, made.n_points // 2]])
    branching = pyvista.PolyData.from_regular_faces(np.asarray(made.points), faces)
    branching.point_data["T"] = made["T"]
    branching.save(path)
    path = tmp_path / "runs/run_2.vtp"
    made = pyvista.read(path)
    points = pyvista.PolyData(np.asarray(made.points))
    points.point_data["T"] = made["T"]
    points.save(path)
    source = open_runs(tmp_path / "runs")
    assert "run_2.vtp: has nodes without cells" in source.problems[2]
    for run in (0, 1, 3, 4):
        source.placed_run(run)
    (said,) = [line for line in source.remarks() if "non-manifold" in line]
    assert said.endswith("in run_1 (1 edge)")
