"""Predictions as NetCDF, and such files as runs of a study, as a user types it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from simulgenvae.data.dataset import Dataset


def test_a_prediction_becomes_a_study(cli: Any, trained: Path, tmp_path: Path) -> None:
    params = trained.parent / "new.csv"
    params.write_text(
        "id,speed,size\n" + "".join(f"new{k},{0.4 + 0.1 * k},{0.8 + 0.2 * k}\n" for k in range(4))
    )
    file = tmp_path / "pred.nc"
    done = cli("predict", trained, "--params", params, "--samples", 4, "--out", file)
    assert done.code == 0, done.err
    told = cli("inspect", file)
    assert "4: 'new0', 'new1', 'new2', 'new3'" in told.out, told.err
    study = tmp_path / "second"
    done = cli("ingest", file, "--params", params, "--study", study)
    assert done.code == 0, done.err
    dataset, first = (
        Dataset.open(study / "input_data/dataset.zarr"),
        Dataset.open(trained / "input_data/dataset.zarr"),
    )
    assert dataset.ids == ("new0", "new1", "new2", "new3")
    assert (dataset.variables, dataset.units) == (("u", "T"), ("m", "K"))
    np.testing.assert_array_equal(dataset.times, first.times)
    np.testing.assert_array_equal(dataset.mesh.coords, first.mesh.coords)
    with xr.open_dataset(file) as found:
        np.testing.assert_array_equal(dataset.run(2)[..., 1], found["T"].sel(run="new2"))
        assert (found["T_std"] >= 0).all()
    done = cli(
        "ingest", file, "--params", params, "--fields", "u,u_std", "--study", study, "--overwrite"
    )
    assert done.code == 0, done.err
    assert Dataset.open(study / "input_data/dataset.zarr").variables == ("u", "u_std")
