"""NetCDF files of predictions: as they were given, read back here and by xarray."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.errors import UserError
from simulgenvae.export import write_prediction
from simulgenvae.mesh.mesh import Mesh
from tests.export.conftest import MakePrediction

LINE = Mesh(np.linspace(0, 1, 6)[:, None], {"line": np.array([[0, 1], [1, 2]])})
SOLID = Mesh(
    np.random.default_rng(0).random((6, 3)),
    {"tetra": np.array([[0, 1, 2, 3]]), "wedge": np.arange(6)[None]},
)
TRIANGLES = Mesh(SOLID.coords, {"triangle": np.array([[0, 1, 2], [3, 4, 5]])})


def read(path: Path, fields: list[str] | None = None) -> Any:
    return open_source(path, None if fields is None else RunPart(fields)).__enter__()


def assert_same(path: Path, whole: xr.Dataset, mesh: Mesh) -> None:
    source = read(path)
    assert source.companions["ids"].tolist() == whole["run"].values.tolist()
    assert source.companions["variables"].tolist() == whole["variable"].values.tolist()
    np.testing.assert_array_equal(source.companions["times"], whole["time"].values)
    for run, fields in enumerate(whole["fields"].values):
        found = source.run(run)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found.view(np.int32), fields.view(np.int32))
    units = whole.attrs["units"]
    assert source.companions.get("units", np.array([""] * len(units))).tolist() == units
    if mesh.coords is None:
        assert source.mesh.coords is None
    else:
        np.testing.assert_array_equal(source.mesh.coords, mesh.coords)
    assert list(source.mesh.cells) == list(mesh.cells)
    for name, cells in mesh.cells.items():
        np.testing.assert_array_equal(source.mesh.cells[name], cells)


@pytest.mark.parametrize(
    "other", [None, LINE, SOLID, TRIANGLES, Mesh()], ids=["faces", "line", "solid", "shell", "no"]
)
def test_batches_are_read_as_they_were_given(
    tmp_path: Path, make_prediction: Any, mesh: Mesh, other: Mesh
) -> None:
    whole = make_prediction(("b", "a much longer id", "ü"), std=True, scores=True)
    whole["fields"].values[1, 2, 3, 0] = np.nan
    used = mesh if other is None else other
    write_prediction((whole.isel(run=[run]) for run in range(3)), used, tmp_path / "new.nc")
    assert_same(tmp_path / "new.nc", whole, used)


names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=9).filter(
    lambda name: name.isprintable() and name == name.strip()
)


@settings(max_examples=25)
@given(st.lists(names, min_size=1, max_size=4, unique=True), st.integers(1, 3), st.data())
def test_any_names_come_back(
    make_prediction: Any, variables: list[str], runs: int, data: st.DataObject
) -> None:
    units = data.draw(
        st.lists(names | st.just(""), min_size=len(variables), max_size=len(variables))
    )
    whole = make_prediction([f"run{run}" for run in range(runs)], variables=variables, std=True)
    whole.attrs["units"] = units
    with tempfile.TemporaryDirectory() as folder:
        write_prediction(whole, LINE, Path(folder) / "new.nc")
        assert_same(Path(folder) / "new.nc", whole, LINE)


@pytest.mark.parametrize(
    "variables",
    [
        ("x", "time"),
        ("p/rho", "p rho"),
        ("u", "u_std"),
        ("run", "node"),
        ("-a", "mesh"),
        ("novelty", "_"),
    ],
)
def test_names_that_are_taken_or_not_allowed(
    tmp_path: Path, make_prediction: Any, mesh: Mesh, variables: Any
) -> None:
    whole = make_prediction(variables=variables, std=True, scores=True)
    write_prediction(whole, mesh, tmp_path / "new.nc")
    assert_same(tmp_path / "new.nc", whole, mesh)
    with h5netcdf.File(tmp_path / "new.nc") as file:
        assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) for name in file.variables)


def test_xarray_reads_labelled_axes_units_and_what_is_said_of_designs(
    tmp_path: Path, make_prediction: Any, mesh: Mesh
) -> None:
    whole = make_prediction(("short", "ü"), std=True, scores=True)
    write_prediction(whole, mesh, tmp_path / "new.nc")
    with xr.open_dataset(tmp_path / "new.nc") as found:
        assert found["u"].dims == ("run", "time", "node")
        np.testing.assert_array_equal(
            found["T"].sel(run="ü", time=0.1), whole["fields"].values[1, 1, :, 1]
        )
        np.testing.assert_array_equal(found["u_std"], whole["std"].values[..., 0])
        assert found["u"].attrs["units"] == "m/s"
        assert found["u_std"].attrs["long_name"] == "standard deviation of u"
        assert set(found.coords) == {"run", "time", "x", "y"}
        np.testing.assert_array_equal(found["y"], mesh.coords[:, 1])
        for name in ("novelty", "expected_error"):
            np.testing.assert_array_equal(found[name], whole[name])
        assert found.attrs["Conventions"] == "CF-1.11 UGRID-1.0"
        assert found.attrs["warnings"] == "short: outside"
        assert found.attrs["source"].startswith("SimulGenVAE ")


def test_faces_are_a_mesh_by_ugrid(tmp_path: Path, make_prediction: Any, mesh: Mesh) -> None:
    for used, name in ((mesh, "faces"), (TRIANGLES, "cells_triangle")):
        write_prediction(make_prediction(), used, tmp_path / "new.nc", overwrite=True)
        with h5netcdf.File(tmp_path / "new.nc") as file:
            topology = file["mesh"].attrs
            assert topology["cf_role"] == "mesh_topology"
            assert topology["topology_dimension"] == 2
            assert topology["node_coordinates"].split() == ["x", "y", "z"][: used.coords.shape[1]]
            assert topology["face_node_connectivity"] == name
            assert file["u"].attrs["mesh"] == "mesh"
            assert file["u"].attrs["location"] == "node"
            expected = [
                *used.cells["triangle"].tolist(),
                *used.cells.get("quad", np.zeros((0, 4))).tolist(),
            ]
            assert [
                [node for node in face if node >= 0] for face in file[name][...].tolist()
            ] == expected


def test_chosen_nodes_have_their_numbers(tmp_path: Path, prediction: xr.Dataset) -> None:
    numbers = np.array([7, 3, 1, 0, 9, 5])
    write_prediction(prediction.assign_coords(node=numbers), Mesh(), tmp_path / "new.nc")
    with xr.open_dataset(tmp_path / "new.nc") as found:
        np.testing.assert_array_equal(
            found["u"].sel(node=9), prediction["fields"].values[:, :, 4, 0]
        )
    assert read(tmp_path / "new.nc").mesh.coords is None


def test_how_certain_fields_are_is_read_when_it_is_asked_for(
    tmp_path: Path, make_prediction: Any, mesh: Mesh
) -> None:
    whole = make_prediction(std=True)
    write_prediction(whole, mesh, tmp_path / "new.nc")
    source = read(tmp_path / "new.nc", ["u", "u_std"])
    assert source.companions["variables"].tolist() == ["u", "u_std"]
    assert source.companions["units"].tolist() == ["m/s", "m/s"]
    np.testing.assert_array_equal(source.run(1)[..., 1], whole["std"].values[1, ..., 0])


def test_fields_are_compressed_run_by_run(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.nc")
    with h5netcdf.File(tmp_path / "new.nc") as file:
        stored = file["u"]
        assert (stored.compression, stored.compression_opts, stored.shuffle) == ("gzip", 4, True)
        assert stored.chunks == (1, 3, 6)
        assert file.dimensions["run"].isunlimited()


@pytest.mark.parametrize("size", [0, 1777, 20_000, 150_000, 700_000])
def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, make_prediction: MakePrediction, size: int, files_of_at_most: Any
) -> None:
    whole = make_prediction([f"r{run}" for run in range(4)], nodes=9000)
    with files_of_at_most(size), pytest.raises(UserError, match=r"new\.nc could not be written"):
        write_prediction((whole.isel(run=[run]) for run in range(4)), Mesh(), tmp_path / "new.nc")
    assert list(tmp_path.iterdir()) == []
