"""What is written for other programs is read again as it was: numbers, names, times, mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.export import write_prediction
from simulgenvae.mesh.mesh import Mesh

VARIABLES = ("p", "U_x", "U_y", "U_z", "S_xx", "S_yy", "S_zz", "S_xy", "S_yz", "S_xz", "n_x")
MESH = Mesh(
    np.random.default_rng(1).normal(size=(9, 3)),
    {
        "line": np.array([[7, 8]]),
        "triangle": np.array([[0, 1, 2], [1, 2, 5]]),
        "quad": np.array([[0, 1, 3, 2]]),
        "tetra": np.array([[0, 1, 2, 4]]),
        "hexahedron": np.arange(8)[np.newaxis],
        "wedge": np.array([[8, 7, 6, 3, 2, 1]]),
        "pyramid": np.array([[0, 1, 3, 2, 8]]),
    },
)


@pytest.fixture
def prediction() -> xr.Dataset:
    rng, axes = np.random.default_rng(0), ("run", "time", "node", "variable")
    shape = (2, 3, 9, len(VARIABLES))
    arrays = {
        name: (axes, rng.normal(size=shape).astype(np.float32))
        for name in ("fields", "std", "truth", "error")
    }
    labels = {
        "run": ["design_2", "design_10"],
        "time": [0.0, 0.1, 0.35],
        "variable": list(VARIABLES),
    }
    units = ["Pa", *["m/s"] * 3, *["N/mm²"] * 6, ""]
    scores = {"novelty": ("run", [0.1, 0.2]), "expected_error": ("run", [0.01, 0.02])}
    return xr.Dataset({**arrays, **scores}, labels, {"units": units, "warnings": []})


@pytest.mark.parametrize("name", ["new.pvd", "new_vtu/{id}.vtkhdf", "new_vtu/{id}.xdmf"])
def test_it_is_read_again_as_it_was(tmp_path: Path, prediction: xr.Dataset, name: str) -> None:
    if name != "new.pvd":
        (tmp_path / "new_vtu").mkdir()
    write_prediction(prediction, MESH, tmp_path / name)
    source = open_runs(
        tmp_path / "new_vtu", RunPart(fields=["p", "U", "S", "n_x", "U_std", "S_truth", "p_error"])
    )
    assert not source.problems
    assert source.companions["ids"].tolist() == ["design_2", "design_10"]
    np.testing.assert_array_equal(source.companions["times"], prediction["time"].values)
    if name == "new.pvd":
        units = source.companions["units"].tolist()
        assert units[: len(VARIABLES)] == prediction.attrs["units"]
    std = [f"U_std_{axis}" for axis in "xyz"]
    truth = [f"S_truth_{axes}" for axes in ("xx", "yy", "zz", "xy", "yz", "xz")]
    assert source.companions["variables"].tolist() == [*VARIABLES, *std, *truth, "p_error"]
    for run in range(2):
        values, one = source.run(run), prediction.isel(run=run)
        np.testing.assert_array_equal(values[..., : len(VARIABLES)], one["fields"].values)
        np.testing.assert_array_equal(values[..., 11:14], one["std"].values[..., 1:4])
        np.testing.assert_array_equal(values[..., 14:20], one["truth"].values[..., 4:10])
        np.testing.assert_array_equal(values[..., 20], one["error"].values[..., 0])
    assert source.mesh is not None
    assert source.mesh.same_as(MESH)
    assert {kind: table.tolist() for kind, table in source.mesh.cells.items()} == {
        kind: table.tolist() for kind, table in MESH.cells.items()
    }
