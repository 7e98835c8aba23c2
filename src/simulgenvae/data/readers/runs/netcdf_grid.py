"""Nodes of a NetCDF file: their dimensions, fields, positions, and the cells between them.

By the conventions of CF (coordinates, axes, times) and of UGRID (meshes). Tested in
tests/data/readers/runs/test_netcdf.py.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.netcdf_names import ORIGINAL_NAME, RUN
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import ARRAYS, Cells, Ragged
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from pathlib import Path

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
_CORNERS = {
    1: ("line", ((0,), (1,))),
    2: ("quad", ((0, 0), (0, 1), (1, 1), (1, 0))),
    3: (
        "hexahedron",
        ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)),
    ),
}
"""Cells of grids of one to three dimensions, and the steps to their corners.

The order is VTK's, for a last dimension x.
"""


class Fields(NamedTuple):
    """Fields of a file.

    Attributes
    ----------
    time
        Dimension of the times; None for a steady state.
    space
        Dimensions of the nodes.
    placed_along
        Dimensions of the runs and the times, as far as nodes are elsewhere along them.
    variables
        Variables by the names of the fields.
    stored
        Names of the variables in the file.
    ancillary
        Names of fields that describe others, such as their standard deviation.
    left_out
        Reason by the name of the variable, for other numbers along dimensions of space.
    """

    time: Hashable | None
    space: tuple[Hashable, ...]
    placed_along: frozenset[Hashable]
    variables: Mapping[str, xr.Variable]
    stored: tuple[str, ...]
    ancillary: frozenset[str]
    left_out: Mapping[str, str]


def find_fields(path: Path, data: xr.Dataset) -> Fields:
    """Return the variables that have a number at every node.

    If any of them depend on time, only those are taken. Of several grids it is the nodes of a
    UGRID mesh, else the grid with the most nodes.

    Raises
    ------
    UserError
        When there are none, or the nodes have more than three dimensions.
    """
    found, constants, time = _fields_at_nodes(data)
    if not found:
        described = [_described(name, variable) for name, variable in data.variables.items()]
        raise UserError(
            f"{path}: holds no numbers at nodes; its variables are "
            f"{', '.join(described)[:500] or 'none'}"
        )
    space = _node_dimensions(data, found, time)
    if len(space) > 3:
        raise UserError(
            f"{path}: its fields are over {', '.join(map(str, space))}: more than three "
            "dimensions of nodes"
        )
    taken: dict[str, xr.Variable] = {}
    others: set[str] = set()
    for name, variable in found.items():
        if set(variable.dims) - {RUN, time} == set(space):
            taken[name] = variable
            others.update(str(variable.attrs.get("ancillary_variables", "")).split())
    # Our own exports change names that NetCDF does not allow, and keep the original ones.
    names = {name: str(variable.attrs.get(ORIGINAL_NAME, name)) for name, variable in taken.items()}
    variables = {names[name]: variable for name, variable in taken.items()}
    if len(variables) < len(taken):
        raise UserError(
            f"{path}: two variables have the same name by their attributes {ORIGINAL_NAME!r}"
        )
    ancillary = frozenset(names[name] for name in others & names.keys())
    left_out = dict.fromkeys(constants, "constant in time")
    nodes = ", ".join(map(str, space))
    for name, variable in found.items():
        if name not in taken and name not in left_out:
            own = ", ".join(map(str, variable.dims))
            left_out[name] = f"along {own}, not along the nodes ({nodes})"
    places = _places(data, space, time)
    placed_along = {RUN, time} & {dim for place in places.values() for dim in place.dims}
    along = frozenset(placed_along)
    return Fields(time, space, along, variables, tuple(taken), ancillary, left_out)


def _fields_at_nodes(
    data: xr.Dataset,
) -> tuple[dict[str, xr.Variable], list[str], Hashable | None]:
    """Return fields, ancillary fields and the dimension of times.

    Fields are the numeric variables that are no positions. Ancillary are the names of fields that
    are constant in time where others change.
    """
    time = time_dimension(data)
    coordinates = _coordinates(data, time)
    found: dict[str, xr.Variable] = {}
    for name, variable in data.variables.items():
        is_field = (
            variable.dtype.kind in "fiu"
            and set(variable.dims) - {RUN, time}
            and (RUN in variable.dims or RUN not in data.sizes)
            and name not in coordinates
        )
        if is_field:
            found[str(name)] = variable
    # Constants next to a transient, such as a permeability, are no results.
    transient = {name: variable for name, variable in found.items() if time in variable.dims}
    if not transient:
        return found, [], None
    return transient, [name for name in found if name not in transient], time


def _node_dimensions(
    data: xr.Dataset, fields: dict[str, xr.Variable], time: Hashable | None
) -> tuple[Hashable, ...]:
    """Return the dimensions of the nodes: of UGRID's mesh, else of the grid with the most nodes."""
    # Reversed, so that of the variables on one grid the first decides the order of dimensions.
    grids = {
        frozenset(variable.dims) - {RUN, time}: variable for variable in reversed(fields.values())
    }
    # The nodes of UGRID's mesh, and not its faces, where fields of both exist.
    chosen = frozenset([_node_dimension(data)])
    if chosen not in grids:
        chosen = max(grids, key=lambda dims: math.prod(data.sizes[dim] for dim in dims))
    return tuple(dim for dim in grids[chosen].dims if dim in chosen)


