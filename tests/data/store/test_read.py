"""The store on disk: layout, atomic writing, and refusal of what is damaged or foreign."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.errors import UserError


def dataset(value: float = 1.0) -> Dataset:
    names = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [3.0]]))
    return Dataset.from_arrays(
        np.full((3, 2, 5, 1), value),
        names,
        coords=np.arange(5),
        sets={"inlet": [1], "wall": [3, 4]},
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    dataset().save(tmp_path / "dataset.zarr")
    return tmp_path / "dataset.zarr"


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_other_programs_can_read_it(store: Path) -> None:
    group = zarr.open_group(str(store), mode="r")
    assert group.attrs["ids"] == ["a", "b", "c"]
    assert np.asarray(group["fields"]).shape == (3, 2, 5, 1)
    assert np.asarray(group["conditions"]).tolist() == [[1], [2], [3]]


def test_every_truncated_or_missing_file_is_noticed(store: Path) -> None:
    for file in sorted(path for path in store.rglob("*") if path.is_file()):
        content = file.read_bytes()
        for damage in (
            lambda file, data: file.write_bytes(data[: len(data) // 2]),
            lambda file, _: file.unlink(),
        ):
            damage(file, content)
            with pytest.raises(UserError, match=r"dataset\.zarr"):
                Dataset.open(store)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def test_a_missing_array_is_noticed(store: Path) -> None:
    shutil.rmtree(store / "coords")
    with pytest.raises(UserError, match="coords"):
        Dataset.open(store)


def test_flipped_bits_are_noticed_when_read(store: Path) -> None:
    chunk = store / "fields/c/1/0/0/0"
    data = bytearray(chunk.read_bytes())
    data[3] ^= 1
    chunk.write_bytes(data)
    opened = Dataset.open(store)
    opened.run(0)
    with pytest.raises(UserError, match="run 'b' cannot be read"):
        opened.run(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [10**9, 2, 5, 1]},
        {"shape": [3, 2, 5]},
        {"shape": [3, 2, 5, -1]},
        {"shape": [3, 2, 4, 1]},
        {"shape": "many"},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 2**20, 2**20, 1]}}},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 0, 0, 0]}}},
        {"chunk_grid": None},
        {"data_type": "string"},
        {"data_type": "float64"},
        {
            "codecs": [
                {"name": "bytes", "configuration": {"endian": "little"}},
                {"name": "numcodecs.pickle"},
            ]
        },
        {"codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd"}]},
        {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "/"}}},
        {"fill_value": {}},
        {"fill_value": "x"},
        {"dimension_names": 5},
        {"node_type": "group"},
        {"zarr_format": 2},
    ],
)
def test_crafted_array_metadata_is_refused(store: Path, changes: dict[str, Any]) -> None:
    edit(store / "fields/zarr.json", **changes)
    with pytest.raises(UserError, match=r"fields|dataset\.zarr: damaged"):
        Dataset.open(store)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "other"),
        ("format_version", 99),
        ("ids", ["a", "b"]),
        ("ids", ["a", "a", "c"]),
        ("ids", ["a", "b", "../c"]),
        ("ids", "abc"),
        ("variables", ["u", "v"]),
        ("units", [1]),
        ("parameters", ["p", "q"]),
        ("fingerprint", None),
        ("coords", 1),
        ("cells", ["../line"]),
        ("sets", ["inlet"]),
        ("sets", ["inlet", "inlet"]),
        ("sets", ["inlet", "x" * 10_000]),
        ("sets", [f"s{k}" for k in range(20_000)]),
        ("sets", ["inlet", 1]),
    ],
)
def test_crafted_attributes_are_refused(store: Path, key: str, value: object) -> None:
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    edit(store / "zarr.json", attributes=attributes | {key: value})
    with pytest.raises(UserError, match=r"dataset\.zarr"):
        Dataset.open(store)


@pytest.mark.parametrize("numbers", [[1, 3, 5], [-1, 3, 4], [1, 4, 4], [1, 2**62, 4]])
def test_crafted_sets_are_refused(store: Path, numbers: list[int]) -> None:
    nodes = zarr.open_group(str(store), mode="r+")["sets_nodes"]
    assert isinstance(nodes, zarr.Array)
    nodes[...] = np.array(numbers)
    with pytest.raises(UserError, match=r"dataset\.zarr: the set '(inlet|wall)' has the node"):
        Dataset.open(store)


def test_fields_and_description_must_have_the_same_shape(store: Path) -> None:
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    edit(store / "zarr.json", attributes=attributes | {"variables": ["u", "v"], "units": ["", ""]})
    with pytest.raises(
        UserError, match="the fields are 3 x 2 x 5 x 1, but should be 3 x 2 x 5 x 2"
    ):
        Dataset.open(store)


def test_chunks_that_memory_need_not_hold_are_refused(store: Path) -> None:
    shape = [1, 2, 5, 2_000_000]
    edit(
        store / "fields/zarr.json",
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": shape}},
    )
    for chunk in (store / "fields/c").rglob("0"):
        if chunk.is_file():
            with chunk.open("r+b") as file:
                file.truncate(4 * math.prod(shape) + 4)  # takes no disk
    with pytest.raises(UserError, match="chunks of 80000000 bytes"):
        Dataset.open(store)


def test_stray_files_and_links_are_refused(store: Path) -> None:
    chunk = store / "fields/c/1/0/0/0"
    secret = store.parent / "secret"
    chunk.rename(secret)
    chunk.symlink_to(secret)
    with pytest.raises(UserError, match="links are not allowed"):
        Dataset.open(store)
    chunk.unlink()
    secret.rename(chunk)
    shutil.copy(chunk, store / "fields/c/1/0/0/00")
    with pytest.raises(UserError, match="no part of the dataset"):
        Dataset.open(store)


def test_missing_and_foreign_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="simulgenvae ingest"):
        Dataset.open(tmp_path / "none.zarr")
    zarr.create_group(str(tmp_path / "foreign.zarr"))
    with pytest.raises(UserError, match="not a dataset of this program"):
        Dataset.open(tmp_path / "foreign.zarr")


@pytest.mark.parametrize("names", [(), ("p",)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_stored_with_the_runs(
    tmp_path: Path, names: tuple[str, ...], channels: int
) -> None:
    made = imaged(names, channels)
    path = tmp_path / "dataset.zarr"
    made.save(path)
    found = Dataset.open(path)
    assert found.fingerprint == made.fingerprint
    assert found.conditions.images is not None
    assert made.conditions.images is not None
    np.testing.assert_array_equal(found.conditions.images.pixels, made.conditions.images.pixels)
    assert found.conditions.images.format == made.conditions.images.format


def test_images_of_16_bits_are_stored_as_they_are(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)
    images = Images(pixels, ImageFormat(20, 10, 1, 8, 16))
    made = Dataset.from_arrays(
        np.ones((3, 2, 5, 1)), Conditions(("a", "b", "c"), (), np.ones((3, 0)), images)
    )
    made.save(tmp_path / "dataset.zarr")
    found = Dataset.open(tmp_path / "dataset.zarr").conditions.images
    assert found is not None
    assert found.format == images.format
    np.testing.assert_array_equal(found.pixels, pixels)


def test_another_image_is_another_dataset() -> None:
    assert imaged().fingerprint != imaged(turned=True).fingerprint != dataset().fingerprint


@pytest.mark.parametrize(
    "change", [{"images": 3}, {"images": {"width": 4}}, {"images": None, "parameters": ["p"]}]
)
def test_a_damaged_format_of_images_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "dataset.zarr"
    imaged().save(path)
    attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    edit(path / "zarr.json", attributes=attributes | change)
    with pytest.raises(UserError):
        Dataset.open(path)


def imaged(names: tuple[str, ...] = (), channels: int = 1, *, turned: bool = False) -> Dataset:
    pixels = np.arange(3 * 8 * 8 * channels, dtype=np.uint8).reshape(3, 8, 8, channels)
    images = Images(pixels[:, ::-1] if turned else pixels, ImageFormat(20, 10, channels, 8))
    conditions = Conditions(
        ("a", "b", "c"), names, np.arange(3.0)[:, None] * np.ones(len(names)), images
    )
    return Dataset.from_arrays(np.ones((3, 2, 5, 1)), conditions)
