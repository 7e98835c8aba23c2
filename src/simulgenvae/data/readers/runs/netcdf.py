"""NetCDF: one run on a grid or at nodes, or several along a dimension of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import check_ids, prefix_errors
from simulgenvae.data.netcdf_names import ORIGINAL_NAME, PARAMETERS, RUN
from simulgenvae.data.prediction_labels import PredictionLabels
from simulgenvae.data.readers.hdf5 import MAGIC as HDF5_MAGIC
from simulgenvae.data.readers.runs.netcdf_file import NetcdfFile, StepValues, damaged
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.series import Kind, Listing, Series, Snapshot
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def open_runs(path: Path) -> dict[str, Series]:
    """Open the runs along the dimension ``run`` of a file, else its one run, named like the file.

    Fields are found by :func:`~simulgenvae.data.readers.runs.netcdf_fields.find_fields`, with
    scales, offsets and missing values (NaN) applied. Times are numbers in the unit of the file.

    Raises UserError when it is damaged, refers to other files, or has no fields.
    """
    with damaged(path):
        file = NetcdfFile.open(path)
        # Only names and times are read here; fields are read timestep by timestep, by `read` below.
        ids = file.ids()
        times = file.times()
        units: dict[str, str] = {}
        for name, variable in file.fields.variables.items():
            if variable.attrs.get("units"):
                units[name] = str(variable.attrs["units"])
        labels = _labels(file, ids, units)
    with prefix_errors(path):
        check_ids(ids)

    def series(run: int) -> Series:
        def read(step: int) -> Snapshot:
            coords = file.mesh(run, step).coords
            coords = np.zeros((file.nodes, 0)) if coords is None else coords
            return Snapshot(coords, StepValues(file, run, step), units, labels=labels[run])

        def look(step: int) -> Listing:
            kinds = dict.fromkeys(file.fields.variables, Kind(components=1))
            return Listing(read(step).coords, kinds, file.fields.left_out, labels=labels[run])

        return Series(
            path,
            times,
            read,
            lambda: file.mesh(run, 0),
            file.fields.ancillary,
            look,
            time_unit=file.time_unit(),
        )

    return {name: series(run) for run, name in enumerate(ids)}


def _labels(
    file: NetcdfFile, ids: Sequence[str], units: Mapping[str, str]
) -> Sequence[PredictionLabels | None]:
    """Return the labels of each run of a prediction; None for files that list no parameters."""
    names = str(file.data.attrs.get(PARAMETERS, "")).split()
    columns = [file.data.variables.get(name) for name in names]
    found = [column for column in columns if column is not None and column.dims == (RUN,)]
    if not names or len(found) < len(names):
        return [None] * len(ids)
    variables = [name for name in file.fields.variables if name not in file.fields.ancillary]
    values = [column.to_numpy().tolist() for column in found]
    return [
        PredictionLabels(
            design,
            tuple(variables),
            tuple(units.get(name, "") for name in variables),
            parameters=tuple(
                str(column.attrs.get(ORIGINAL_NAME, name))
                for name, column in zip(names, found, strict=True)
            ),
            parameter_units=tuple(str(column.attrs.get("units", "")) for column in found),
            values=tuple(column[run] for column in values),
        )
        for run, design in enumerate(ids)
    ]


def open_run(path: Path) -> Series:
    """Open a file that holds one run.

    Raises UserError when it holds several, is damaged, refers to other files, or has no fields.
    """
    runs = open_runs(path)
    if len(runs) > 1:
        raise UserError(f"{path}: holds {len(runs)} runs, not one: give such files by their names")
    return next(iter(runs.values()))


NETCDF = RunFormat(
    name="NetCDF",
    open=open_run,
    suffixes=(".nc",),
    first_bytes=(b"CDF", HDF5_MAGIC),
    open_runs=open_runs,
)
