"""Geometries of runs in a dataset on disk, whole and damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.metadata import Metadata
from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.shapes import OwnRun, RunGeometry
from simulgenvae.data.store.write import write_store
from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh

COORDS = np.random.default_rng(0).random((4, 2))
OWN = Mesh(
    np.random.default_rng(1).random((5, 2)),
    {"triangle": np.array([[0, 1, 2], [2, 3, 4]])},
    sets={"inlet": np.array([0, 4]), "Wände": np.array([1])},
)
IDS = ("a", "b", "c")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    runs = [
        PlacedRun(
            rng.random((3, 4, 1)).astype(np.float32),
            RunGeometry(
                np.full((4, 2), float(number)),
                OwnRun(OWN, np.full((3, 5, 1), number, np.float32)),
            ),
        )
        for number in range(3)
    ]
    mesh = Mesh(COORDS)
    metadata = Metadata(
        ids=IDS,
        times=np.arange(3.0),
        nodes=4,
        mesh=mesh,
        variables=("T",),
        units=("K",),
        conditions=Conditions.without_parameters(IDS),
        common=CorrespondingNodes(mesh),
    )
    write_store(tmp_path / "d.zarr", metadata, iter(runs))
    return tmp_path / "d.zarr"


def test_own_meshes_keep_their_sets(store: Path) -> None:
    shapes = Dataset.open(store).shapes
    assert shapes is not None
    sets = shapes.mesh(1).sets
    assert {name: numbers.tolist() for name, numbers in sets.items()} == {
        "inlet": [0, 4],
        "Wände": [1],
    }
    shutil.rmtree(store / "own/1/sets_nodes")
    with pytest.raises(UserError, match="sets_nodes"):
        shapes.mesh(1)


def test_geometries_are_read_run_by_run(store: Path) -> None:
    shapes = Dataset.open(store).shapes
    assert shapes is not None
    np.testing.assert_array_equal(shapes.shape(2), np.full((4, 2), 2.0))
    own = shapes.geometry(0).own
    assert own is not None
    assert own.mesh.same_as(OWN)
    np.testing.assert_array_equal(own.fields, np.zeros((3, 5, 1)))


def _without_shapes(store: Path) -> None:
    shutil.rmtree(store / "shapes")


def _truncated(store: Path) -> None:
    file = store / "own/1/fields/c/0/0/0"
    file.write_bytes(file.read_bytes()[:-3])


def _linked(store: Path) -> None:
    shutil.move(store / "own", store.parent / "elsewhere")
    (store / "own").symlink_to(store.parent / "elsewhere")


def _linked_run(store: Path) -> None:
    shutil.rmtree(store / "own/1/coords")
    (store / "own/1/coords").symlink_to(store / "own/0/coords")


def _unknown_way(store: Path) -> None:
    file = store / "zarr.json"
    metadata = json.loads(file.read_text())
    metadata["attributes"]["geometry"] = {"kind": "magic"}
    file.write_text(json.dumps(metadata))


def _missing_run(store: Path) -> None:
    shutil.rmtree(store / "own/1")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_without_shapes, "zarr.json is missing"),
        (_truncated, "own/1/fields"),
        (_linked, "links are not allowed"),
        (_linked_run, "links are not allowed"),
        (_unknown_way, "'magic' of sharing a mesh is not known"),
        (_missing_run, "own/1: not a dataset, or an incomplete copy"),
    ],
)
def test_damage_is_named(store: Path, harm: Callable[[Path], None], message: str) -> None:
    harm(store)
    with pytest.raises(UserError, match=message):
        _read_all(store)


def _read_all(store: Path) -> None:
    shapes = Dataset.open(store).shapes
    assert shapes is not None
    for run in range(3):
        shapes.geometry(run)
