"""NumPy archives and Zarr groups, read back."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from simulgenvae.errors import UserError
from simulgenvae.export import write_prediction
from simulgenvae.mesh.mesh import Mesh
from tests.export.conftest import MakePrediction


def test_npz_holds_everything_without_objects(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz", allow_pickle=False) as file:
        cells = {"cells_triangle", "cells_quad"}
        assert set(file) == {"fields", "ids", "times", "coords", "variables", "units", *cells}
        np.testing.assert_array_equal(file["fields"], prediction["fields"].values)
        assert file["fields"].dtype == np.float32
        assert file["ids"].tolist() == ["b", "a"]
        assert file["ids"].dtype.kind == "U"
        np.testing.assert_array_equal(file["times"], prediction["time"].values)
        np.testing.assert_array_equal(file["coords"], mesh.coords)
        assert file["variables"].tolist() == ["u", "T"]
        assert file["units"].tolist() == ["m/s", "K"]


def test_npz_of_batches_with_std_is_that_of_the_whole(
    tmp_path: Path, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    whole = make_prediction(("r0", "run number one", "r2"), std=True, scores=True)
    write_prediction((whole.isel(run=[i]) for i in range(3)), mesh, tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz", allow_pickle=False) as file:
        for name in ("fields", "std", "novelty", "expected_error"):
            np.testing.assert_array_equal(file[name], whole[name].values)
        assert file["ids"].tolist() == ["r0", "run number one", "r2"]


def test_axes_may_come_in_any_order(tmp_path: Path, prediction: xr.Dataset, mesh: Mesh) -> None:
    write_prediction(
        prediction.transpose("node", "variable", "run", "time"), mesh, tmp_path / "new.npz"
    )
    with np.load(tmp_path / "new.npz") as file:
        np.testing.assert_array_equal(file["fields"], prediction["fields"].values)


def test_unknown_positions_are_an_empty_table(tmp_path: Path, prediction: xr.Dataset) -> None:
    write_prediction(prediction, Mesh(), tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as file:
        assert file["coords"].shape == (6, 0)


@pytest.mark.parametrize("batched", [False, True])
def test_zarr_opens_in_xarray(
    tmp_path: Path, mesh: Mesh, batched: bool, make_prediction: MakePrediction
) -> None:
    whole = make_prediction(("short", "a much longer id", "ü"), std=True, scores=True)
    given = (whole.isel(run=[i]) for i in range(3)) if batched else whole
    write_prediction(given, mesh, tmp_path / "new.zarr")
    with xr.open_zarr(tmp_path / "new.zarr", consolidated=False) as read:
        for name in ("fields", "std"):
            assert read[name].dims == ("run", "time", "node", "variable")
            np.testing.assert_array_equal(read[name].values, whole[name].values)
        for name in ("novelty", "expected_error"):
            assert read[name].dims == ("run",)
            np.testing.assert_array_equal(read[name].values, whole[name].values)
        assert read["run"].values.tolist() == ["short", "a much longer id", "ü"]
        assert read["variable"].values.tolist() == ["u", "T"]
        np.testing.assert_array_equal(read["time"].values, whole["time"].values)
        np.testing.assert_array_equal(read["coords"].values, mesh.coords)
        assert read.attrs["units"] == ["m/s", "K"]
        assert read.attrs["warnings"] == ["short: outside"]
        np.testing.assert_array_equal(
            read["fields"].sel(run="ü", variable="T").values, whole["fields"][2, :, :, 1]
        )


def test_zarr_keeps_one_run_per_chunk(tmp_path: Path, prediction: xr.Dataset, mesh: Mesh) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.zarr")
    assert zarr.open_group(tmp_path / "new.zarr", mode="r")["fields"].chunks == (1, 3, 6, 2)


def test_npz_that_does_not_fit_into_memory_is_refused(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.utils.resources.available_memory", lambda: 100)
    with pytest.raises(UserError, match=r"joining 1 batches.*\.zarr"):
        write_prediction(prediction, mesh, tmp_path / "new.npz")
    assert list(tmp_path.iterdir()) == []
