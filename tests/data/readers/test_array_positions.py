"""Positions of the nodes of each run beside arrays of fields."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

RNG = np.random.default_rng(0)
FIELDS = RNG.random((5, 3, 4)).astype(np.float32)
PLACES = RNG.random((5, 4, 2))


def write(folder: Path, fields: np.ndarray, places: np.ndarray, first: int = 0) -> IngestOptions:
    np.save(folder / "fields.npy", fields)
    np.save(folder / "coords.npy", places)
    rows = "".join(f"r{first + k},{k + first}\n" for k in range(len(fields)))
    (folder / "p.csv").write_text("id,a\n" + rows)
    return IngestOptions(params=folder / "p.csv", coords=folder / "coords.npy")


def ingest(folder: Path, options: IngestOptions) -> Dataset:
    return build_dataset([folder / "fields.npy"], folder / "d.zarr", options)[0]


def placed(dataset: Dataset, run: int) -> np.ndarray:
    assert dataset.shapes is not None
    found = dataset.shapes.placement(run).mesh.coords
    assert found is not None
    return found


def test_each_run_has_its_positions(tmp_path: Path) -> None:
    dataset = ingest(tmp_path, write(tmp_path, FIELDS, PLACES))
    for run in range(5):
        np.testing.assert_array_equal(dataset.run(run)[..., 0], FIELDS[run])
        np.testing.assert_allclose(placed(dataset, run), PLACES[run], atol=1e-7)


def test_positions_in_the_file_of_the_fields(tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", fields=FIELDS, coords=PLACES, params=np.arange(5.0)[:, None])
    dataset, _ = build_dataset([tmp_path / "all.npz"], tmp_path / "d.zarr", IngestOptions())
    np.testing.assert_allclose(placed(dataset, 3), PLACES[3], atol=1e-7)


def test_the_geometry_is_condition_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", fields=FIELDS, coords=PLACES)
    dataset, _ = build_dataset([tmp_path / "all.npz"], tmp_path / "d.zarr", IngestOptions())
    assert dataset.conditions.names == ()
    assert dataset.ids == ("0", "1", "2", "3", "4")


def test_positions_count_in_the_fingerprint(tmp_path: Path) -> None:
    first = ingest(tmp_path, write(tmp_path, FIELDS, PLACES))
    (tmp_path / "other").mkdir()
    moved = PLACES.copy()
    moved[4, 0, 0] += 0.01
    second = ingest(tmp_path / "other", write(tmp_path / "other", FIELDS, moved))
    assert first.fingerprint != second.fingerprint
    assert first.digests[:4] == second.digests[:4]
    assert first.digests[4] != second.digests[4]


def test_appended_runs_are_placed_on_the_mesh_of_the_study(tmp_path: Path) -> None:
    ingest(tmp_path, write(tmp_path, FIELDS[:3], PLACES[:3]))
    (tmp_path / "more").mkdir()
    options = write(tmp_path / "more", FIELDS[3:], PLACES[3:], first=3)
    append_runs(
        [tmp_path / "more/fields.npy"],
        tmp_path / "d.zarr",
        options,
        settings=DataSettings(),
        split_file=tmp_path / "split.csv",
    )
    dataset = Dataset.open(tmp_path / "d.zarr")
    for run in range(5):
        np.testing.assert_allclose(placed(dataset, run), PLACES[run], atol=1e-7)


def test_a_bad_run_leaves_no_gap(tmp_path: Path) -> None:
    fields = FIELDS.copy()
    fields[1, 0, 0] = np.nan
    options = write(tmp_path, fields, PLACES)
    (tmp_path / "p.csv").write_text("id,a\n" + "".join(f"r{k},{k}\n" for k in range(5)))
    dataset, _ = build_dataset(
        [tmp_path / "fields.npy"],
        tmp_path / "d.zarr",
        IngestOptions(params=options.params, coords=options.coords, skip_bad=True),
    )
    assert dataset.ids == ("r0", "r2", "r3", "r4")
    for row, run in enumerate((0, 2, 3, 4)):
        np.testing.assert_allclose(placed(dataset, row), PLACES[run], atol=1e-7)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (PLACES[:4], "positions of the nodes of 4 runs, but the fields have 5"),
        (np.zeros((5, 4, 4)), r"must be \[runs, nodes, 1…3\]"),
        (np.full((5, 4, 2), np.nan), "the positions of run 0 are not finite"),
        (PLACES[:, :3], "4 values per timestep, which are not 3 nodes .of the coordinates"),
    ],
)
def test_positions_that_do_not_fit(tmp_path: Path, places: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ingest(tmp_path, write(tmp_path, FIELDS, places))


def test_arrays_in_memory_are_the_same_dataset_as_files(tmp_path: Path) -> None:
    stored = ingest(tmp_path, write(tmp_path, FIELDS, PLACES))
    made = Dataset.from_arrays(FIELDS, stored.conditions, coords=PLACES, variables=stored.variables)
    assert made.fingerprint == stored.fingerprint
    np.testing.assert_allclose(placed(made, 2), PLACES[2], atol=1e-7)
    made.save(tmp_path / "made.zarr")
    assert Dataset.open(tmp_path / "made.zarr").fingerprint == stored.fingerprint


def test_positions_in_memory_that_do_not_fit() -> None:
    with pytest.raises(UserError, match="of the nodes of 4 runs, but there are 5"):
        Dataset.from_arrays(FIELDS, {"a": list(range(5))}, coords=PLACES[:4])
    with pytest.raises(UserError, match="of run 0 are not finite"):
        Dataset.from_arrays(FIELDS, {"a": list(range(5))}, coords=PLACES * np.nan)


def test_a_study_is_read_with_the_geometries_of_its_runs(tmp_path: Path) -> None:
    stored = ingest(tmp_path, write(tmp_path, FIELDS, PLACES))
    again, _ = build_dataset([tmp_path / "d.zarr"], tmp_path / "e.zarr", IngestOptions())
    assert again.fingerprint == stored.fingerprint
