"""Meshes that move in time: where nodes are in the files of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.one_run import open_series
from simulgenvae.export import write_prediction
from simulgenvae.export.accessor import to_pyvista
from simulgenvae.export.by_variable import by_variable
from simulgenvae.mesh.mesh import Mesh

pytest.importorskip("pyvista")


@pytest.fixture
def moving(make_prediction: Any) -> xr.Dataset:
    found = make_prediction(("a",), variables=("T", "way x", "w_y"))
    # At rest at the start; a node without values is NaN.
    found["fields"][:, 0, :, 1:] = 0.0
    found["fields"][:, :, 5] = np.nan
    return found.assign_attrs(motion=["way x", "w_y"], units=["K", "m", "m"])


def expected(prediction: xr.Dataset, mesh: Mesh) -> np.ndarray:
    assert mesh.coords is not None
    way = np.nan_to_num(prediction["fields"].to_numpy()[0, :, :, 1:].astype(np.float64))
    return mesh.coords + way


@pytest.mark.parametrize("suffix", [".vtkhdf", ".xdmf", ".pvd"])
def test_nodes_are_where_they_are_predicted(
    tmp_path: Path, moving: xr.Dataset, mesh: Mesh, suffix: str
) -> None:
    write_prediction(moving, mesh, tmp_path / f"new{suffix}")
    series = open_series(tmp_path / f"new{suffix}")
    places = expected(moving, mesh)
    for step in range(3):
        found = series.read(step)
        np.testing.assert_allclose(found.coords[:, :2], places[step], atol=1e-7)
        np.testing.assert_array_equal(found.fields["T"], moving["fields"].to_numpy()[0, step, :, 0])
    assert series.mesh().cells.same_as(mesh.cells)


@pytest.mark.parametrize("suffix", [".vtkhdf", ".xdmf", ".pvd"])
def test_the_motion_is_read_again(
    tmp_path: Path, make_prediction: Any, mesh: Mesh, suffix: str
) -> None:
    made = make_prediction(("a",), variables=("T", "w_x", "w_y"))
    made = made.assign_attrs(motion=["w_x", "w_y"], units=["K", "m", "m"])
    write_prediction(made, mesh, tmp_path / f"new{suffix}")
    source = open_runs(tmp_path / f"new{suffix}")
    assert source.motion == ("w_x", "w_y")
    assert source.mesh is not None
    assert source.mesh.coords is not None
    assert mesh.coords is not None
    np.testing.assert_allclose(source.mesh.coords[:, :2], mesh.coords, atol=1e-6)
    np.testing.assert_array_equal(source.run(0), made["fields"].to_numpy()[0])


def test_netcdf_has_coordinates_that_move(tmp_path: Path, moving: xr.Dataset, mesh: Mesh) -> None:
    write_prediction(moving, mesh, tmp_path / "new.nc")
    places = expected(moving, mesh)
    with xr.open_dataset(tmp_path / "new.nc") as found:
        assert found.attrs["motion"] == "way_x w_y"
        for axis, name in enumerate(("x", "y")):
            np.testing.assert_array_equal(found[name], mesh.coords[:, axis])
            np.testing.assert_allclose(found.coords[f"{name}_moved"][0], places[..., axis])
        grid = to_pyvista(found, time=0.2)
    np.testing.assert_allclose(grid.points[:, :2], places[2], atol=1e-7)
    # They are positions, and no variables.
    variables = open_runs(tmp_path / "new.nc").companions["variables"]
    assert variables.tolist() == ["T", "way x", "w_y"]


def test_meshes_of_pyvista_move(moving: xr.Dataset, mesh: Mesh) -> None:
    found = by_variable(moving, mesh)
    assert found.attrs["motion"] == "way_x w_y"
    grid = found.simulgenvae.to_pyvista(time=0.1)
    np.testing.assert_allclose(grid.points[:, :2], expected(moving, mesh)[1], atol=1e-7)
    alone = found[["T"]].simulgenvae.to_pyvista(time=0.1)
    np.testing.assert_array_equal(alone.points[:, :2], mesh.coords)
