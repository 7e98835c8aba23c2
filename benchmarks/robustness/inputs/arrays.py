"""One small valid input of each kind, and the way it is read."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import openpyxl
import pyvista
import scipy.io
import xarray as xr
import zarr
from PIL import Image

from simulgenvae.data.condition_files import read_condition_files
from simulgenvae.data.images.files import read_images
from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder, load_settings

RUNS, TIMESTEPS, NODES = 3, 2, 8
FIELDS = np.random.default_rng(0).normal(size=(RUNS, TIMESTEPS, NODES, 1))


class Input(NamedTuple):
    """A kind of input."""

    write: Callable[[Path], None]
    """Function that writes a valid input into an empty folder."""
    read: Callable[[Path], object]
    """Function that reads it there, as the command line does."""


def _source(name: str, part: RunPart | None = None) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        with open_source(folder / name, part) as source:
            for problem in source.problems.values():
                raise UserError(problem)
            for run in range(min(source.shape[0], 2)):
                source.run(run)
            return [*source.notes, *source.remarks()]

    return read


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


def _grid(step: int) -> Any:
    grid = pyvista.ImageData(dimensions=(2, 2, 2)).cast_to_unstructured_grid()
    grid.point_data["T"] = FIELDS[0, step, :, 0]
    grid.cell_data["rho"] = np.full(grid.n_cells, 1.0 + step)
    return grid


def _vtk(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "run").mkdir()
        for step in range(TIMESTEPS):
            data = _grid(step)
            if suffix == ".vtp":
                data = data.extract_surface(algorithm="dataset_surface")
            if suffix == ".vti":
                data = pyvista.ImageData(dimensions=(2, 2, 2))
                data.point_data["T"] = FIELDS[0, step, :, 0]
            if suffix == ".vtm":
                data = pyvista.MultiBlock({"fluid": data})
            data.save(folder / f"run/step_{step}{suffix}", binary=step == 0)

    return write


def _surfaces(folder: Path) -> None:
    for step, time in enumerate(("0", "0.1")):
        (folder / f"run/{time}").mkdir(parents=True)
        surface = _grid(step).extract_surface(algorithm="dataset_surface")
        surface.save(folder / f"run/{time}/plane.vtp")


def _pvd(folder: Path) -> None:
    (folder / "run").mkdir()
    lines = []
    for step in range(TIMESTEPS):
        _grid(step).save(folder / f"run/s{step}.vtu")
        lines.append(f'<DataSet timestep="{0.5 * step}" part="0" file="s{step}.vtu"/>')
    (folder / "run/a.pvd").write_text(
        f'<VTKFile type="Collection" version="0.1"><Collection>{"".join(lines)}'
        "</Collection></VTKFile>"
    )


def _vtkhdf(folder: Path) -> None:
    (folder / "run").mkdir()
    _grid(0).save(folder / "run/a.vtkhdf")


def _table(text: str, name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_text(text)

    return write


def _workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (["id", "speed", "material"], ["a", 1.5, "steel"], ["b", 2.5, "copper"]):
        sheet.append(row)
    book.save(folder / "p.xlsx")


def _image(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "images").mkdir()
        pixels = np.random.default_rng(0).integers(0, 255, (12, 12), dtype=np.uint8)
        for run in range(2):
            Image.fromarray(pixels).save(folder / f"images/r{run}{suffix}")

    return write


def _images(folder: Path) -> object:
    return read_images(folder / "images", 16)


def _settings(folder: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_settings(StudyFolder(folder))


def _classic(folder: Path) -> None:
    (folder / "input_data").mkdir()
    (folder / "input_data/condition.txt").write_text(
        "Dim1 14\nnum_param: 2\nTraining_epochs 2 # comment\nBatch_size = 4\nLearningR 0.001\n"
        "Latent_dim 8\nLatent_dim_end 32\nLoss_type 1\nalpha 1000\ninput_type image\n"
        "param_dir /images\nuse_e2e_training 1\n"
    )
    (folder / "preset.txt").write_text(
        "data_No, init_beta_divisor, num_filter_enc, latent_conditioner_filter\n"
        "1\n4\n16 12 8\n8 8\n"
    )


def _toml(folder: Path) -> None:
    (folder / "study.toml").write_text(
        '[model]\nwidth = 64\nfilters = [16, 8]\n[training]\ndevice = "cpu"\n[training.vae]\n'
        "steps = 5\nlearning_rate = 1e-3\n[data]\nsplit_seed = 3\n[reduction]\nmax_rank = 8\n"
    )


_CSV = "id,speed,size,material\n" + "".join(f"r{k},{k / 7},{k * k},steel\n" for k in range(12))
_FRD = """\
    1C
    2C                             4                                     1
 -1         1 0.00000E+00 0.00000E+00 0.00000E+00
 -1         2 1.00000E+00 0.00000E+00 0.00000E+00
 -1         3 0.00000E+00 1.00000E+00 0.00000E+00
 -1         4 0.00000E+00 0.00000E+00 1.00000E+00
 -3
    3C                             1                                     1
 -1         1    3    0    1
 -2         1         2         3         4
 -3
    1PSTEP                         1           1           1
  100CL  101 1.000000000           4                     0    1           1
 -4  NDTEMP      1    1
 -5  T           1    1    0    0
 -1         1 1.00000E+00
 -1         2 2.00000E+00
 -1         3 3.00000E+00
 -1         4 4.00000E+00
 -3
 9999
