"""A dataset whose files vanish, or that is replaced, while it is open."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError


@pytest.fixture(params=["through the cache", "direct"])
def opened(
    request: pytest.FixtureRequest,
    waves: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Dataset:
    """Return a dataset on disk that is open."""
    waves.save(tmp_path / "dataset.zarr")
    if request.param == "direct":
        monkeypatch.setattr("simulgenvae.data.store.read.available_memory", lambda: 100)
    return Dataset.open(tmp_path / "dataset.zarr")


def test_a_chunk_that_vanishes_is_no_run_of_zeros(opened: Dataset, tmp_path: Path) -> None:
    (tmp_path / "dataset.zarr/fields/c/4/0/0/0").unlink()
    with pytest.raises(UserError, match=r"run 'run4' cannot be read .*c/4/0/0/0 is missing"):
        opened.run(4)


def test_a_chunk_that_shrinks_is_an_error(opened: Dataset, tmp_path: Path) -> None:
    chunk = tmp_path / "dataset.zarr/fields/c/4/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-100])
    with pytest.raises(UserError, match="run 'run4' cannot be read"):
        opened.run(4)


@pytest.mark.parametrize("gone", [False, True])
def test_a_dataset_that_is_replaced_is_not_mixed_with_the_opened_one(
    opened: Dataset, waves: Dataset, tmp_path: Path, gone: bool
) -> None:
    np.testing.assert_array_equal(opened.run(0), waves.run(0))
    if gone:
        shutil.rmtree(tmp_path / "dataset.zarr")
    else:
        assert isinstance(waves.fields, np.ndarray)
        other = dataclasses.replace(waves, fields=waves.fields + 1)
        other.save(tmp_path / "dataset.zarr", overwrite=True)
    with pytest.raises(UserError, match="has been replaced or removed since it was opened"):
        opened.run(0)
