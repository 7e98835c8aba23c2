"""Mesh of a NetCDF file: positions of its nodes, and the cells between them.

By the conventions of CF (coordinates, axes) and of UGRID (meshes). Tested in
tests/data/readers/runs/test_netcdf.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.netcdf_names import RUN
from simulgenvae.mesh.cells import ARRAYS, Cells, Ragged
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.regular_grid import regular_grid_cells

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

_NAMES = {"x": "X", "lon": "X", "longitude": "X", "y": "Y", "lat": "Y", "latitude": "Y", "z": "Z"}
_UNITS = {"degrees_east": "X", "degree_east": "X", "degrees_north": "Y", "degree_north": "Y"}
_NAMING_COORDINATES = (
    "coordinates",
    "node_coordinates",
    "edge_coordinates",
    "face_coordinates",
    "bounds",
    "climatology",
    "face_node_connectivity",
    "edge_node_connectivity",
    "face_edge_connectivity",
    "face_face_connectivity",
    "volume_node_connectivity",
)
"""Attributes by which CF and UGRID name variables that are positions or connections."""


def nodes_and_cells(
    data: xr.Dataset, space: Sequence[Hashable], places: Mapping[str, xr.Variable]
) -> Mesh:
    """Return the mesh of nodes along at most three dimensions, in C order.

    ``places`` are the coordinates that :func:`find_places` finds, of one run and time. Cells come
    from variables ``cells_<name>`` or from a UGRID mesh; on a grid, from the neighbours of each
    node.
    """
    shape = tuple(data.sizes[dim] for dim in space)
    columns = [_at_all(place, space, shape).ravel() for _, place in sorted(places.items())]
    coords = np.stack(columns, axis=1).astype(np.float64) if columns else None
    along = [place.dims for place in places.values()]
    is_grid = len(space) > 1 or (tuple(space) in along and space[0] in data.variables)
    # Longitudes and latitudes have two units: positions have one, or none.
    units = {str(place.attrs.get("units", "")).strip() for place in places.values()}
    cells = _stored_cells(data, space) or (regular_grid_cells(shape) if is_grid else {})
    return Mesh(coords, cells, unit=units.pop() if len(units) == 1 else "")


def find_places(
    data: xr.Dataset, space: Sequence[Hashable], time: Hashable | None
) -> dict[str, xr.Variable]:
    """Return the coordinates of the nodes along X, Y and Z, as far as there are any.

    They belong to the dimensions, else are others, such as latitudes with two dimensions. A
    dimension without coordinates, if it is one of several, is counted from 0. They may differ
    between runs and in time.
    """
    found: dict[str, xr.Variable] = {}
    named = named_coordinates(data)

    def rank(name: Hashable) -> tuple[bool, bool]:
        # Variables of the dimensions first: others along them count only where these are missing.
        return name not in space, bool({RUN, time} & set(data.variables[name].dims))

    for name in sorted(data.variables, key=rank):
        variable = data.variables[name]
        along = set(variable.dims) - {RUN, time}
        if along and along <= set(space) and variable.dtype.kind in "fiu":
            axis = axis_of(name, variable)
            if axis and is_place(data, name, time, named):
                found.setdefault(axis, variable)
    # Of several dimensions one without coordinates is counted, like the pixels of an image.
    if len(space) > 1:
        for dim in reversed(space):
            if not any(dim in variable.dims for variable in found.values()):
                free = next(axis for axis in "XYZ" if axis not in found)
                found[free] = data[dim].variable
    return found


def is_place(data: xr.Dataset, name: Hashable, time: Hashable | None, named: set[Hashable]) -> bool:
    """Return whether a variable is a coordinate along X, Y or Z.

    A variable of different numbers in each run or in time may be a field with the name ``x``. So it
    is one only where the file says so, or where it is constant in time and fields are not.
    """
    variable = data.variables[name]
    if axis_of(name, variable) is None:
        return False
    if not {RUN, time} & set(variable.dims):
        return True
    is_constant = time in data.sizes and time not in variable.dims
    return is_constant or name in named or axis_of("", variable) is not None


def named_coordinates(data: xr.Dataset) -> set[Hashable]:
    """Return the names of variables that others name as positions or connections."""
    found: set[Hashable] = set()
    for variable in data.variables.values():
        for key in _NAMING_COORDINATES:
            found.update(str(variable.attrs.get(key, "")).split())
    return found


def axis_of(name: Hashable, variable: xr.Variable | None = None) -> str | None:
    """Return X, Y or Z for a variable that is a coordinate along it; None for any other.

    Without a variable only the name decides.
    """
    found = {} if variable is None else variable.attrs
    attrs = {key: str(found.get(key, "")) for key in ("axis", "units", "standard_name")}
    if attrs["axis"].upper() in {"X", "Y", "Z"}:
        return attrs["axis"].upper()
    projection = re.fullmatch(
        r"(?:projection|grid)_([xy])_coordinate|grid_(longitude|latitude)", attrs["standard_name"]
    )
    if projection:
        return _NAMES[projection[1] or projection[2]]
    return (
        _UNITS.get(attrs["units"])
        or _NAMES.get(attrs["standard_name"])
        or _NAMES.get(str(name).lower())
    )


def _at_all(place: xr.Variable, space: Sequence[Hashable], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a coordinate that depends on some dimensions, at all nodes, of the given shape."""
    own = [dim for dim in space if dim in place.dims]
    values = np.asarray(place.transpose(*own).values)
    wide = [count if dim in own else 1 for dim, count in zip(space, shape, strict=True)]
    return np.broadcast_to(values.reshape(wide), shape)


def _stored_cells(data: xr.Dataset, space: Sequence[Hashable]) -> Mapping[str, NDArray[np.int64]]:
    """Return the cells that the file has: as exported by this package, or the faces of UGRID."""
    own = {name: f"cells_{name}" for name in ARRAYS if f"cells_{name}" in data.variables}
    if own:
        return Cells.from_arrays(
            {name: _connections(data.variables[variable]) for name, variable in own.items()}
        )
    mesh = topology(data)
    faces = None if mesh is None else data.variables.get(mesh.attrs.get("face_node_connectivity"))
    if faces is None or tuple(space) != (node_dimension(data),):
        return {}
    table = _connections(faces)
    is_node = np.isfinite(table)
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(is_node, axis=1))]).astype(np.int64)
    return Cells.of_faces(Ragged(offsets, table[is_node].astype(np.int64)))


def topology(data: xr.Dataset) -> xr.Variable | None:
    """Return the variable that describes a mesh by UGRID; None where there is none."""
    for variable in data.variables.values():
        if variable.attrs.get("cf_role") == "mesh_topology":
            return variable
    return None


def node_dimension(data: xr.Dataset) -> Hashable | None:
    """Return the dimension of the nodes of a mesh by UGRID; None where there is none."""
    mesh = topology(data)
    names = [] if mesh is None else str(mesh.attrs.get("node_coordinates", "")).split()
    return data.variables[names[0]].dims[0] if names and names[0] in data.variables else None


def _connections(variable: xr.Variable) -> NDArray[Any]:
    """Return the nodes of each cell, counted from 0, with NaN after the last one."""
    return np.asarray(variable.values) - int(variable.attrs.get("start_index", 0))
