"""From a solver's own files to a study and its ranges, as a user types it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista
import xarray as xr

from simulgenvae.data.dataset import Dataset


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Twelve runs of three timesteps on a plate, and their parameters in another order."""
    plate = pyvista.ImageData(dimensions=(4, 3, 1)).cast_to_unstructured_grid()
    for run in range(12):
        folder = tmp_path / f"runs/case_{run}"
        folder.mkdir(parents=True)
        for step in range(3):
            plate.point_data["T"] = (run + 1.0) * np.sin(plate.points[:, 0] + step)
            plate.point_data["p"] = np.ones(plate.n_points)
            plate.save(folder / f"step_{step}.vtu")
    rows = [f"case_{run},{run + 1},{(run * 7) % 12}" for run in reversed(range(12))]
    (tmp_path / "params.csv").write_text("\n".join(["id,load,angle", *rows]))
    return tmp_path / "runs"


def test_inspect_says_what_is_there_and_writes_nothing(cli: Any, runs: Path) -> None:
    before = sorted(runs.parent.rglob("*"))
    done = cli("inspect", runs)
    assert done.code == 0, done.err
    for told in (
        "12: 'case_0', 'case_1'",
        "3, 0 to 2",
        "12, 6 quad, in 0 … 3 x 0 … 2 x 0 … 0",
        "MB a run",
        "T",
        "p",
    ):
        assert told in done.out
    assert sorted(runs.parent.rglob("*")) == before


def test_inspect_says_what_happens_to_each_field(cli: Any, runs: Path) -> None:
    for run in range(12):
        file = runs / f"case_{run}/step_0.vtu"
        grid: Any = pyvista.read(file)
        grid.point_data["start"] = np.ones(grid.n_points)
        grid.save(file)
    done = cli("inspect", runs)
    assert done.code == 0, done.err
    assert "note: start: at time 0, not at 1 and 2: left out" in done.out


def test_inspect_says_that_a_mesh_moves(cli: Any, runs: Path) -> None:
    for run in range(12):
        file = runs / f"case_{run}/step_2.vtu"
        grid: Any = pyvista.read(file)
        grid.points[:, 0] *= 2
        grid.save(file)
    done = cli("inspect", runs)
    assert done.code == 0, done.err
    assert "note: the nodes move in time: mesh_displacement_x, mesh_disp" in done.out


def test_inspect_takes_the_geometry_that_its_message_asks_for(cli: Any, tmp_path: Path) -> None:
    for run in range(4):
        at = {"x": ("node", [0.0, 1.0 + run, 3.0]), "y": ("node", [0.0, 1.0, 0.0])}
        points = xr.Dataset({"T": (("time", "node"), np.ones((2, 3)))}, at)
        points.to_netcdf(tmp_path / f"{run}.nc", engine="h5netcdf")
    unclear = cli("inspect", tmp_path)
    assert unclear.code == 2
    assert "say so with --geometry corresponding" in unclear.err
    done = cli("inspect", tmp_path, "--geometry", "corresponding")
    assert done.code == 0, done.err
    assert "nodes are matched by their numbers" in " ".join(done.out.split())


def test_inspect_says_where_times_come_from_and_takes_what_is_chosen(cli: Any, runs: Path) -> None:
    done = cli("inspect", runs, "--pattern", "step_[12].vtu")
    assert done.code == 0, done.err
    assert "2, 1 to 2" in done.out
    assert "note: times are the numbers in the names of the files, such as step_1.vtu" in done.out
    done = cli("inspect", runs, "--block", "inlet,wall*")
    assert done.code == 2
    assert "VTK has no blocks to choose from (--block)" in done.err