def _described(name: Hashable, variable: xr.Variable) -> str:
    return f"{name}({', '.join(map(str, variable.dims))})"


def time_variable(data: xr.Dataset, time: Hashable) -> xr.Variable | None:
    """Return the times along the dimension ``time``; None where the file does not have them."""
    own = data.variables.get(time)
    others = (v for name, v in data.variables.items() if v.dims == (time,) and _is_time(name, v))
    return own if own is not None else next(others, None)


def time_dimension(data: xr.Dataset) -> Hashable | None:
    """Return the dimension of the times.

    It is that of a time by CF, else the one called ``time``, else the only unlimited one.
    """
    # Variables of dimensions first: another one may be, for example, the time of a measurement.
    names = sorted(data.variables, key=lambda name: name not in data.dims)
    for name in names:
        variable = data.variables[name]
        if variable.ndim == 1 and variable.dims != (RUN,) and _is_time(name, variable):
            return variable.dims[0]
    if "time" in data.dims:
        return "time"
    unlimited = sorted(set(data.encoding.get("unlimited_dims", ())) & set(data.sizes) - {RUN})
    return unlimited[0] if len(unlimited) == 1 else None


def _is_time(name: Hashable, variable: xr.Variable) -> bool:
    attrs = {key: str(variable.attrs.get(key, "")) for key in ("axis", "standard_name", "units")}
    return (
        "T" in attrs["axis"]
        or attrs["standard_name"] == "time"
        or " since " in attrs["units"]
        or name == "time"
    )


def _coordinates(data: xr.Dataset, time: Hashable | None) -> set[Hashable]:
    """Return the variables that are positions and not fields.

    These are those that others name as coordinates by CF or UGRID, and X, Y and Z.
    """
    found: set[Hashable] = set(data.dims) | {f"cells_{name}" for name in ARRAYS}
    named = _named_coordinates(data)
    found |= named
    found.update(name for name in data.variables if _is_place(data, name, time, named))
    return found


def _named_coordinates(data: xr.Dataset) -> set[Hashable]:
    found: set[Hashable] = set()
    for variable in data.variables.values():
        for key in _NAMING_COORDINATES:
            found.update(str(variable.attrs.get(key, "")).split())
    return found


def _is_place(
    data: xr.Dataset, name: Hashable, time: Hashable | None, named: set[Hashable]
) -> bool:
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


def _topology(data: xr.Dataset) -> xr.Variable | None:
    """Return the variable that describes a mesh by UGRID; None where there is none."""
    for variable in data.variables.values():
        if variable.attrs.get("cf_role") == "mesh_topology":
            return variable
    return None


