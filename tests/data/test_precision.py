"""Variations that float32 would lose are stored with an offset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista
import zarr

from simulgenvae.data.checks.dataset import check
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.precision import Precision, fits_float32
from simulgenvae.data.split import make_split
from simulgenvae.settings import DataSettings

RUNS = 6
SHAPE = (RUNS, 4, 9)
RANDOM = np.random.default_rng(0)
PRESSURE = 101325 + 0.02 * RANDOM.normal(size=SHAPE)
TEMPERATURE = 300 + RANDOM.normal(size=SHAPE)
FIELDS = np.stack([PRESSURE, TEMPERATURE], axis=3)


def ingest(folder: Path, fields: np.ndarray, *, skip_bad: bool = False) -> Dataset:
    np.savez(folder / "f.npz", fields=fields, variables=["p", "T"][: fields.shape[3]])
    table = folder / "p.csv"
    table.write_text("id,a\n" + "".join(f"r{run},{run}\n" for run in range(len(fields))))
    options = IngestOptions(params=table, skip_bad=skip_bad, if_exists="replace")
    return build_dataset([folder / "f.npz"], folder / "data.zarr", options)[0]


def error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(found - truth).max() / truth.std())


def test_a_small_variation_around_a_large_value_is_kept(tmp_path: Path) -> None:
    data = ingest(tmp_path, FIELDS)
    assert data.dtype == np.float64
    for run in range(RUNS):
        assert error(data.run(run)[..., 0], PRESSURE[run]) < 1e-6
        # Without need there is no offset: the same numbers as ever.
        assert data.offsets[1] == 0
        np.testing.assert_array_equal(
            data.run(run)[..., 1], TEMPERATURE[run].astype(np.float32).astype(np.float64)
        )
    assert "'p' varies by 0.0192 (standard deviation) around 101325" in data.remarks[0]
    # A training reads single precision, in which the variation is whole.
    stored = np.empty((4, 9, 2), np.float32)
    data.read(3, stored)
    assert error(stored[..., 0] + data.offsets[0], PRESSURE[3]) < 1e-6


def test_what_float32_holds_is_stored_as_before(tmp_path: Path) -> None:
    data = ingest(tmp_path, FIELDS[..., 1:])
    assert data.dtype == np.float32
    assert data.remarks == ()
    assert zarr.open_group(tmp_path / "data.zarr", mode="r").attrs["offsets"] == []
    # Single precision has lost what it has lost.
    lost = ingest(tmp_path, FIELDS.astype(np.float32))
    assert lost.dtype == np.float32


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        (101325 + 0.02 * RANDOM.normal(size=200), True),
        (101325 + 100 * RANDOM.normal(size=200), False),
        (1e-9 * RANDOM.normal(size=200), False),
        (1e12 + RANDOM.normal(size=200), True),
        (np.full(200, 101325.02), False),
        # Rounding errors of double precision are no variation.
        (0.1 + 1e-17 * RANDOM.normal(size=200), False),
        (np.arange(200) + 2**31, True),
        (np.full(200, np.nan), False),
    ],
)
def test_offsets_where_they_are_needed(values: np.ndarray, needed: bool) -> None:
    precision = Precision()
    precision.add(values.reshape(2, 100, 1))
    offsets = precision.offsets()
    assert (offsets is not None) == needed
    if offsets is not None:
        stored = (values - offsets).astype(np.float32)
        assert error(stored.astype(np.float64) + offsets, values.astype(np.float64)) < 1e-3


def test_bad_runs_and_masks_with_offsets(tmp_path: Path) -> None:
    fields = FIELDS.copy()
    fields[:, :, 2] = np.nan
    fields[4, 0, 0, 0] = np.nan
    data = ingest(tmp_path, fields, skip_bad=True)
    assert data.ids == ("r0", "r1", "r2", "r3", "r5")
    rest = np.delete(PRESSURE, 2, axis=2)
    assert error(data.run(4)[..., 0], rest[5]) < 1e-6
    assert np.isnan(data.whole_run(4)[:, 2]).all()


def test_in_memory_and_saved_again(tmp_path: Path) -> None:
    opened = ingest(tmp_path, FIELDS)
    table = Conditions(opened.ids, ("a",), np.arange(RUNS)[:, None].astype(float))
    memory = Dataset.from_arrays(FIELDS, table, variables=["p", "T"])
    np.testing.assert_array_equal(memory.offsets, opened.offsets)
    assert memory.fingerprint == opened.fingerprint
    memory.save(tmp_path / "again.zarr")
    again = Dataset.open(tmp_path / "again.zarr")
    assert again.fingerprint == opened.fingerprint
    np.testing.assert_array_equal(again.load().run(2), opened.run(2))


def test_appended_runs_get_the_offsets_of_the_study(tmp_path: Path) -> None:
    ingest(tmp_path, FIELDS[:4])
    table = tmp_path / "more.csv"
    table.write_text("id,a\nn0,1\nn1,2\n")
    np.savez(tmp_path / "more.npz", fields=FIELDS[4:], variables=["p", "T"])

    def append() -> Dataset:
        return append_runs(
            [tmp_path / "more.npz"],
            tmp_path / "data.zarr",
            IngestOptions(params=table, if_exists="append"),
            settings=DataSettings(),
            split_file=tmp_path / "split.csv",
        )[0]

    data = append()
    assert error(data.run(5)[..., 0], PRESSURE[5]) < 1e-6
    assert len(data.remarks) == 1
    # A study without offsets cannot get them, which is said.
    (tmp_path / "split.csv").unlink()
    ingest(tmp_path, FIELDS[:4].astype(np.float32))
    assert "precision is lost of the added runs" in append().remarks[0]


def test_the_check_sees_the_variation(tmp_path: Path) -> None:
    data = ingest(tmp_path, FIELDS)
    report = check(data, make_split(data.ids, DataSettings(), None))
    assert not any("everywhere" in finding.message for finding in report.findings)
    rows = {row[0]: row for row in report.tables[1].rows}
    assert float(rows["p"][2]) == pytest.approx(PRESSURE.min(), abs=1e-6)


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        (np.zeros((5, 1)), True),
        (np.full((5, 1), 101325.0), True),
        (np.full((5, 1), 300.1), False),
        (PRESSURE[0].reshape(-1, 1), False),
        (TEMPERATURE[0].reshape(-1, 1), True),
        (PRESSURE[0].reshape(-1, 1).astype(np.float32), True),
        (np.array([[np.nan], [1.0], [2.0]]), True),
        (np.full((5, 1), np.nan), True),
        (np.array([[1e300], [1.0]]), False),
    ],
)
def test_what_fits_float32(values: np.ndarray, fits: bool) -> None:
    assert fits_float32(values) == fits


def test_solver_files_in_double_precision(tmp_path: Path) -> None:
    points = np.stack([np.arange(9.0), np.zeros(9), np.zeros(9)], axis=1)
    cells = np.stack([np.full(8, 2), np.arange(8), np.arange(1, 9)], axis=1)
    (tmp_path / "runs").mkdir()
    for run in range(RUNS):
        grid = pyvista.UnstructuredGrid(cells.ravel(), np.full(8, 3), points)
        grid.point_data["p"] = PRESSURE[run, 0]
        grid.save(tmp_path / f"runs/r{run}.vtu")
    table = tmp_path / "p.csv"
    table.write_text("id,a\n" + "".join(f"r{run},{run}\n" for run in range(RUNS)))
    options = IngestOptions(params=table)
    data, _ = build_dataset([tmp_path / "runs"], tmp_path / "data.zarr", options)
    assert error(data.run(3)[0, :, 0], PRESSURE[3, 0]) < 1e-6
