"""Meshes of PyVista from predictions, from what is made of them, and from files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulgenvae.errors import UserError
from simulgenvae.export import write_prediction
from simulgenvae.export.accessor import to_pyvista
from simulgenvae.export.by_variable import by_variable
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh

pytest.importorskip("pyvista")


@pytest.fixture
def whole(make_prediction: Any) -> xr.Dataset:
    found = make_prediction(variables=("u_x", "u_y", "T"), std=True, scores=True)
    return found.assign_attrs(units=["m/s", "m/s", "K"])


def test_the_mesh_has_the_fields_of_a_design_at_a_time(whole: xr.Dataset, mesh: Mesh) -> None:
    found = by_variable(whole, mesh)
    grid = found.simulgenvae.to_pyvista("a", 0.1)
    assert grid_mesh(grid, Path("grid")).cells.describe() == mesh.cells.describe()
    np.testing.assert_array_equal(grid.points[:, :2], mesh.coords)
    assert grid.array_names == ["u", "T", "u_std", "T_std"]
    np.testing.assert_array_equal(grid["T"], whole["fields"][1, 1, :, 2])
    np.testing.assert_array_equal(grid["u"][:, 1], whole["fields"][1, 1, :, 1])
    assert grid["u_std"].shape == (6, 3)
    for design, time in ((1, np.float64(0.1)), ("a", 0.1 + 1e-12)):
        np.testing.assert_array_equal(to_pyvista(found, design, time)["T"], grid["T"])


def test_what_xarray_makes_of_a_prediction_has_a_mesh_too(whole: xr.Dataset, mesh: Mesh) -> None:
    found = by_variable(whole, mesh)
    grid = found.mean("time").simulgenvae.to_pyvista("b")
    np.testing.assert_array_equal(grid["T"], found["T"].mean("time")[0])
    one = found[["T"]].sel(run="b").isel(time=-1)
    assert one.simulgenvae.to_pyvista().array_names == ["T"]


def test_files_have_a_mesh_too(whole: xr.Dataset, mesh: Mesh, tmp_path: Path) -> None:
    write_prediction(whole, mesh, tmp_path / "new.nc")
    with xr.open_dataset(tmp_path / "new.nc") as file:
        grid = to_pyvista(file, "a", 0.1)
    np.testing.assert_array_equal(grid["T"], whole["fields"][1, 1, :, 2])
    assert grid.n_cells == 3


def test_all_kinds_of_cells(make_prediction: Any, mixed_mesh: Mesh) -> None:
    found = by_variable(make_prediction(nodes=40, steps=1), mixed_mesh)
    grid = found.simulgenvae.to_pyvista(0)
    assert grid_mesh(grid, Path("grid")).cells.same_as(mixed_mesh.cells)


def test_what_is_missing_is_said(
    prediction: xr.Dataset, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"to_pyvista\(\) needs the positions of the nodes"):
        by_variable(prediction, Mesh()).simulgenvae.to_pyvista("a", 0.1)
    monkeypatch.setitem(sys.modules, "pyvista", None)
    with pytest.raises(UserError, match='needs PyVista: python -m pip install "pyvista'):
        by_variable(prediction, mesh).simulgenvae.to_pyvista("a", 0.1)
