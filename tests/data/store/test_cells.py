"""Cells of a dataset on disk: all kinds come back, and those of earlier versions are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh


def dataset(mesh: Mesh) -> Dataset:
    names = Conditions(("a", "b"), ("p",), np.array([[1.0], [2.0]]))
    nodes = 40 if mesh.coords is None else len(mesh.coords)
    fields = np.random.default_rng(0).normal(size=(2, 1, nodes, 1))
    return Dataset.from_arrays(fields, names, coords=mesh.coords, cells=mesh.cells)


def test_all_kinds_come_back(tmp_path: Path, mixed_mesh: Mesh) -> None:
    made = dataset(mixed_mesh)
    made.save(tmp_path / "dataset.zarr")
    found = Dataset.open(tmp_path / "dataset.zarr")
    expected = mixed_mesh.cells.arrays()
    assert found.mesh.cells.arrays().keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found.mesh.cells.arrays()[name], array)
    assert found.fingerprint == made.fingerprint
    fewer = Mesh(mixed_mesh.coords, mixed_mesh.cells.at(np.arange(9)))
    assert dataset(fewer).fingerprint != made.fingerprint


def test_linear_kinds_are_stored_as_in_earlier_versions(tmp_path: Path) -> None:
    tables = {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[0, 1, 39]])}
    dataset(Mesh(None, tables)).save(tmp_path / "dataset.zarr")
    group = zarr.open_group(str(tmp_path / "dataset.zarr"), mode="r")
    assert group.attrs["cells"] == ["quad", "triangle"]
    for name, table in tables.items():
        np.testing.assert_array_equal(np.asarray(group[f"cells_{name}"]), table)


@pytest.mark.parametrize("cells", [["../quad"], ["types"], ["connectivity"]])
def test_other_names_of_arrays_are_refused(
    tmp_path: Path, mixed_mesh: Mesh, cells: list[str]
) -> None:
    dataset(mixed_mesh).save(tmp_path / "dataset.zarr")
    path = tmp_path / "dataset.zarr/zarr.json"
    content = json.loads(path.read_text())
    content["attributes"]["cells"] = cells
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"dataset\.zarr"):
        Dataset.open(tmp_path / "dataset.zarr")
