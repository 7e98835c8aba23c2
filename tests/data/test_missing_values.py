"""Nodes that are NaN in every run are a mask; other NaN are mistakes of single runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

RUNS = 6
VALUES = np.random.default_rng(0).normal(size=(RUNS, 3, 7, 2)).astype(np.float32)
LAND = np.array([1, 2, 6])
"""Nodes without values."""
SEA = np.setdiff1d(np.arange(7), LAND)
COORDS = np.stack([np.arange(7.0), np.arange(7.0) ** 2], axis=1)


def with_land(runs: int = RUNS) -> np.ndarray:
    fields = VALUES[:runs].copy()
    fields[:, :, LAND] = np.nan
    return fields


def ingest(folder: Path, fields: np.ndarray, *, skip_bad: bool = False) -> Dataset:
    np.savez(folder / "f.npz", fields=fields, coords=COORDS, variables=["u", "v"])
    table = folder / "p.csv"
    table.write_text("id,a\n" + "".join(f"r{run},{run}\n" for run in range(len(fields))))
    options = IngestOptions(params=table, skip_bad=skip_bad, if_exists="replace")
    return build_dataset([folder / "f.npz"], folder / "data.zarr", options)[0]


def test_the_mask_is_left_out_and_written_back(tmp_path: Path) -> None:
    data = ingest(tmp_path, with_land())
    assert data.nodes == len(SEA)
    np.testing.assert_array_equal(data.mesh.coords, COORDS[SEA])
    np.testing.assert_array_equal(data.run(4), VALUES[4][:, SEA])
    np.testing.assert_array_equal(data.whole_run(4), with_land()[4])
    np.testing.assert_array_equal(data.whole_mesh.coords, COORDS)
    assert "3 of 7 nodes have no values (NaN) in any run at any time" in data.remarks[0]
    # The stored array is that of the file.
    stored = zarr.open_array(tmp_path / "data.zarr/fields", mode="r")
    np.testing.assert_array_equal(np.asarray(stored[...]), with_land())


def test_stored_in_memory_and_saved_again_are_the_same(tmp_path: Path) -> None:
    opened = ingest(tmp_path, with_land())
    table = Conditions(opened.ids, ("a",), np.arange(RUNS)[:, None].astype(float))
    memory = Dataset.from_arrays(with_land(), table, coords=COORDS, variables=["u", "v"])
    assert memory.fingerprint == opened.fingerprint
    np.testing.assert_array_equal(memory.run(2), VALUES[2][:, SEA])
    memory.save(tmp_path / "again.zarr")
    again = Dataset.open(tmp_path / "again.zarr")
    assert again.fingerprint == opened.fingerprint
    assert again.remarks == opened.remarks
    np.testing.assert_array_equal(again.load().run(2), VALUES[2][:, SEA])


def test_other_missing_values_are_errors_by_run(tmp_path: Path) -> None:
    fields = with_land()
    fields[1, 0, 0, 0] = np.nan
    fields[3, :, 4] = np.nan
    with pytest.raises(UserError, match=r"run 'r1': 1 of 42 .*; run 'r3': 6 of 42 values are NaN"):
        ingest(tmp_path, fields)
    data = ingest(tmp_path, fields, skip_bad=True)
    assert data.ids == ("r0", "r2", "r4", "r5")
    for row, run in enumerate((0, 2, 4, 5)):
        np.testing.assert_array_equal(data.run(row), VALUES[run][:, SEA])


def test_a_run_with_values_where_the_others_have_none(tmp_path: Path) -> None:
    fields = with_land()
    fields[0] = VALUES[0]
    with pytest.raises(UserError, match="run 'r0': has values at 3 nodes where most runs have"):
        ingest(tmp_path, fields)
    data = ingest(tmp_path, fields, skip_bad=True)
    np.testing.assert_array_equal(data.run(0), VALUES[1][:, SEA])


def test_a_single_run_with_a_hole_is_no_mask(tmp_path: Path) -> None:
    fields = VALUES.copy()
    fields[2, :, 3] = np.nan
    with pytest.raises(UserError, match="run 'r2': 6 of 42 values are NaN or infinite"):
        ingest(tmp_path, fields)


def test_a_run_of_nothing_is_no_mask(tmp_path: Path) -> None:
    fields = np.full_like(VALUES, np.nan)
    with pytest.raises(UserError, match="42 of 42 values"):
        ingest(tmp_path, fields)


def test_infinite_values_are_no_mask(tmp_path: Path) -> None:
    fields = VALUES.copy()
    fields[:, :, LAND] = np.inf
    with pytest.raises(UserError, match="18 of 42 values"):
        ingest(tmp_path, fields)


def test_a_single_variable_that_is_missing_is_said(tmp_path: Path) -> None:
    fields = VALUES.copy()
    fields[:, :, LAND, 0] = np.nan
    with pytest.raises(UserError, match=r"of 7 nodes .* \(NaN\) of 'u' at 3, 'v' at 0"):
        ingest(tmp_path, fields)


def test_appended_runs_have_the_mask_of_the_study(tmp_path: Path) -> None:
    ingest(tmp_path, with_land())
    table = tmp_path / "more.csv"
    table.write_text("id,a\nn0,1\nn1,2\n")
    options = IngestOptions(params=table, if_exists="append")

    def append(fields: np.ndarray) -> Dataset:
        np.savez(tmp_path / "more.npz", fields=fields, coords=COORDS, variables=["u", "v"])
        return append_runs(
            [tmp_path / "more.npz"],
            tmp_path / "data.zarr",
            options,
            settings=DataSettings(),
            split_file=tmp_path / "split.csv",
        )[0]

    with pytest.raises(UserError, match="run 'n0': has values at 3 nodes"):
        append(VALUES[:2])
    data = append(with_land()[:2])
    assert len(data.remarks) == 1
    np.testing.assert_array_equal(data.run(7), VALUES[1][:, SEA])
    np.testing.assert_array_equal(data.run(5), VALUES[5][:, SEA])
