"""Files of arrays, which hold all runs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import xarray as xr
import zarr

from benchmarks.robustness.inputs.base import FIELDS, NODES, RUNS, TIMESTEPS, Input, source
from simulgenvae.data.readers import RunPart


def _npy(folder: Path) -> None:
    np.save(folder / "a.npy", FIELDS)


def _npz(folder: Path) -> None:
    np.savez(folder / "a.npz", fields=FIELDS, times=np.arange(TIMESTEPS), ids=["a", "b", "c"])


def _hdf5(folder: Path) -> None:
    with h5py.File(folder / "a.h5", "w") as file:
        file["fields"], file["times"] = FIELDS, np.arange(TIMESTEPS)


def _mat(folder: Path) -> None:
    scipy.io.savemat(folder / "a.mat", {"fields": FIELDS, "times": np.arange(TIMESTEPS)})


def _pickle(folder: Path) -> None:
    (folder / "a.pickle").write_bytes(pickle.dumps(FIELDS))


def _zarr(folder: Path) -> None:
    group = zarr.open_group(folder / "a.zarr", mode="w")
    group.create_array("fields", data=FIELDS)


def _netcdf(engine: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        data = xr.Dataset(
            {"T": (("time", "x"), FIELDS[0, :, :, 0])},
            {"time": np.arange(TIMESTEPS) * 1.0, "x": np.arange(NODES) * 1.0},
        )
        data.to_netcdf(folder / "a.nc", engine=engine)  # type: ignore[call-overload]

    return write


def _numpy_folder(folder: Path) -> None:
    (folder / "runs").mkdir()
    for run in range(RUNS):
        np.save(folder / f"runs/r{run}.npy", FIELDS[run])


def _groups(folder: Path) -> None:
    with h5py.File(folder / "a.h5", "w") as file:
        for run in range(RUNS):
            file[f"runs/r{run}/T"] = FIELDS[run, :, :, 0]


def _the_well(folder: Path) -> None:
    with h5py.File(folder / "a.hdf5", "w") as file:
        file["t0_fields/p"] = FIELDS.reshape(RUNS, TIMESTEPS, 2, 4)
        file["t1_fields/u"] = np.repeat(FIELDS, 2, axis=3).reshape(RUNS, TIMESTEPS, 2, 4, 2)
        file["dimensions/time"] = np.arange(TIMESTEPS) * 0.5
        file["dimensions/x"], file["dimensions/y"] = np.arange(2.0), np.arange(4.0)
        file["scalars/Re"] = np.arange(float(RUNS))
        file["scalars/gamma"] = 1.4


def _samples(folder: Path) -> None:
    data = xr.Dataset(
        {"T": (("sample", "time", "x"), FIELDS[..., 0])},
        {"time": np.arange(TIMESTEPS) * 1.0, "x": np.arange(NODES) * 1.0},
    )
    data.to_netcdf(folder / "a.nc", engine="h5netcdf")


def _grid(folder: Path) -> None:
    data = xr.Dataset(
        {"T": (("time", "lat", "lon"), FIELDS[0].reshape(TIMESTEPS, 2, 4), {"units": "K"})},
        {"time": [0.0, 1.0], "lat": [0.0, 1.0], "lon": np.arange(4.0)},
    )
    data.time.attrs["units"] = "hours since 2020-01-01"
    data.to_netcdf(folder / "a.nc", engine="h5netcdf")


ARRAYS: dict[str, Input] = {
    "npy": Input(_npy, source("a.npy")),
    "npz": Input(_npz, source("a.npz")),
    "hdf5": Input(_hdf5, source("a.h5")),
    "mat": Input(_mat, source("a.mat")),
    "pickle": Input(_pickle, source("a.pickle")),
    "zarr": Input(_zarr, source("a.zarr")),
    "netcdf-4": Input(_netcdf("h5netcdf"), source("a.nc")),
    "netcdf-3": Input(_netcdf("scipy"), source("a.nc")),
    "folder of npy": Input(_numpy_folder, source("runs")),
    "hdf5 groups": Input(_groups, source("a.h5", RunPart(path="runs/*/T", axes=("time", "node")))),
    "the_well": Input(_the_well, source("a.hdf5")),
    "netcdf samples": Input(_samples, source("a.nc")),
    "netcdf grid": Input(_grid, source("a.nc")),
}
