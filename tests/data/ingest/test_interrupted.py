"""An ingest that was killed while it put dataset and split in their places."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.interrupted import finish_ingest

MARK = "123-0123abcd"
NEW = "id,split\n" + "".join(f"run{k},train\n" for k in range(12))
OLD = "id,split\n" + "".join(f"run{k},{'test' if k else 'train'}\n" for k in range(8))


@pytest.fixture
def study(tmp_path: Path, waves: Dataset) -> Path:
    """Return a folder with a dataset of 12 runs."""
    waves.save(tmp_path / "dataset.zarr")
    return tmp_path


def _finish(study: Path) -> dict[str, str]:
    finish_ingest(study / "dataset.zarr", study / "split.csv")
    Dataset.open(study / "dataset.zarr")
    return {path.name: path.read_text() for path in study.iterdir() if path.is_file()}


@pytest.mark.parametrize("old", [None, OLD])
def test_the_new_split_comes_to_the_new_dataset(study: Path, old: str | None) -> None:
    if old is not None:
        (study / "split.csv").write_text(old)
    (study / f".split.csv.{MARK}.tmp").write_text(NEW)
    assert _finish(study) == {"split.csv": NEW}


@pytest.mark.parametrize("new", [OLD, NEW[:20], ""])
def test_the_old_dataset_keeps_its_split(study: Path, new: str) -> None:
    (study / "split.csv").write_text(NEW)
    (study / f".split.csv.{MARK}.tmp").write_text(new)
    (study / f".dataset.zarr.{MARK}.tmp/fields").mkdir(parents=True)
    assert _finish(study) == {"split.csv": NEW}
    assert len(list(study.iterdir())) == 2


def test_a_dataset_that_was_moved_aside_comes_back(study: Path, waves: Dataset) -> None:
    (study / "dataset.zarr").rename(study / f".dataset.zarr.{MARK}.old")
    other = dataclasses.replace(waves, remarks=("new",))
    other.save(study / f".dataset.zarr.{MARK}.tmp")
    assert _finish(study) == {}
    assert Dataset.open(study / "dataset.zarr").remarks == ()
    assert len(list(study.iterdir())) == 1


def test_other_files_stay(study: Path) -> None:
    for name in (".split.csv", f".other.csv.{MARK}.tmp", ".dataset.zarr.tmp"):
        (study / name).write_text("")
    assert sorted(_finish(study)) == [".dataset.zarr.tmp", f".other.csv.{MARK}.tmp", ".split.csv"]
