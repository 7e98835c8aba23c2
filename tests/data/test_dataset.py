"""Datasets in memory and on disk are the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.utils.resources import available_memory


def conditions(runs: int) -> Conditions:
    return Conditions(
        tuple(f"run{k}" for k in range(runs)), ("p",), np.arange(float(runs))[:, None]
    )


shapes = st.tuples(
    st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, 2, 7]), st.integers(1, 3)
)
fields_of_any_shape = shapes.flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-(2.0**100), 2.0**100, width=32))
)


@settings(max_examples=8)
@given(fields_of_any_shape)
def test_save_then_open_gives_equal_data(fields: np.ndarray) -> None:
    nodes = fields.shape[2]
    cells = {"line": np.array([[0, nodes - 1]])}
    coords = np.arange(2.0 * nodes).reshape(nodes, 2)
    names = [f"v{k}" for k in range(fields.shape[3])]
    dataset = Dataset.from_arrays(
        fields,
        conditions(len(fields)),
        coords=coords,
        cells=cells,
        variables=names,
        units=["K"] * len(names),
    )
    with tempfile.TemporaryDirectory() as folder:
        dataset.save(Path(folder) / "dataset.zarr")
        again = Dataset.open(Path(folder) / "dataset.zarr")
        assert [path.name for path in Path(folder).iterdir()] == ["dataset.zarr"]
        assert again.shape == fields.shape
        assert all(np.array_equal(again.run(k), fields[k]) for k in range(len(fields)))
        assert (again.ids, again.variables, again.units) == (
            dataset.ids,
            tuple(names),
            ("K",) * len(names),
        )
        assert np.array_equal(again.times, np.arange(fields.shape[1]))
        assert again.mesh.coords is not None
        assert np.array_equal(again.mesh.coords, coords)
        assert np.array_equal(again.mesh.cells["line"], cells["line"])
        assert np.array_equal(again.conditions.table, dataset.conditions.table)
        assert again.fingerprint == dataset.fingerprint
        assert np.array_equal(np.asarray(again.load().fields), fields)


def test_fingerprint_changes_with_anything() -> None:
    fields = np.random.default_rng(0).random((3, 2, 5, 1), dtype=np.float32)
    changed = fields.copy()
    changed[2, 1, 4, 0] += 1
    datasets = [
        Dataset.from_arrays(fields, conditions(3)),
        Dataset.from_arrays(changed, conditions(3)),
        Dataset.from_arrays(fields, conditions(3), times=[0, 2]),
        Dataset.from_arrays(fields, conditions(3), variables=["u"]),
        Dataset.from_arrays(fields, conditions(3), units=["m"]),
        Dataset.from_arrays(fields, conditions(3), coords=np.arange(5)),
        Dataset.from_arrays(fields, conditions(3), cells={"line": np.array([[0, 1]])}),
        Dataset.from_arrays(fields, conditions(3), sets={"inlet": [1, 2]}),
        Dataset.from_arrays(fields, conditions(3), sets={"inlet": [1, 3]}),
        Dataset.from_arrays(fields, conditions(3), sets={"outlet": [1, 3]}),
        Dataset.from_arrays(fields, conditions(3), sets={"inlet": [1], "outlet": [3]}),
        Dataset.from_arrays(fields, Conditions(("a", "b", "c"), ("p",), conditions(3).table)),
        Dataset.from_arrays(fields, Conditions(conditions(3).ids, ("q",), conditions(3).table)),
        Dataset.from_arrays(fields, Conditions(conditions(3).ids, ("p",), conditions(3).table + 1)),
    ]
    assert len({dataset.fingerprint for dataset in datasets}) == len(datasets)
    assert (
        Dataset.from_arrays(fields.astype(np.float64), conditions(3)).fingerprint
        == datasets[0].fingerprint
    )


def test_a_run_is_a_new_array() -> None:
    dataset = Dataset.from_arrays(np.zeros((2, 1, 3)), conditions(2))
    dataset.run(0)[...] = 1
    assert not dataset.run(0).any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": [0.0, 0.0]}, "times must increase"),
        ({"times": [0.0, np.nan]}, "finite"),
        ({"times": [0.0]}, r"\(3, 2, 5, 1\)"),
        ({"coords": np.zeros((4, 2))}, "4 nodes"),
        ({"coords": np.zeros((5, 4))}, "1…3"),
        ({"coords": np.full(5, np.inf)}, "not finite"),
        ({"cells": {"triangle": np.array([[0, 1, 5]])}}, "0 to 5"),
        ({"cells": {"triangle": np.array([[0, 1]])}}, r"\[K, 3\]"),
        ({"cells": {"blob": np.array([[0, 1]])}}, "'blob'"),
        ({"sets": {"inlet": [5]}}, "'inlet' has the node 5"),
        ({"sets": {"inlet": [-1]}}, "'inlet' has the node -1"),
        ({"sets": {"in\nlet": [1]}}, "printable"),
        ({"variables": ["u", "v"]}, "variables"),
        ({"units": ["m", "s"]}, "2 units"),
    ],
)
def test_what_does_not_agree_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        Dataset.from_arrays(np.zeros((3, 2, 5)), conditions(3), **change)  # type: ignore[arg-type]


def test_number_of_runs_must_agree() -> None:
    with pytest.raises(UserError, match="3 runs, but parameters of 4"):
        Dataset.from_arrays(np.zeros((3, 2, 5)), conditions(4))


def test_nan_and_overflow_are_named() -> None:
    fields = np.zeros((3, 2, 5))
    fields[1, 0, :3] = np.nan
    with pytest.raises(UserError, match="'run1': 3 of 10"):
        Dataset.from_arrays(fields, conditions(3))
    fields[1, 0, :3] = 1e39
    with pytest.raises(UserError, match=r"1e\+39 do not fit into float32"):
        Dataset.from_arrays(fields, conditions(3))
    with pytest.raises(UserError, match="vanish"):
        Dataset.from_arrays(np.full((3, 2, 5), 1e-60), conditions(3))


def test_load_says_when_memory_is_short() -> None:
    class Huge:
        shape = (2, 1, available_memory(), 1)

    small = Dataset.from_arrays(np.zeros((2, 1, 3)), conditions(2))
    huge = Dataset(
        small.ids,
        small.times,
        Huge.shape[2],
        small.mesh,
        ("u",),
        ("",),
        small.conditions,
        Huge(),  # type: ignore[arg-type]
        "",
        (),
    )
    with pytest.raises(UserError, match="load_all"):
        huge.load()


def test_units_of_times_and_positions_are_stored(tmp_path: Path) -> None:
    conditions = Conditions(("a", "b"), ("p",), np.arange(2.0)[:, None], units=("Pa",))
    fields = np.random.default_rng(0).random((2, 3, 4))
    plain = Dataset.from_arrays(fields, conditions, coords=np.arange(4.0))
    dataset = Dataset.from_arrays(
        fields, conditions, coords=np.arange(4.0), time_unit="s", length_unit="mm"
    )
    dataset.save(tmp_path / "d.zarr")
    found = Dataset.open(tmp_path / "d.zarr")
    assert (found.time_unit, found.mesh.unit, found.conditions.units) == ("s", "mm", ("Pa",))
    assert found.fingerprint == dataset.fingerprint != plain.fingerprint


def test_named_sets_are_stored(tmp_path: Path) -> None:
    fields = np.random.default_rng(0).random((2, 3, 4))
    fields[:, :, 2] = np.nan
    dataset = Dataset.from_arrays(fields, conditions(2), sets={"inlet": [3, 0], "solid": [2]})
    assert {name: nodes.tolist() for name, nodes in dataset.mesh.sets.items()} == {"inlet": [0, 2]}
    dataset.save(tmp_path / "d.zarr")
    found = Dataset.open(tmp_path / "d.zarr")
    assert {name: nodes.tolist() for name, nodes in found.whole_mesh.sets.items()} == {
        "inlet": [0, 3],
        "solid": [2],
    }
    assert found.fingerprint == dataset.fingerprint
    assert "sets        inlet (2 nodes), solid (1 node)" in str(found)


def test_the_fingerprint_of_data_without_sets_stays() -> None:
    fields = np.arange(24.0).reshape(2, 3, 4)
    dataset = Dataset.from_arrays(fields, conditions(2), coords=np.arange(4.0))
    # As versions without sets made it.
    assert dataset.fingerprint == "9d16dc3bf4aade190a6f0c52a56515ab373194a579a80fe7a793310050bab9d6"
