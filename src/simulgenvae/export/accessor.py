"""Meshes of PyVista from predictions: ``prediction.simulgenvae.to_pyvista(design, time)``.

xarray advises accessors for methods of one's own, since its operations return plain datasets:
``prediction.sel(time=0.5).simulgenvae`` is there, too.

Tested in tests/export/test_accessor.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from simulgenvae.data.motion import moved
from simulgenvae.data.netcdf_names import MOTION
from simulgenvae.errors import UserError
from simulgenvae.export.cf import CELLS, KINDS, PLACES
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.components import whole_fields
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import mesh_grid

if TYPE_CHECKING:
    import pyvista
    from numpy.typing import NDArray


def to_pyvista(
    prediction: xr.Dataset, design: str | int | None = None, time: float | None = None
) -> pyvista.UnstructuredGrid:
    """Return the mesh with the fields of one design at one time as point data.

    Components of a vector (``U_x``, ``U_y``, ``U_z``) are the vector ``U``. Nodes of a mesh that
    moves in time are where they are predicted.

    Parameters
    ----------
    prediction
        Prediction of :meth:`simulgenvae.Model.predict`, what xarray's operations make of one, or a
        ``.nc`` file of ``simulgenvae predict`` that xarray has opened.
    design
        Id of the design, or its position from 0; needed where there are several.
    time
        One of the predicted times; needed where there are several.

    Raises
    ------
    UserError
        When PyVista is not installed, for a design or time that is not in the prediction, for nodes
        of unknown position, and where nodes of the cells have been left out.

    Examples
    --------
    >>> import simulgenvae
    >>> r = simulgenvae.load("S").predict(row=0.05, speed=0.006)
    >>> mesh = simulgenvae.to_pyvista(r, time=0.5)
    >>> mesh.n_points
    30
    >>> mesh.array_names
    ['temperature']
    """
    if not isinstance(prediction, xr.Dataset):
        raise UserError(
            f"an object of type {type(prediction).__name__} is no prediction: give the Dataset "
            "that predict() returns"
        )
    at = _at_time(_of_design(prediction, design), time)
    fields = {
        str(name): at[name].values
        for name in at.data_vars
        if at[name].dims == ("node",) and not str(name).startswith(CELLS)
    }
    if not fields:
        raise UserError(
            "the dataset has no variable (node) for a design and a time: give a prediction of "
            "whole fields, before means or maxima over the nodes are taken"
        )
    grid = mesh_grid(_mesh(at), "to_pyvista()")
    for name, values in _with_vectors(fields).items():
        grid.point_data[name] = values
    return grid


@xr.register_dataset_accessor("simulgenvae")  # type: ignore[no-untyped-call]
class Accessor:
    """Methods of a prediction: ``prediction.simulgenvae``."""

    def __init__(self, prediction: xr.Dataset) -> None:
        self._prediction = prediction

    def to_pyvista(
        self, design: str | int | None = None, time: float | None = None
    ) -> pyvista.UnstructuredGrid:
        """Return the mesh with the fields of one design at one time; see :func:`to_pyvista`."""
        return to_pyvista(self._prediction, design, time)


def _of_design(prediction: xr.Dataset, design: str | int | None) -> xr.Dataset:
    if "run" not in prediction.dims:
        return prediction
    ids = [str(each) for each in prediction["run"].values]
    if design is None and len(ids) == 1:
        design = 0
    if isinstance(design, str) and design in ids:
        return prediction.isel(run=ids.index(design))
    if isinstance(design, int | np.integer) and 0 <= design < len(ids):
        return prediction.isel(run=int(design))
    shown = ", ".join(map(repr, ids[:10])) + (" …" if len(ids) > 10 else "")
    what = "no design is given" if design is None else f"there is no design {design!r}"
    raise UserError(f"{what}: give an id ({shown}) or a position from 0 to {len(ids) - 1}")


def _at_time(prediction: xr.Dataset, time: float | None) -> xr.Dataset:
    if "time" not in prediction.dims:
        return prediction
    times = np.asarray(prediction["time"].values, np.float64)
    if time is None and len(times) == 1:
        return prediction.isel(time=0)
    shown = ", ".join(f"{each:g}" for each in times[:10]) + (" …" if len(times) > 10 else "")
    if time is None:
        raise UserError(f"no time is given: give one of {shown}")
    if isinstance(time, str) or np.ndim(time):
        raise UserError(f"time is {time!r}: give one of {shown}")
    nearest = int(np.abs(times - float(time)).argmin())
    # Times that were computed or printed may be off by rounding.
    slack = 1e-6 * max(float(np.ptp(times)), abs(times[nearest]))
    if not abs(times[nearest] - float(time)) <= slack:
        raise UserError(
            f"there is no time {time:g}: give one of {shown}, or predict with times=[{time:g}]"
        )
    return prediction.isel(time=nearest)


def _mesh(prediction: xr.Dataset) -> Mesh:
    """Return the mesh that the coordinates of a prediction describe."""
    places = [prediction[name].values for name in PLACES if name in prediction]
    arrays = {
        str(name).removeprefix(CELLS): prediction[name].values
        for name in prediction.variables
        if str(name).startswith(CELLS)
    }
    coords = np.column_stack(places) if places else None
    motion = str(prediction.attrs.get(MOTION, "")).split()
    if coords is not None and motion and set(motion) <= set(prediction.data_vars):
        coords = moved(coords, np.column_stack([prediction[name].values for name in motion]))
    mesh = Mesh(coords, Cells.from_arrays(arrays) if arrays else None)
    try:
        mesh.check(prediction.sizes["node"])
    except UserError as error:
        raise UserError(
            f"{error}: choose nodes with predict(nodes=…), which chooses their cells too"
        ) from error
    return mesh


def _with_vectors(fields: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return fields with the components of vectors and tensors together."""
    found: dict[str, NDArray[Any]] = {}
    # Kinds by themselves: U_x_std, U_y_std, U_z_std are the vector U_std.
    by_kind: dict[str, list[str]] = {}
    for name in fields:
        ending = next((f"_{kind}" for kind in KINDS if name.endswith(f"_{kind}")), "")
        by_kind.setdefault(ending, []).append(name.removesuffix(ending))
    for ending, names in by_kind.items():
        for name, columns in whole_fields(names).items():
            parts = [fields[names[column] + ending] for column in columns]
            if len(parts) == 2:
                parts.append(np.zeros_like(parts[0]))
            found[name + ending] = parts[0] if len(parts) == 1 else np.column_stack(parts)
    return found