def test_inspect_knows_arrays_too(cli: Any, tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((4, 3, 5, 2))
    values[0, 1, 2, 0] = np.nan
    np.savez(tmp_path / "fields.npz", fields=values, variables=["u", "v"])
    done = cli("inspect", tmp_path / "fields.npz")
    assert done.code == 0, done.err
    assert "1 values are not finite" in done.out
    assert f"{np.nanmax(values[0, :, :, 1]):.6g}" in done.out


def test_a_folder_of_runs_and_a_table_become_a_study(cli: Any, runs: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    done = cli(
        "ingest",
        runs,
        "--params",
        tmp_path / "params.csv",
        "--fields",
        "T",
        "--units",
        "K",
        "--study",
        study,
    )
    assert done.code == 0, done.err
    assert "matched to the runs by id" in done.out
    dataset = Dataset.open(study / "input_data/dataset.zarr")
    assert dataset.shape == (12, 3, 12, 1)
    assert dataset.ids[10] == "case_10"
    assert dataset.conditions.table[10, 0] == 11.0
    np.testing.assert_allclose(
        dataset.run(10)[2, :, 0], 11 * np.sin(np.tile(np.arange(4.0), 3) + 2), rtol=1e-6
    )
    assert len(dataset.mesh.cells["quad"]) == 6


def test_further_runs_are_appended(cli: Any, runs: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (runs / "case_11").rename(more / "case_11")
    lines = (tmp_path / "params.csv").read_text().splitlines()
    (tmp_path / "first.csv").write_text("\n".join([lines[0], *lines[2:]]))
    (tmp_path / "second.csv").write_text("\n".join(lines[:2]))
    study = tmp_path / "study"
    assert cli("ingest", runs, "--params", tmp_path / "first.csv", "--study", study).code == 0
    done = cli("ingest", more, "--params", tmp_path / "second.csv", "--study", study, "--append")
    assert done.code == 0, done.err
    assert Dataset.open(study / "input_data/dataset.zarr").shape == (12, 3, 12, 2)


def test_fields_are_of_solver_files(cli: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "fields.npy", np.ones((3, 2, 4)))
    done = cli("ingest", tmp_path / "fields.npy", "--fields", "T", "--study", tmp_path / "study")
    assert done.code == 2
    assert "--fields, --start, --box and similar options have no effect" in done.err


def test_every_second_timestep(cli: Any, runs: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    done = cli(
        "ingest",
        runs,
        "--params",
        tmp_path / "params.csv",
        "--start",
        0,
        "--every",
        2,
        "--study",
        study,
    )
    assert done.code == 0, done.err
    dataset = Dataset.open(study / "input_data/dataset.zarr")
    assert dataset.shape == (12, 2, 12, 2)
    np.testing.assert_array_equal(dataset.times, [0, 2])


def test_bad_runs_are_said_and_ranges_are_of_a_good_one(cli: Any, tmp_path: Path) -> None:
    for run in range(3):
        folder = tmp_path / f"runs/run_{run}"
        folder.mkdir(parents=True)
        for step in range(2):
            grid = pyvista.ImageData(dimensions=(3, 3, 1))
            grid.point_data["T"] = np.full(9, 7.0 + run)
            grid.save(folder / f"t_{step}.vti")
    (tmp_path / "runs/run_0/t_1.vti").unlink()
    done = cli("inspect", tmp_path / "runs")
    assert done.code == 0
    assert "1 of them bad" in done.out
    assert "run_0: 1 timesteps, up to 0, but 2" in done.out
    assert "of run 1, the first good one" in done.out
    assert "8" in done.out


def test_columns_of_a_table_are_shown(cli: Any, tmp_path: Path) -> None:
    rows = [f"r{k},{k},steel,{(k % 2 and 'thin') or 'thick'},run {k}" for k in range(4)]
    lines = ["id,speed [m/s],material,plate,comment", *rows]
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n")
    done = cli("inspect", "--params", tmp_path / "p.csv")
    assert done.code == 0, done.err
    for words in (
        r"4: 'r0', 'r1', 'r2', 'r3'",
        r"speed\W+m/s\W+number\W+0 to 3",
        r"plate\W+category\W+thick, thin",
        r"material\W+constant\W+steel",
        r"comment\W+carried along, not",
        r"column 'comment' \(text, 4 different values in 4 runs\) is carried along",
    ):
        assert re.search(words, done.out), (words, done.out)
