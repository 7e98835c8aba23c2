"""Predictions beside what the solver says: the right run, time, node and variable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.export.truth import open_truth
from simulgenvae.mesh.mesh import Mesh

FIELDS = np.arange(3 * 4 * 5 * 2, dtype=np.float32).reshape(3, 4, 5, 2)
TIMES = np.array([0.0, 0.5, 1.0, 1.5])
IDS = ("a", "b", "c")
MESH = Mesh(np.linspace(0, 1, 5))


def prediction(
    ids: list[str], steps: list[int], nodes: list[int] | None, variables: list[str]
) -> xr.Dataset:
    axes = ("run", "time", "node", "variable")
    shape = (len(ids), len(steps), 5 if nodes is None else len(nodes), len(variables))
    labels = {"run": ids, "time": TIMES[steps], "variable": variables} | (
        {} if nodes is None else {"node": nodes}
    )
    return xr.Dataset({"fields": (axes, np.full(shape, 1000.0, np.float32))}, labels)


@pytest.fixture(params=["study", "npz", "npy"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the same runs in a study, in arrays with names, or in a bare array.

    The order counts in the last one.
    """
    if request.param == "study":
        conditions = Conditions(IDS, ("p",), np.arange(3.0)[:, np.newaxis])
        data = Dataset.from_arrays(
            FIELDS, conditions, times=TIMES, coords=MESH.coords, variables=["u", "T"]
        )
        (tmp_path / "input_data").mkdir()
        data.save(tmp_path / "input_data/dataset.zarr")
        return tmp_path
    if request.param == "npz":
        np.savez(
            tmp_path / "f.npz",
            fields=FIELDS,
            ids=np.array(IDS),
            times=TIMES,
            variables=np.array(["u", "T"]),
        )
        return tmp_path / "f.npz"
    np.save(tmp_path / "f.npy", FIELDS.reshape(3, 4, 10))
    return tmp_path / "f.npy"


def test_each_prediction_gets_its_own_truth(path: Path) -> None:
    designs = ["c", "a", "b"] if path.suffix != ".npy" else list(IDS)
    with open_truth(path) as truth:
        truth.require(designs, MESH)
        batches = [
            prediction(designs[:2], [0, 1, 2, 3], None, ["u", "T"]),
            prediction(designs[2:], [0, 1, 2, 3], None, ["T"]),
        ]
        first, last = truth.added(batches, designs, 5, ("u", "T"))
    for batch, ids in ((first, designs[:2]), (last, designs[2:])):
        for run in ids:
            expected = FIELDS[IDS.index(run)][
                ..., [("u", "T").index(name) for name in batch["variable"].values]
            ]
            np.testing.assert_array_equal(batch["truth"].sel(run=run), expected)
            np.testing.assert_array_equal(batch["error"].sel(run=run), 1000 - expected)


def test_times_and_nodes_that_were_chosen(path: Path) -> None:
    if path.suffix == ".npy":
        pytest.skip("a bare array has no times")
    with open_truth(path) as truth:
        (batch,) = truth.added([prediction(["b"], [3, 1], [4, 0], ["T"])], ["b"], 5, ("u", "T"))
        np.testing.assert_array_equal(batch["truth"][0], FIELDS[1][[3, 1]][:, [4, 0]][..., 1:])
        between = prediction(["b"], [3, 1], None, ["T"]).assign_coords(time=[0.5, 0.7])
        with pytest.raises(UserError, match=r"has no timestep at time 0\.7"):
            list(truth.added([between], ["b"], 5, ("u", "T")))


def test_what_does_not_belong_together_is_refused(path: Path) -> None:
    with open_truth(path) as truth:
        told = (
            "3 runs without ids, but 2 designs"
            if truth.ids is None
            else "no runs for the designs 'x'"
        )
        with pytest.raises(UserError, match=told):
            truth.require(["a", "x"], MESH)
        with pytest.raises(
            UserError, match="10 values per timestep are not 2 variables at 4 nodes"
        ):
            list(truth.added([prediction(["a"], [0, 1, 2, 3], None, ["T"])], IDS, 4, ("u", "T")))
        if truth.mesh is not None:
            with pytest.raises(UserError, match="its mesh is not that of the model"):
                truth.require(["a"], Mesh(np.linspace(0, 2, 5)))
