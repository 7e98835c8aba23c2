"""Positions of nodes in time beside arrays of fields."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers import open_source
from simulgenvae.errors import UserError

RNG = np.random.default_rng(0)
RUNS, STEPS, NODES = 5, 3, 4
FIELDS = RNG.random((RUNS, STEPS, NODES)).astype(np.float32)
SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
TIMES = np.arange(STEPS)[:, None, None]
MOTION = ("mesh_displacement_x", "mesh_displacement_y")
CELLS = np.array([[0, 1, 2, 3]])


def places(*, own: bool = False) -> np.ndarray:
    """Return positions that are moved, `[N, T, M, 2]`; each run starts elsewhere if ``own``."""
    starts = SQUARE * (1 + 0.1 * np.arange(RUNS) * own)[:, None, None]
    size = 0.1 * np.arange(1, RUNS + 1)[:, None, None, None]
    return starts[:, None] + size * TIMES * SQUARE[:, ::-1]


def ingest(source: Path, target: Path, **options: object) -> Dataset:
    (target / "p.csv").write_text("a\n" + "".join(f"{k}\n" for k in range(RUNS)))
    chosen = IngestOptions(params=target / "p.csv", **options)  # type: ignore[arg-type]
    return build_dataset([source], target / "d.zarr", chosen)[0]


def found(dataset: Dataset, run: int) -> np.ndarray:
    """Return where the nodes of a run are by the stored data, `[T, M, D]`."""
    mesh = dataset.mesh if dataset.shapes is None else dataset.shapes.placement(run).mesh
    columns = [dataset.variables.index(name) for name in dataset.motion]
    assert mesh.coords is not None
    return np.asarray(mesh.coords + dataset.run(run)[..., columns])


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_positions_of_each_run_in_time(tmp_path: Path, own: bool, beside: bool) -> None:
    if beside:
        np.save(tmp_path / "f.npy", FIELDS)
        np.save(tmp_path / "coords.npy", places(own=own))
        dataset = ingest(tmp_path / "f.npy", tmp_path, coords=tmp_path / "coords.npy")
    else:
        np.savez(tmp_path / "f.npz", fields=FIELDS, coords=places(own=own), cells_quad=CELLS)
        dataset = ingest(tmp_path / "f.npz", tmp_path)
        assert dataset.mesh.cells.describe() == {"quad": 1}
    assert dataset.variables == ("field", *MOTION)
    assert dataset.motion == MOTION
    assert (dataset.shapes is not None) == own
    for run in range(RUNS):
        np.testing.assert_array_equal(dataset.run(run)[..., 0], FIELDS[run])
        np.testing.assert_allclose(found(dataset, run), places(own=own)[run], atol=1e-6)
    assert any("the nodes move in time" in line for line in dataset.remarks)


def test_positions_in_time_that_all_runs_share(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", FIELDS)
    np.save(tmp_path / "coords.npy", places()[2])
    dataset = ingest(tmp_path / "f.npy", tmp_path, coords=tmp_path / "coords.npy")
    assert dataset.motion == MOTION
    for run in range(RUNS):
        np.testing.assert_allclose(found(dataset, run), places()[2], atol=1e-6)


def test_a_file_of_each_run_has_its_positions(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for run in range(RUNS):
        file = tmp_path / f"runs/{run}.npz"
        np.savez(file, fields=FIELDS[run], coords=places(own=True)[run], cells_quad=CELLS)
    dataset = ingest(tmp_path / "runs", tmp_path)
    assert dataset.motion == MOTION
    for run in range(RUNS):
        np.testing.assert_array_equal(dataset.run(run)[..., 0], FIELDS[run])
        np.testing.assert_allclose(found(dataset, run), places(own=True)[run], atol=1e-6)


def test_a_file_of_each_run_has_its_geometry(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for run in range(RUNS):
        file = tmp_path / f"runs/{run}.npz"
        np.savez(file, fields=FIELDS[run], coords=places(own=True)[run, 0])
    dataset = ingest(tmp_path / "runs", tmp_path)
    assert dataset.motion == ()
    for run in range(RUNS):
        assert dataset.shapes is not None
        coords = dataset.shapes.placement(run).mesh.coords
        np.testing.assert_allclose(coords, places(own=True)[run, 0], atol=1e-6)


@pytest.mark.parametrize("shape", [(RUNS, STEPS, 2 * NODES), (RUNS, STEPS, NODES, 2)])
def test_variables_are_named_without_the_motion(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "f.npy", RNG.random(shape))
    np.save(tmp_path / "coords.npy", places())
    dataset = ingest(
        tmp_path / "f.npy",
        tmp_path,
        coords=tmp_path / "coords.npy",
        variables=["u", "T"],
        units=["m/s", "K"],
        length_unit="mm",
    )
    assert dataset.variables == ("u", "T", *MOTION)
    assert dataset.units == ("m/s", "K", "mm", "mm")


def test_positions_out_of_a_plane_have_three_components(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", FIELDS)
    flat = np.concatenate([places(), np.zeros((RUNS, STEPS, NODES, 1))], axis=3)
    np.save(tmp_path / "coords.npy", flat)
    dataset = ingest(tmp_path / "f.npy", tmp_path, coords=tmp_path / "coords.npy")
    assert dataset.motion == MOTION
    flat[3, 1, 2, 2] = 0.1
    np.save(tmp_path / "coords.npy", flat)
    options = {"coords": tmp_path / "coords.npy", "if_exists": "replace"}
    assert ingest(tmp_path / "f.npy", tmp_path, **options).motion == (
        *MOTION,
        "mesh_displacement_z",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (places()[:, :2], r"they must be .* or, in time, \[runs, 3 timesteps, nodes, 1…3\]"),
        (places()[:4], "positions of the nodes of 4 runs, but the fields have 5"),
        (places()[..., :3, :], "has 4 values per timestep, which are not 3 nodes"),
    ],
)
def test_positions_that_do_not_fit(tmp_path: Path, given: np.ndarray, message: str) -> None:
    np.save(tmp_path / "f.npy", FIELDS)
    np.save(tmp_path / "coords.npy", given)
    with pytest.raises(UserError, match=message):
        ingest(tmp_path / "f.npy", tmp_path, coords=tmp_path / "coords.npy")


def test_one_run_is_in_memory_at_a_time(tmp_path: Path) -> None:
    count = 2000
    fields = np.zeros((20, STEPS, count), np.float32)
    start = np.stack([np.arange(count), np.arange(count) % 7], axis=1).astype(float)
    moving = start + TIMES * np.arange(1, 21)[:, None, None, None] * 1e-3
    np.savez(tmp_path / "f.npz", fields=fields, coords=moving)
    tracemalloc.start()
    with open_source(tmp_path / "f.npz") as source:
        assert source.positions is not None
        tracemalloc.reset_peak()
        for run in range(20):
            assert source.positions(run).shape == (STEPS, count, 2)
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * moving.nbytes
