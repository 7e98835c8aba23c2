"""HDF5 with a group for each run, looked at and stored, as a user types it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset

VALUES = np.random.default_rng(0).normal(size=(12, 5, 4, 6))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return twelve runs of 5 features, 4 timesteps and 6 nodes; parameters in another order."""
    with h5py.File(tmp_path / "runs.h5", "w") as file:
        for run, values in enumerate(VALUES):
            file[f"data/{run}/nodal_data"] = values
            file[f"data/{run}/cells"] = [[0, 1, 2]]
    rows = [f"{run},{run + 1},{(run * 7) % 12}" for run in reversed(range(12))]
    (tmp_path / "params.csv").write_text("\n".join(["id,load,angle", *rows]))
    return tmp_path / "runs.h5"


def test_groups_become_a_study(cli: Any, runs: Path, tmp_path: Path) -> None:
    told = cli("inspect", runs)
    assert told.code == 2
    assert "--path 'data/*/nodal_data'" in told.err
    where = ("--path", "data/*/nodal_data", "--axes", "variable,time,node")
    told = cli("inspect", runs, *where)
    assert told.code == 0, told.err
    assert "12: '0', '1', '2'" in told.out
    assert "feature4" in told.out
    names = ("--fields", "feature3,feature4", "--variables", "ux,uy", "--every", 2)
    study = tmp_path / "study"
    done = cli(
        "ingest", runs, *where, *names, "--params", tmp_path / "params.csv", "--study", study
    )
    assert done.code == 0, done.err
    dataset = Dataset.open(study / "input_data/dataset.zarr")
    assert dataset.shape == (12, 2, 6, 2)
    assert dataset.variables == ("ux", "uy")
    assert dataset.ids[10:] == ("10", "11")
    assert dataset.conditions.table[10, 0] == 11.0
    np.testing.assert_array_equal(dataset.times, [0, 2])
    np.testing.assert_array_equal(
        dataset.run(10), VALUES[10, 3:, ::2].transpose(1, 2, 0).astype(np.float32)
    )


@pytest.mark.parametrize("axes", ["time,variable", "time,node,nodes", "node,node", ""])
def test_axes_that_are_none(cli: Any, runs: Path, axes: str) -> None:
    told = cli("inspect", runs, "--path", "data/*/nodal_data", "--axes", axes)
    assert told.code == 2
    assert "name each axis once, from run, time, variable, and node or" in told.err