def _node_dimension(data: xr.Dataset) -> Hashable | None:
    """Return the dimension of the nodes of a mesh by UGRID; None where there is none."""
    mesh = _topology(data)
    names = [] if mesh is None else str(mesh.attrs.get("node_coordinates", "")).split()
    return data.variables[names[0]].dims[0] if names and names[0] in data.variables else None


def nodes_and_cells(data: xr.Dataset, space: Sequence[Hashable]) -> Mesh:
    """Return the mesh of nodes along at most three dimensions, in C order.

    The data are those of one run and time, where nodes are elsewhere in others.

    Coordinates, in the order x, y, z, belong to the dimensions, else others, such as latitudes
    with two dimensions. A dimension without coordinates, if it is one of several, is counted
    from 0. Cells come from variables ``cells_<name>`` or from a UGRID mesh; on a grid, from the
    neighbours of each node.
    """
    places = _places(data, space, None)
    shape = tuple(data.sizes[dim] for dim in space)
    columns = [_at_all(place, space, shape).ravel() for _, place in sorted(places.items())]
    coords = np.stack(columns, axis=1).astype(np.float64) if columns else None
    along = [place.dims for place in places.values()]
    is_grid = len(space) > 1 or (tuple(space) in along and space[0] in data.variables)
    # Longitudes and latitudes have two units: positions have one, or none.
    units = {str(place.attrs.get("units", "")).strip() for place in places.values()}
    cells = _stored_cells(data, space) or (grid_cells(shape) if is_grid else {})
    return Mesh(coords, cells, unit=units.pop() if len(units) == 1 else "")


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


def _places(
    data: xr.Dataset, space: Sequence[Hashable], time: Hashable | None
) -> dict[str, xr.Variable]:
    """Return the coordinates along X, Y and Z, as far as there are any."""
    found: dict[str, xr.Variable] = {}
    named = _named_coordinates(data)

    def rank(name: Hashable) -> tuple[bool, bool]:
        # Variables of the dimensions first: others along them count only where these are missing.
        return name not in space, bool({RUN, time} & set(data.variables[name].dims))

    for name in sorted(data.variables, key=rank):
        variable = data.variables[name]
        along = set(variable.dims) - {RUN, time}
        if along and along <= set(space) and variable.dtype.kind in "fiu":
            axis = axis_of(name, variable)
            if axis and _is_place(data, name, time, named):
                found.setdefault(axis, variable)
    # Of several dimensions one without coordinates is counted, like the pixels of an image.
    if len(space) > 1:
        for dim in reversed(space):
            if not any(dim in variable.dims for variable in found.values()):
                free = next(axis for axis in "XYZ" if axis not in found)
                found[free] = data[dim].variable
    return found


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
    mesh = _topology(data)
    faces = None if mesh is None else data.variables.get(mesh.attrs.get("face_node_connectivity"))
    if faces is None or tuple(space) != (_node_dimension(data),):
        return {}
    table = _connections(faces)
    is_node = np.isfinite(table)
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(is_node, axis=1))]).astype(np.int64)
    return Cells.of_faces(Ragged(offsets, table[is_node].astype(np.int64)))


def _connections(variable: xr.Variable) -> NDArray[Any]:
    """Return the nodes of each cell, counted from 0, with NaN after the last one."""
    return np.asarray(variable.values) - int(variable.attrs.get("start_index", 0))


def grid_cells(shape: tuple[int, ...]) -> dict[str, NDArray[np.int64]]:
    """Return the cells between the neighbours of a grid."""
    # A dimension of length 1 has no cells along it: the grid is one of fewer dimensions.
    numbers = np.arange(np.prod(shape)).reshape([count for count in shape if count > 1])
    if not numbers.ndim:
        return {}
    name, corners = _CORNERS[numbers.ndim]
    columns = []
    for corner in corners:
        # The nodes that are this corner of some cell: all but the first or the last of each axis.
        at = tuple(slice(1, None) if step else slice(-1) for step in corner)
        columns.append(numbers[at].ravel())
    return {name: np.stack(columns, axis=1)}
