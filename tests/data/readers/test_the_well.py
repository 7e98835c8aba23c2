"""HDF5 in the layout of The Well."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from simulgenvae.data.readers import open_source
from simulgenvae.errors import UserError

RANDOM = np.random.default_rng(0)
PRESSURE = RANDOM.normal(size=(6, 4, 3, 5))
VELOCITY = RANDOM.normal(size=(6, 4, 3, 5, 2))
DENSITY = RANDOM.normal(size=(6, 3, 5))
X = np.linspace(0.0, 1.0, 3)
Y = np.linspace(2.0, 4.0, 5)


def write(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["t0_fields/pressure"] = PRESSURE
        file["t0_fields/density"] = DENSITY
        file["t0_fields/density"].attrs["time_varying"] = False
        file["t1_fields/velocity"] = VELOCITY
        file.create_group("t2_fields")
        file["dimensions/time"] = [0.0, 0.5, 1.0, 1.5]
        file["dimensions/x"] = X
        file["dimensions/y"] = Y
        file["scalars/Re"] = np.arange(6.0)
        file["scalars/gamma"] = 1.4
        file["boundary_conditions/X/mask"] = np.ones(3, dtype=bool)


def test_fields_times_grid_and_parameters(tmp_path: Path) -> None:
    write(tmp_path / "w.hdf5")
    with open_source(tmp_path / "w.hdf5") as source:
        names = source.companions["variables"].tolist()
        assert names == ["density", "pressure", "velocity_x", "velocity_y"]
        run = source.run(2)
        assert run.shape == source.shape[1:] == (4, 15, 4)
        np.testing.assert_array_equal(run[..., 1], PRESSURE[2].reshape(4, 15))
        np.testing.assert_array_equal(run[..., 2:], VELOCITY[2].reshape(4, 15, 2))
        np.testing.assert_array_equal(run[3, :, 0], DENSITY[2].ravel())
        assert "t0_fields/density is the same for all times" in source.notes[0]
        np.testing.assert_array_equal(source.companions["times"], [0.0, 0.5, 1.0, 1.5])
        np.testing.assert_array_equal(source.companions["params"], np.arange(6.0)[:, None])
        assert source.mesh is not None
        assert source.mesh.coords is not None
        np.testing.assert_array_equal(source.mesh.coords[6], [X[1], Y[1]])
        assert len(source.mesh.cells["quad"]) == 2 * 4


def test_shapes_that_do_not_fit(tmp_path: Path) -> None:
    write(tmp_path / "w.hdf5")
    with h5py.File(tmp_path / "w.hdf5", "a") as file:
        file["t0_fields/energy"] = np.zeros((6, 4, 5, 3))
        file["t0_fields/energy"][0] = 1
    with (
        pytest.raises(UserError, match=r"energy' has the shape \(6, 4, 5, 3\)"),
        open_source(tmp_path / "w.hdf5"),
    ):
        pass


def test_attributes_that_do_not_fit(tmp_path: Path) -> None:
    write(tmp_path / "w.hdf5")
    with h5py.File(tmp_path / "w.hdf5", "a") as file:
        file["t0_fields/density"].attrs["dim_varying"] = [True, True, False]
    with (
        pytest.raises(UserError, match=r"w\.hdf5: cannot be read in the layout of The Well"),
        open_source(tmp_path / "w.hdf5"),
    ):
        pass
