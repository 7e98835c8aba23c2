"""Categories and constants on their way from tables to the stored dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = np.random.default_rng(0).normal(size=(12, 2, 3, 1)).astype(np.float32)
MATERIALS = ("steel", "copper", "PLA, filled")


def files(folder: Path, name: str, rows: range, materials: tuple[str, ...], rho: int) -> Path:
    """Write fields and a table of some runs; return the path of the fields."""
    np.save(folder / f"{name}.npy", FIELDS[list(rows)])
    lines = [f'run_{k},{k / 7},"{materials[k % len(materials)]}",{rho}' for k in rows]
    (folder / f"{name}.csv").write_text("\n".join(["id,a,material,rho", *lines]) + "\n")
    return folder / f"{name}.npy"


def ingested(folder: Path) -> tuple[Dataset, list[str]]:
    fields = files(folder, "first", range(9), MATERIALS, 1000)
    options = IngestOptions(params=folder / "first.csv")
    return build_dataset([fields], folder / "d.zarr", options, split_target=folder / "split.csv")


def more(folder: Path, fields: Path) -> Dataset:
    return append_runs(
        [fields],
        folder / "d.zarr",
        IngestOptions(params=fields.with_suffix(".csv")),
        settings=DataSettings(),
        split_file=folder / "split.csv",
    )[0]


def test_what_is_stored_is_what_the_table_says(tmp_path: Path) -> None:
    dataset, notes = ingested(tmp_path)
    stored = Dataset.open(tmp_path / "d.zarr").conditions
    assert stored.names == ("a", "material")
    assert stored.values() == [[k / 7, MATERIALS[k % 3]] for k in range(9)]
    assert stored.left_out == dataset.conditions.left_out
    assert any("'material' is a category: copper, PLA, filled, steel" in note for note in notes)
    assert any("'rho' (1000 in all runs)" in note for note in notes)


def test_further_runs_may_have_further_values(tmp_path: Path) -> None:
    ingested(tmp_path)
    dataset = more(tmp_path, files(tmp_path, "more", range(9, 12), ("wood",), 1000))
    values = dataset.conditions.values()
    assert values[:9] == [[k / 7, MATERIALS[k % 3]] for k in range(9)]
    assert values[9:] == [[k / 7, "wood"] for k in range(9, 12)]


def test_a_constant_that_further_runs_change_is_refused(tmp_path: Path) -> None:
    ingested(tmp_path)
    with pytest.raises(UserError, match="'rho': '1200', but the column is 1000"):
        more(tmp_path, files(tmp_path, "more", range(9, 12), MATERIALS, 1200))


def test_constants_alone_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", FIELDS)
    (tmp_path / "p.csv").write_text("rho\n" + "1000\n" * 12)
    with pytest.raises(UserError, match="constant parameters rho"):
        build_dataset(
            [tmp_path / "f.npy"], tmp_path / "d.zarr", IngestOptions(params=tmp_path / "p.csv")
        )


def test_categories_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    first = ingested(tmp_path)[0].fingerprint
    (tmp_path / "other").mkdir()
    fields = files(tmp_path / "other", "first", range(9), ("steel", "copper", "PLA, plain"), 1000)
    options = IngestOptions(params=fields.with_suffix(".csv"))
    other = build_dataset([fields], tmp_path / "other" / "d.zarr", options)[0]
    assert other.fingerprint != first
