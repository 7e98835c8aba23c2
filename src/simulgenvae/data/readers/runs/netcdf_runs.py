"""Dimension of a NetCDF file along which its runs lie.

Tested in tests/data/readers/runs/test_netcdf.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.data.netcdf_names import RUN
from simulgenvae.data.readers.runs.netcdf_fields import time_dimension
from simulgenvae.data.readers.runs.netcdf_mesh import axis_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    import xarray as xr

NAMES = (
    "sample",
    "samples",
    "simulation",
    "simulations",
    "runs",
    "case",
    "cases",
    "design",
    "realization",
    "realisation",
    "member",
    "ensemble",
    "trajectory",
    "batch",
)
"""Further names of the dimension of the runs, in the order in which they are looked for."""


def with_named_runs(data: xr.Dataset) -> xr.Dataset:
    """Return the data with the dimension of the runs, if they have one, called ``run``.

    It is ``run``, or else a dimension with one of :data:`NAMES`, or else one without coordinates
    in front of the time: dimensions that are neither time nor space come first (CF-1.11, 2.4).
    """
    if RUN in data.sizes:
        return data
    by_name = {str(dim).lower(): dim for dim in data.sizes}
    found = next((by_name[name] for name in NAMES if name in by_name), None)
    found = _before_time(data) if found is None else found
    # A single variable of that name without dimensions would be in the way.
    return data if found is None or RUN in data.variables else data.rename({found: RUN})


def _before_time(data: xr.Dataset) -> Hashable | None:
    time = time_dimension(data)
    fields = [
        variable
        for variable in data.variables.values()
        if variable.ndim >= 3 and time in variable.dims and variable.dtype.kind in "fiu"
    ]
    first = {variable.dims[0] for variable in fields if variable.dims[1] == time}
    if len(first) != 1 or any(variable.dims[1] != time for variable in fields):
        return None
    (dim,) = first
    coordinate = data.variables.get(dim)
    if coordinate is None:
        return dim if axis_of(dim) is None else None
    # A number with a unit is a quantity, such as a height, and numbers no runs.
    is_place = axis_of(dim, coordinate) is not None or "units" in coordinate.attrs
    return None if is_place else dim
