"""The store on disk, written whole or not at all."""

from __future__ import annotations

import math
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.store.arrays import CHUNK_BYTES, chunk_shape
from simulgenvae.data.store.read import read_store
from simulgenvae.data.store.write import write_store
from simulgenvae.errors import UserError


def dataset(value: float = 1.0) -> Dataset:
    names = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [3.0]]))
    return Dataset.from_arrays(np.full((3, 2, 5, 1), value), names, coords=np.arange(5))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    dataset().save(tmp_path / "dataset.zarr")
    return tmp_path / "dataset.zarr"


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=3), st.sampled_from([4, 8]))
def test_chunks_are_whole_trailing_axes_of_equal_size(shape: list[int], size: int) -> None:
    chunk = chunk_shape(tuple(shape), size)
    assert math.prod(chunk) * size <= CHUNK_BYTES
    cut = [axis for axis in range(len(shape)) if chunk[axis] < shape[axis]]
    for axis in cut:
        number = math.ceil(shape[axis] / chunk[axis])
        assert number * (chunk[axis] - 1) < shape[axis], "no chunk is longer than equal shares are"
    if cut:
        assert all(chunk[axis] == 1 for axis in range(cut[-1]))
        assert chunk[cut[-1] + 1 :] == tuple(shape[cut[-1] + 1 :])


def test_chunks_of_long_runs_are_whole_timesteps() -> None:
    assert chunk_shape((1000, 100_000, 2), 4) == (20, 100_000, 2)
    assert chunk_shape((200, 95_008, 1), 4) == (40, 95_008, 1)


def test_a_run_is_gone_when_the_next_one_is_read(store: Path) -> None:
    before: list[weakref.ref[np.ndarray]] = []

    def run() -> np.ndarray:
        assert not any(earlier() is not None for earlier in before)
        field = np.ones((2, 5, 1), np.float32)
        before.append(weakref.ref(field))
        return field

    metadata = read_store(store).metadata
    write_store(store, metadata, (run() for _ in metadata.ids), overwrite=True)
    assert len(before) == 3


def test_runs_are_as_many_as_their_ids(store: Path) -> None:
    runs = np.ones((4, 2, 5, 1), np.float32)
    with pytest.raises(ValueError, match="more runs than the 3 ids"):
        write_store(store, read_store(store).metadata, iter(runs), overwrite=True)
    with pytest.raises(ValueError, match="fewer runs than the 3 ids"):
        write_store(store, read_store(store).metadata, iter(runs[:2]), overwrite=True)


def test_zeros_are_stored_too(tmp_path: Path) -> None:
    dataset(0.0).save(tmp_path / "zeros.zarr")
    assert not Dataset.open(tmp_path / "zeros.zarr").run(1).any()


def test_nothing_is_overwritten_unless_asked(store: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        dataset(2.0).save(store)
    assert Dataset.open(store).run(0)[0, 0, 0] == 1
    dataset(2.0).save(store, overwrite=True)
    assert Dataset.open(store).run(0)[0, 0, 0] == 2
    assert [path.name for path in store.parent.iterdir()] == ["dataset.zarr"]


def test_a_dataset_can_overwrite_itself(store: Path) -> None:
    Dataset.open(store).save(store, overwrite=True)
    assert Dataset.open(store).fingerprint == dataset().fingerprint


def test_overwriting_spares_what_is_no_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("x")
    with pytest.raises(UserError, match="not a dataset"):
        dataset().save(folder, overwrite=True)
    assert (folder / "thesis.txt").exists()


def test_a_failure_leaves_the_old_dataset_and_nothing_else(store: Path) -> None:
    def runs() -> Iterator[np.ndarray]:
        yield np.zeros((2, 5, 1), dtype=np.float32)
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="the disk is full"):
        write_store(store, dataset(), runs(), overwrite=True)
    assert Dataset.open(store).run(0)[0, 0, 0] == 1
    assert [path.name for path in store.parent.iterdir()] == ["dataset.zarr"]


def test_nan_names_all_runs_and_leaves_nothing(tmp_path: Path) -> None:
    fields = np.zeros((3, 2, 5, 1), dtype=np.float32)
    fields[0, 0, 0], fields[2, 1, 1:3] = np.inf, np.nan
    with pytest.raises(UserError, match=r"'a': 1 of 10 .*; run 'c': 2 of 10"):
        write_store(tmp_path / "new.zarr", dataset(), iter(fields))
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_another_shape_is_not_cut_silently(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(4, 5, 1\)"):
        write_store(
            tmp_path / "new.zarr", dataset(), iter(np.zeros((3, 4, 5, 1), dtype=np.float32))
        )
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_disk_holds_is_refused_before_writing(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free

    class Huge(Dataset):
        @property
        def shape(self) -> tuple[int, int, int, int]:
            return 3, 2, free, 1

    small = dataset()
    huge = Huge(
        small.ids, small.times, 5, small.mesh, ("u",), ("",), small.conditions, small.fields, "", ()
    )
    with pytest.raises(UserError, match="of disk"):
        huge.save(tmp_path / "new.zarr")
    assert list(tmp_path.iterdir()) == []
