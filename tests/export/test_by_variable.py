"""Predictions by variable: as the NetCDF writer names them, and as xarray works with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.conditions import Conditions
from simulgenvae.export import write_prediction
from simulgenvae.export.batches import Batch
from simulgenvae.export.by_variable import by_variable
from simulgenvae.mesh.mesh import Mesh


@pytest.mark.parametrize("variables", [("u", "T"), ("p/rho", "x"), ("u", "u_std")])
def test_it_is_what_a_file_holds(
    tmp_path: Path, make_prediction: Any, mesh: Mesh, variables: tuple[str, ...]
) -> None:
    whole = make_prediction(variables=variables, std=True, scores=True)
    conditions = Conditions(
        ("a", "b"),
        ("speed", "a b", "T", "kind"),
        np.array([[0.1, 3.0, 5.0, 1.0], [0.2, 4.0, 6.0, 0.0]]),
        levels=((), (), (), ("long", "short")),
        units=("m/s", "", "", ""),
    )
    found = by_variable(whole, mesh, conditions)
    assert found["kind"].values.tolist() == ["long", "short"]
    assert found["speed"].values.tolist() == [0.2, 0.1]
    whole = Batch.of(whole).with_parameters(conditions)
    write_prediction([whole], mesh, tmp_path / "new.nc")
    with xr.open_dataset(tmp_path / "new.nc") as file:
        # Only the file has UGRID's description of the mesh.
        only_there = {"mesh", "faces"}
        assert set(file.variables) - only_there == set(found.variables)
        for name in found.variables:
            np.testing.assert_array_equal(found[name], file[name])
            kept = dict(found[name].attrs)
            if "ancillary_variables" in kept:
                assert kept["ancillary_variables"] == file[name].attrs["ancillary_variables"]
            for label in ("long_name", "units", "axis", "original_name"):
                assert kept.get(label) == file[name].attrs.get(label)
        assert found.attrs == file.attrs


def test_fields_are_not_copied(prediction: xr.Dataset, mesh: Mesh) -> None:
    found = by_variable(prediction, mesh)
    assert np.shares_memory(found["T"].values, prediction["fields"].values)
    assert found["T"].dims == ("run", "time", "node")


def test_it_is_plotted_and_written(prediction: xr.Dataset, mesh: Mesh, tmp_path: Path) -> None:
    found = by_variable(prediction, mesh)
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    found.T.isel(run=[0]).max("node").plot()
    assert plt.gca().get_ylabel() == "T [K]"
    plt.close()
    found.T.max("node").plot()
    plt.close()
    found.T.max("node").plot.line(x="time")
    plt.close()
    found.to_netcdf(tmp_path / "own.nc")
    assert xr.open_dataset(tmp_path / "own.nc").identical(found)


def test_nodes_and_warnings(make_prediction: Any, mesh: Mesh) -> None:
    part = make_prediction(nodes=2).assign_coords(node=[4, 3])
    found = by_variable(part, mesh.at(np.array([4, 3])))
    assert found["node"].values.tolist() == [4, 3]
    assert found["x"].values.tolist() == [1.0, 0.0]
    assert found.attrs["warnings"] == "b: outside"
    assert "x" not in by_variable(part, Mesh()).coords