"""
_NODES_CSV = "x,y,T\n" + "".join(f"{k % 3},{k // 3},{k / 7}\n" for k in range(9))


def _frd(folder: Path) -> None:
    (folder / "run.frd").write_text(_FRD)


def _node_tables(folder: Path) -> None:
    (folder / "run").mkdir()
    for step in range(TIMESTEPS):
        (folder / f"run/t_{step}.csv").write_text(_NODES_CSV)


def _conditions(name: str) -> Callable[[Path], object]:
    return lambda folder: read_condition_files(folder / name)


INPUTS: dict[str, Input] = {
    "npy": Input(_npy, _source("a.npy")),
    "npz": Input(_npz, _source("a.npz")),
    "hdf5": Input(_hdf5, _source("a.h5")),
    "mat": Input(_mat, _source("a.mat")),
    "pickle": Input(_pickle, _source("a.pickle")),
    "zarr": Input(_zarr, _source("a.zarr")),
    "netcdf-4": Input(_netcdf("h5netcdf"), _source("a.nc")),
    "netcdf-3": Input(_netcdf("scipy"), _source("a.nc")),
    "vtu": Input(_vtk(".vtu"), _source("")),
    "vtk": Input(_vtk(".vtk"), _source("")),
    "vtp": Input(_vtk(".vtp"), _source("")),
    "vti": Input(_vtk(".vti"), _source("")),
    "vtm": Input(_vtk(".vtm"), _source("")),
    "surfaces": Input(_surfaces, _source("")),
    "pvd": Input(_pvd, _source("")),
    "vtkhdf": Input(_vtkhdf, _source("")),
    "frd": Input(_frd, _source("run.frd")),
    "node csv": Input(_node_tables, _source("")),
    "parameters csv": Input(_table(_CSV, "p.csv"), _conditions("p.csv")),
    "parameters xlsx": Input(_workbook, _conditions("p.xlsx")),
    "png": Input(_image(".png"), _images),
    "jpeg": Input(_image(".jpg"), _images),
    "tiff": Input(_image(".tif"), _images),
    "bmp": Input(_image(".bmp"), _images),
    "webp": Input(_image(".webp"), _images),
    "gif": Input(_image(".gif"), _images),
    "condition.txt, preset.txt": Input(_classic, _settings),
    "study.toml": Input(_toml, _settings),
}
"""Kinds of input by name."""
