"""MATLAB's files of all versions."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.errors import UserError

FIELDS = np.random.default_rng(0).normal(size=(5, 3, 7))


def write_73(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write version 7.3 as MATLAB does: HDF5 after a text, axes in the opposite order."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = array.T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        file["#refs#/a"] = np.arange(3.0)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_numbers_and_times(tmp_path: Path, version: str) -> None:
    content = {"fields": FIELDS, "times": np.array([[0.0, 0.5, 3.0]])}
    if version == "5":
        scipy.io.savemat(tmp_path / "f.mat", content)
    else:
        write_73(tmp_path / "f.mat", content)
    with open_source(tmp_path / "f.mat") as source:
        assert source.shape == (5, 3, 7)
        np.testing.assert_array_equal(source.run(3), FIELDS[3])
        np.testing.assert_array_equal(source.companions["times"], [0.0, 0.5, 3.0])


def test_cells_are_not_read(tmp_path: Path) -> None:
    cells = np.empty(2, dtype=object)
    cells[:] = [FIELDS[0], FIELDS[1]]
    scipy.io.savemat(tmp_path / "f.mat", {"runs": cells, "u": FIELDS})
    with open_source(tmp_path / "f.mat", RunPart(arrays=("u",))) as source:
        np.testing.assert_array_equal(source.run(1), FIELDS[1].reshape(source.run(1).shape))
    with pytest.raises(UserError, match="there is no 'runs'"):
        open_source(tmp_path / "f.mat", RunPart(arrays=("runs",))).__enter__()


def test_truncated(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "f.mat", {"fields": FIELDS})
    content = (tmp_path / "f.mat").read_bytes()
    for size in (20, 150, 400):
        (tmp_path / "f.mat").write_bytes(content[:size])
        with (
            pytest.raises(UserError, match=r"f\.mat"),
            open_source(tmp_path / "f.mat") as source,
        ):
            source.run(0)
