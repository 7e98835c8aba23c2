from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.store import direct as direct_store
from simulgenvae.data.store.direct import DirectStore, read_direct
from simulgenvae.errors import UserError

SIZES = [0, 1, 4095, 4096, 4097, 3 * 4096, 1_000_003]


@pytest.fixture
def large(waves: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Return a dataset on disk that is larger than the memory, as far as the program can see."""
    waves.save(tmp_path / "dataset.zarr")
    monkeypatch.setattr("simulgenvae.data.store.read.available_memory", lambda: 100)
    dataset = Dataset.open(tmp_path / "dataset.zarr")
    assert isinstance(dataset.fields.store, DirectStore)
    return dataset


@pytest.mark.parametrize("size", SIZES)
def test_the_whole_file_is_read(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(np.random.default_rng(size).bytes(size))
    try:
        found = read_direct(file)
    except OSError as error:
        pytest.skip(f"no direct reads in {tmp_path}: {error}")
    assert found.tobytes() == file.read_bytes()


def test_runs_are_the_same(large: Dataset, waves: Dataset) -> None:
    for row in range(12):
        np.testing.assert_array_equal(large.run(row), waves.run(row))


def test_where_there_are_no_direct_reads(
    large: Dataset, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(22, "Invalid argument", str(path))

    monkeypatch.setattr(direct_store, "read_direct", refuse)
    np.testing.assert_array_equal(large.run(3), waves.run(3))


def test_a_damaged_file_is_an_error(large: Dataset, tmp_path: Path) -> None:
    chunk = tmp_path / "dataset.zarr/fields/c/4/0/0/0"
    content = bytearray(chunk.read_bytes())
    content[7] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(UserError, match="'run4' cannot be read"):
        large.run(4)


def test_small_data_sets_are_read_through_the_cache(waves: Dataset, tmp_path: Path) -> None:
    waves.save(tmp_path / "dataset.zarr")
    assert not isinstance(Dataset.open(tmp_path / "dataset.zarr").fields.store, DirectStore)
