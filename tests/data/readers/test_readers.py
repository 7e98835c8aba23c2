"""Every format gives the same values, run by run, and every damaged file a clear message."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

from simulgenvae.data.readers import open_source
from simulgenvae.errors import UserError

FIELDS = np.random.default_rng(0).normal(size=(3, 4, 5, 2))


def read_all(path: Path) -> list[np.ndarray]:
    with open_source(path) as source:
        return [source.run(index) for index in range(source.shape[0])]


def npy(path: Path, array: np.ndarray) -> None:
    np.save(path, array)


def npz(path: Path, array: np.ndarray) -> None:
    np.savez(path, fields=array, times=np.arange(4.0), ids=np.array(["a", "b", "c"]))


def npz_compressed(path: Path, array: np.ndarray) -> None:
    np.savez_compressed(path, anything=array)


def hdf5(path: Path, array: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("group/u", data=array, chunks=True, compression="gzip")


def hdf5_plain(path: Path, array: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["fields"] = array
        file["other"] = array[0]
        file["ids"] = ["a", "b", "c"]


def zarr_array(path: Path, array: np.ndarray) -> None:
    zarr.create_array(
        str(path), data=array, chunks=(2, 2, 5, 2)[: array.ndim], shards=(2, 4, 10, 2)[: array.ndim]
    )


def zarr_group(path: Path, array: np.ndarray) -> None:
    group = zarr.create_group(str(path))
    group.create_array("fields", data=array, chunks=(2, 2, 5, 2)[: array.ndim])
    group.create_array("times", data=np.arange(4.0))


def zarr_v2(path: Path, array: np.ndarray) -> None:
    group = zarr.create_group(str(path), zarr_format=2)
    group.create_array("u", data=array)


def pickled(path: Path, array: np.ndarray) -> None:
    path.write_bytes(pickle.dumps(array))


FORMATS: list[tuple[str, Callable[[Path, np.ndarray], None]]] = [
    ("f.npy", npy),
    ("f.npz", npz),
    ("f.npz", npz_compressed),
    ("f.h5", hdf5),
    ("f.HDF5", hdf5_plain),
    ("f.zarr", zarr_array),
    ("f.zarr", zarr_group),
    ("f.zarr", zarr_v2),
    ("dataset1.pickle", pickled),
]
every_format = pytest.mark.parametrize(
    ("name", "write"), FORMATS, ids=[write.__name__ for _, write in FORMATS]
)


@every_format
@pytest.mark.parametrize(
    "array",
    [
        FIELDS,
        FIELDS.astype(np.float32),
        np.asfortranarray(FIELDS),
        FIELDS.astype(">f4"),
        FIELDS[..., 0],
        FIELDS[:, :1],
    ],
    ids=["f8", "f4", "fortran", "big-endian", "3d", "static"],
)
def test_runs_read_one_by_one_equal_the_whole(
    tmp_path: Path, name: str, write: Callable[[Path, np.ndarray], None], array: np.ndarray
) -> None:
    write(tmp_path / name, array)
    with open_source(tmp_path / name) as source:
        assert source.shape == array.shape
        for index in (0, 2, 1, 0):
            assert np.array_equal(source.run(index), array[index])


@pytest.mark.parametrize(
    ("name", "write", "keys"),
    [("f.npz", npz, "ids times"), ("f.h5", hdf5_plain, "ids"), ("f.zarr", zarr_group, "times")],
)
def test_companions(
    tmp_path: Path, name: str, write: Callable[[Path, np.ndarray], None], keys: str
) -> None:
    write(tmp_path / name, FIELDS)
    with open_source(tmp_path / name) as source:
        assert sorted(source.companions) == keys.split()
        if "ids" in keys:
            assert list(source.companions["ids"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "write"), [(name, write) for name, write in FORMATS if "zarr" not in name]
)
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.97])
def test_truncated_files(
    tmp_path: Path, name: str, write: Callable[[Path, np.ndarray], None], keep: float
) -> None:
    path = tmp_path / name
    write(path, FIELDS)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(UserError, match=name):
        read_all(path)


@pytest.mark.parametrize("write", [zarr_array, zarr_group, zarr_v2])
def test_truncated_zarr(tmp_path: Path, write: Callable[[Path, np.ndarray], None]) -> None:
    write(tmp_path / "f.zarr", FIELDS)
    files = [
        path
        for path in (tmp_path / "f.zarr").rglob("*")
        if path.is_file() and path.name != ".zattrs"
    ]
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(UserError, match=r"f\.zarr"):
            read_all(tmp_path / "f.zarr")
        file.write_bytes(content)


@pytest.mark.parametrize("content", ["true", "1", "[]"])
def test_zarr_with_metadata_that_is_no_object(tmp_path: Path, content: str) -> None:
    zarr_group(tmp_path / "f.zarr", FIELDS)
    (tmp_path / "f.zarr/zarr.json").write_text(content)
    with pytest.raises(UserError, match=r"f\.zarr: cannot be read as Zarr"):
        read_all(tmp_path / "f.zarr")


def test_missing_zarr_chunks_are_said(tmp_path: Path) -> None:
    zarr_group(tmp_path / "f.zarr", FIELDS)
    (tmp_path / "f.zarr/fields/c/0/0/0/0").unlink()
    with open_source(tmp_path / "f.zarr") as source:
        assert "1 of 4 chunks" in source.notes[0]


def test_missing_hdf5_chunks_are_said(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("fields", shape=(3, 4, 5), chunks=(1, 4, 5), dtype="f4")[0] = 1.0
        file.create_dataset("more/fields", shape=(3, 4, 5), dtype="f4")
    with open_source(tmp_path / "f.h5") as source:
        assert "2 of 3 chunks" in source.notes[0]


def test_name_and_content_must_agree(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", FIELDS)
    (tmp_path / "f.npy").rename(tmp_path / "f.h5")
    with pytest.raises(UserError, match="named like HDF5, but its content is npy"):
        open_source(tmp_path / "f.h5")
    (tmp_path / "f.dat").touch()
    with pytest.raises(UserError, match="unknown suffix"):
        open_source(tmp_path / "f.dat")
    with pytest.raises(UserError, match="no such file"):
        open_source(tmp_path / "none.npy")
    (tmp_path / "f.h5").unlink()
    with pytest.raises(UserError, match="no Zarr data"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", ["f.npy", "f.npz"])
def test_python_objects_are_refused(tmp_path: Path, name: str) -> None:
    array = np.array([[[object()]]], dtype=object)
    if name == "f.npy":
        np.save(tmp_path / name, array, allow_pickle=True)
    else:
        np.savez(tmp_path / name, allow_pickle=True, fields=array)
    with pytest.raises(UserError, match=r"(?i)python objects"), open_source(tmp_path / name):
        pass


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 4)), "shape"),
        (np.zeros((0, 4, 5)), "shape"),
        (np.zeros((3, 4, 5), complex), "real"),
        (np.zeros((3, 4, 5), "U1"), "real"),
    ],
)
def test_arrays_that_are_no_fields(tmp_path: Path, array: np.ndarray, words: str) -> None:
    np.savez(tmp_path / "f.npz", fields=array)
    with pytest.raises(UserError, match=words), open_source(tmp_path / "f.npz"):
        pass


def test_ambiguous_arrays_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", u=FIELDS, v=FIELDS)
    with (
        pytest.raises(UserError, match=r"u \[3, 4, 5, 2\], v .*--array u=NAME,v=NAME"),
        open_source(tmp_path / "f.npz"),
    ):
        pass


def test_a_header_that_promises_more_than_there_is(tmp_path: Path) -> None:
    np.save(tmp_path / "small.npy", np.zeros((3, 4, 5)))
    crafted = (
        (tmp_path / "small.npy")
        .read_bytes()
        .replace(b"(3, 4, 5)", b"(3, 4, 999999999999)")
        .replace(b" " * 11 + b"\n", b"\n")
    )
    (tmp_path / "f.npy").write_bytes(crafted)
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("fields.npy", crafted)
    for name, words in (("f.npy", "truncated"), ("f.npz", "do not fill the shape")):
        with pytest.raises(UserError, match=rf"{name}.*{words}"), open_source(tmp_path / name):
            pass


def test_hdf5_does_not_leave_its_file(tmp_path: Path) -> None:
    hdf5_plain(tmp_path / "secret.h5", FIELDS)
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["fields"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/fields")
    with pytest.raises(UserError, match="nothing"), open_source(tmp_path / "f.h5"):
        pass
    FIELDS.tofile(tmp_path / "raw.bin")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset(
            "fields", FIELDS.shape, "f8", external=[(str(tmp_path / "raw.bin"), 0, FIELDS.nbytes)]
        )
    with pytest.raises(UserError, match="other files"), open_source(tmp_path / "f.h5"):
        pass
    layout = h5py.VirtualLayout(FIELDS.shape, "f8")
    layout[...] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "fields", FIELDS.shape)
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_virtual_dataset("fields", layout)
    with pytest.raises(UserError, match="other files"), open_source(tmp_path / "f.h5"):
        pass


def test_zarr_does_not_leave_its_folder(tmp_path: Path) -> None:
    zarr_group(tmp_path / "f.zarr", FIELDS)
    chunk = tmp_path / "f.zarr/fields/c/0/0/0/0"
    chunk.rename(tmp_path / "secret")
    chunk.symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="links"), open_source(tmp_path / "f.zarr"):
        pass


def test_zarr_with_unknown_codecs(tmp_path: Path) -> None:
    zarr_v2(tmp_path / "f.zarr", FIELDS)
    file = tmp_path / "f.zarr/u/.zarray"
    file.write_text(
        file.read_text().replace('"filters": null', '"filters": [{"id": "bz2", "level": 1}]')
    )
    with pytest.raises(UserError, match="bz2"), open_source(tmp_path / "f.zarr"):
        pass
