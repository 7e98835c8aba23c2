"""Folders with one file of arrays for each run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.errors import UserError

RUNS = np.random.default_rng(0).normal(size=(12, 4, 10))


def write_runs(folder: Path) -> Path:
    folder.mkdir()
    for run, values in enumerate(RUNS):
        np.save(folder / f"run_{run}.npy", values)
    return folder


def test_each_file_is_a_run(tmp_path: Path) -> None:
    folder = write_runs(tmp_path / "runs")
    (folder / "notes.txt").write_text("by hand")
    table = tmp_path / "p.csv"
    table.write_text("id,a\n" + "".join(f"run_{run},{run}\n" for run in reversed(range(12))))
    data, notes = build_dataset([folder], tmp_path / "d", IngestOptions(params=table))
    # Natural order: run_2 comes before run_10.
    assert data.ids == tuple(f"run_{run}" for run in range(12))
    np.testing.assert_array_equal(data.conditions.table[:, 0], np.arange(12))
    np.testing.assert_array_equal(data.run(10)[..., 0], RUNS[10].astype(np.float32))
    assert "each of the 12 files is a run" in notes[0]


def test_runs_that_are_not_like_the_first(tmp_path: Path) -> None:
    folder = write_runs(tmp_path / "runs")
    np.save(folder / "run_3.npy", RUNS[3, :3])
    np.save(folder / "run_5.npy", np.array([[1, 2], [3]], dtype=object), allow_pickle=True)
    source = open_source(folder).__enter__()
    assert set(source.problems) == {3, 5}
    assert "a run of 3 timesteps, 10 nodes" in source.problems[3]
    assert "Python objects" in source.problems[5]


def test_named_arrays_and_axes(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for run, values in enumerate(RUNS):
        # MATLAB's own order of a run: nodes, times.
        content = {"usol": values.T, "p": -values.T, "t": np.arange(4.0)}
        scipy.io.savemat(folder / f"{run}.mat", content)
    part = RunPart(axes=("node", "time"), arrays=("u=usol", "p=p", "times=t"))
    source = open_source(folder, part).__enter__()
    np.testing.assert_array_equal(source.run(7), np.stack([RUNS[7], -RUNS[7]], axis=2))
    np.testing.assert_array_equal(source.companions["times"], np.arange(4.0))
    assert source.companions["variables"].tolist() == ["u", "p"]


def test_times_must_be_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for run, values in enumerate(RUNS[:3]):
        np.savez(folder / f"{run}.npz", fields=values, times=np.arange(4.0) + (run == 1))
    source = open_source(folder).__enter__()
    assert "its 'times' differ from" in source.problems[1]


def test_a_run_on_a_grid_must_be_named(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for run in range(3):
        np.save(folder / f"{run}.npy", RUNS.reshape(3, 16, 10)[:3] + run)
    with pytest.raises(UserError, match="--axes time,y,x"):
        open_source(folder)
    source = open_source(folder, RunPart(axes=("time", "y", "x"))).__enter__()
    assert source.shape == (3, 3, 160, 1)
