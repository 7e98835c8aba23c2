"""Open NetCDF file: its fields, times and meshes, read in blocks of timesteps.

Blocks are read so that no chunk is decompressed twice. Tested in
tests/data/readers/runs/test_netcdf.py.
"""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.netcdf_names import RUN
from simulgenvae.data.readers.hdf5 import MAGIC as HDF5_MAGIC
from simulgenvae.data.readers.hdf5 import check_dataset
from simulgenvae.data.readers.runs.netcdf_fields import Fields, find_fields, time_variable
from simulgenvae.data.readers.runs.netcdf_mesh import nodes_and_cells
from simulgenvae.data.readers.runs.netcdf_runs import with_named_runs
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import READ_ERRORS, damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from simulgenvae.mesh.mesh import Mesh

_SMALLEST_BLOCK = 1_000_000
"""Bytes that are read at once, at least, where timesteps are smaller."""
_LARGEST_BLOCK = 64_000_000
"""Bytes that are read at once, at most, where timesteps are smaller."""
_ERRORS = (*READ_ERRORS, IndexError, AttributeError, AssertionError, struct.error)
"""Exceptions that xarray, h5netcdf and SciPy raise on damaged files."""


@dataclass(frozen=True, eq=False)
class NetcdfFile:
    """Open file. xarray closes it when too many files are open, and opens it again."""

    path: Path
    data: xr.Dataset
    fields: Fields

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file.

        Raises UserError when it refers to other files or has no fields, and what the libraries
        raise on damaged files, see :func:`damaged`.
        """
        data, is_hdf5 = _opened(path)
        file = cls(path, data, find_fields(path, data))
        _require_values(file, is_hdf5)
        return file

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return math.prod(self.data.sizes[dim] for dim in self.fields.space)

    def ids(self) -> list[str]:
        """Return the ids of the runs; the name of the file where there is only one."""
        if RUN not in self.data.sizes:
            return [self.path.stem]
        values = self.data[RUN].to_numpy()
        return [name.decode() if isinstance(name, bytes) else str(name) for name in values.tolist()]

    def times(self) -> NDArray[np.float64]:
        """Return the times, `[T]`.

        They are counted from 0 where the file has none, and 0 where nothing depends on time.
        """
        if self.fields.time is None:
            return np.zeros(1)
        variable = time_variable(self.data, self.fields.time)
        if variable is None:
            return np.arange(self.data.sizes[self.fields.time], dtype=np.float64)
        if variable.dtype.kind not in "fiu" or variable.ndim != 1:
            raise UserError(
                f"{self.path}: its times must be [T] numbers, but are {variable.dtype} "
                f"{variable.shape}"
            )
        times = np.asarray(variable.values, dtype=np.float64)
        if times.shape != variable.shape:
            raise ValueError(f"{times.size} times along a dimension of {variable.size}")
        return times

    def time_unit(self) -> str:
        """Return the unit of the times; "" where the file does not say it."""
        if self.fields.time is None:
            return ""
        variable = time_variable(self.data, self.fields.time)
        return "" if variable is None else str(variable.attrs.get("units", "")).strip()

    def mesh(self, run: int, step: int) -> Mesh:
        """Return the mesh of a run at a timestep."""
        # One that all share has one key.
        along = self.fields.placed_along
        return _mesh(self, run if RUN in along else 0, step if along - {RUN} else 0)

    def block(self) -> int:
        """Return the number of timesteps that are read at once: one chunk, if it fits."""
        # Small timesteps are read many at a time: as many as are in a chunk or the smallest block.
        # In double precision, which scales and offsets make of the numbers in the file.
        size = 8 * self.nodes * len(self.fields.variables)
        chunks = [1]
        for variable in self.fields.variables.values():
            sizes = variable.encoding.get("chunksizes")
            if sizes and self.fields.time in variable.dims:
                chunks.append(sizes[variable.dims.index(self.fields.time)])
        return max(1, min(max(*chunks, _SMALLEST_BLOCK // size), _LARGEST_BLOCK // size))

    def read(self, name: str, run: int, start: int) -> NDArray[Any]:
        """Return a field in the block of timesteps from ``start`` on, `[block, M]`."""
        fields = self.fields
        variable = fields.variables[name]
        at: dict[Hashable, Any] = {RUN: run, fields.time: slice(start, start + self.block())}
        with damaged(self.path):
            part = variable.isel({dim: where for dim, where in at.items() if dim in variable.dims})
            # Each variable may list the dimensions in another order.
            order = [dim for dim in (fields.time, *fields.space) if dim in part.dims]
            # A damaged file may have fewer values than its dimensions say: that is an error here.
            rows = part.sizes.get(fields.time, 1)
            return np.asarray(part.transpose(*order).values).reshape(rows, self.nodes)


class StepValues(Mapping[str, NDArray[Any]]):
    """Fields at a timestep, each of which is read at its first use."""

    def __init__(self, file: NetcdfFile, run: int, step: int) -> None:
        self._file = file
        self._run = run
        self._place = step % file.block()
        self._start = step - self._place

    def __getitem__(self, name: str) -> NDArray[Any]:
        held = _held(self._file, self._run, self._start)
        if name not in held:
            held[name] = self._file.read(name, self._run, self._start)
        values: NDArray[Any] = held[name][self._place]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.fields.variables)

    def __len__(self) -> int:
        return len(self._file.fields.variables)


@lru_cache(maxsize=1)
def _held(file: NetcdfFile, run: int, start: int) -> dict[str, NDArray[Any]]:
    """Return the fields of a block of timesteps that have been read; only one block is kept."""
    return {}


@lru_cache(maxsize=2)
def _mesh(file: NetcdfFile, run: int, step: int) -> Mesh:
    """Return a mesh of a file; two meshes are kept, of the reference and of another run."""
    require_memory(200 * file.nodes, f"{file.path}: its mesh", "is this the right file?")
    fields = file.fields
    at: dict[Hashable, Any] = {RUN: run, fields.time: step}
    with damaged(file.path):
        places = {
            axis: place.isel({dim: at[dim] for dim in place.dims if dim in at})
            for axis, place in fields.places.items()
        }
        return nodes_and_cells(file.data, fields.space, places)


def _opened(path: Path) -> tuple[xr.Dataset, bool]:
    """Return the variables of a file, and whether it is HDF5."""
    import xarray as xr

    with path.open("rb") as file:
        head = file.read(8)
    # SciPy, which reads NetCDF-3, does not know this variant.
    if head.startswith(b"CDF\x05"):
        raise UserError(
            f"{path}: NetCDF with 64-bit data (CDF-5) is not read: convert it (nccopy -k nc4 OLD "
            "NEW)"
        )
    is_hdf5 = head == HDF5_MAGIC
    if is_hdf5:
        _require_inside(path)
    data = xr.open_dataset(
        path.resolve(),
        engine="h5netcdf" if is_hdf5 else "scipy",
        # Numbers as they are in the file: dates and calendars would lose the unit of the times.
        decode_times=False,
        decode_timedelta=False,
        decode_coords=False,
        cache=False,
    )
    return with_named_runs(data), is_hdf5


def _require_inside(path: Path) -> None:
    """Raise UserError when parts of an HDF5 file lie in other files.

    It is raised, too, when an axis does not fit into memory, as xarray reads all of them.
    """
    links: dict[str, object] = {}
    items: dict[str, h5py.HLObject] = {}
    with h5py.File(path, "r") as file:
        file.visititems_links(lambda name, link: links.update({name: link}))
        for name, link in links.items():
            if not isinstance(link, h5py.HardLink):
                raise UserError(f"{path}: {name!r} is a link to elsewhere: such files are not read")
        file.visititems(lambda name, item: items.update({name: item}))
        for name, item in items.items():
            if not isinstance(item, h5py.Dataset):
                continue
            if item.is_virtual or item.external is not None:
                raise UserError(
                    f"{path}: the values of {name!r} lie in other files: copy them into this one"
                )
            if item.ndim == 1:
                size = 2 * item.size * item.dtype.itemsize
                require_memory(size, f"{path}, variable {name!r}", "is this the right file?")


def _require_values(file: NetcdfFile, is_hdf5: bool) -> None:
    """Raise UserError when fields were never written, or a chunk does not fit into memory."""
    if is_hdf5:
        with h5py.File(file.path, "r") as opened:
            for variable in file.fields.stored:
                check_dataset(file.path, opened[variable])


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Turn what the libraries raise on a damaged file into one message, without their warnings."""
    # xarray warns of unusual attributes, which is no news for the user of another program's file.
    with damage_reported(path, "cannot be read as NetCDF", _ERRORS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
