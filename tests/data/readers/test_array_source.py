"""Arrays under any names and with any order of axes, in files of all runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset

RANDOM = np.random.default_rng(0)
GRID = RANDOM.normal(size=(5, 3, 11, 12)).astype(np.float32)


def ingest(path: Path, part: RunPart | None = None, **options: object) -> Dataset:
    table = path.parent / "p.csv"
    table.write_text("a\n" + "".join(f"{run}\n" for run in range(5)))
    chosen = IngestOptions(params=table, selection=part, **options)  # type: ignore[arg-type]
    return build_dataset([path], path.parent / "data.zarr", chosen)[0]


def all_runs(data: Dataset) -> np.ndarray:
    return np.stack([data.run(row) for row in range(len(data.ids))])


def test_a_grid_is_not_taken_for_variables(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", GRID)
    with pytest.raises(UserError, match="11 x 12 nodes, or of 11 nodes with 12 variables"):
        ingest(tmp_path / "f.npy")
    data = ingest(tmp_path / "f.npy", RunPart(axes=("run", "time", "y", "x")))
    np.testing.assert_array_equal(all_runs(data), GRID.reshape(5, 3, 132, 1))


def test_named_variables_are_no_grid(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", GRID)
    data = ingest(tmp_path / "f.npy", variables=[f"u{k}" for k in range(12)])
    np.testing.assert_array_equal(all_runs(data), GRID)


def test_coordinates_of_all_points_make_it_a_grid(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", GRID)
    np.save(tmp_path / "xy.npy", RANDOM.normal(size=(132, 2)))
    data = ingest(tmp_path / "f.npy", coords=tmp_path / "xy.npy")
    np.testing.assert_array_equal(all_runs(data), GRID.reshape(5, 3, 132, 1))


def test_axes_in_any_order(tmp_path: Path) -> None:
    # MATLAB writes [nodes, times, runs].
    values = GRID[..., 0]
    np.save(tmp_path / "f.npy", values.transpose(2, 1, 0))
    data = ingest(tmp_path / "f.npy", RunPart(axes=("node", "time", "run")))
    np.testing.assert_array_equal(all_runs(data)[..., 0], values)


def test_steady_runs_on_a_square_grid_are_pointed_out(tmp_path: Path) -> None:
    square = GRID[:, 0, :, :11]
    np.save(tmp_path / "f.npy", square)
    table = tmp_path / "p.csv"
    table.write_text("a\n1\n2\n3\n4\n5\n")
    _, notes = build_dataset([tmp_path / "f.npy"], tmp_path / "d", IngestOptions(params=table))
    assert "--axes run,y,x" in notes[0]
    data = ingest(tmp_path / "f.npy", RunPart(axes=("run", "y", "x")))
    np.testing.assert_array_equal(all_runs(data), square.reshape(5, 1, 121, 1))


def test_names_of_arrays(tmp_path: Path) -> None:
    u = GRID[..., 0]
    v = GRID[..., 1]
    times = np.array([0.0, 0.5, 2.0])
    np.savez(tmp_path / "f.npz", usol=u, vsol=v, t=times)
    with pytest.raises(UserError, match=r"usol \[5, 3, 11\].*--array u=NAME,v=NAME"):
        ingest(tmp_path / "f.npz")
    data = ingest(tmp_path / "f.npz", RunPart(arrays=("u=usol", "v=vsol", "times=t")))
    assert data.variables == ("u", "v")
    np.testing.assert_array_equal(data.times, times)
    np.testing.assert_array_equal(all_runs(data), np.stack([u, v], axis=3))
    with pytest.raises(UserError, match="there is no 'wsol'"):
        open_source(tmp_path / "f.npz", RunPart(arrays=("wsol",))).__enter__()


def test_the_only_array_of_all_runs_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["usol"] = GRID[..., 0]
        file["t"] = np.arange(3.0)
    with open_source(tmp_path / "f.h5") as source:
        np.testing.assert_array_equal(source.run(2), GRID[2, ..., 0])
        assert "not read: t [3]" in source.notes[0]


def test_positions_along_the_axes_of_a_grid(tmp_path: Path) -> None:
    x = np.linspace(0.0, 1.0, 12)
    y = np.linspace(5.0, 7.0, 11)
    np.savez(tmp_path / "f.npz", p=GRID, x=x, y=y)
    data = ingest(tmp_path / "f.npz", RunPart(axes=("run", "time", "y", "x"), arrays=("p=p",)))
    assert data.mesh.coords is not None
    np.testing.assert_array_equal(data.mesh.coords[13], [x[1], y[1]])
    assert len(data.mesh.cells["quad"]) == 10 * 11
    np.testing.assert_array_equal(data.run(4)[2, 13], GRID[4, 2, 1, 1])


def test_unclear_axes(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", GRID)
    for axes in (("run", "time", "node", "x"), ("run", "time"), ("run", "run", "node", "time")):
        with pytest.raises(UserError, match="name each axis once"):
            open_source(tmp_path / "f.npy", RunPart(axes=axes)).__enter__()
    with pytest.raises(UserError, match="names no axis 'run'"):
        open_source(tmp_path / "f.npy", RunPart(axes=("time", "z", "y", "x"))).__enter__()
    with pytest.raises(UserError, match="but --axes names run, node"):
        open_source(tmp_path / "f.npy", RunPart(axes=("run", "node"))).__enter__()
    np.save(tmp_path / "g.npy", GRID[..., None])
    with pytest.raises(UserError, match="--axes run,time,y,x"):
        open_source(tmp_path / "g.npy").__enter__()
