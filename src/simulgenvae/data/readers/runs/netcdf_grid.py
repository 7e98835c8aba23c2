"""The nodes of a NetCDF file: which dimensions and fields are theirs, where they lie, which cells
are between them."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import CELL_NODES, Mesh

if TYPE_CHECKING:
    import xarray as xr

_NAMES = {"x": "X", "lon": "X", "longitude": "X", "y": "Y", "lat": "Y", "latitude": "Y", "z": "Z"}
_UNITS = {"degrees_east": "X", "degree_east": "X", "degrees_north": "Y", "degree_north": "Y"}
_CORNERS = {
    1: ("line", ((0,), (1,))),
    2: ("quad", ((0, 0), (0, 1), (1, 1), (1, 0))),
    3: (
        "hexahedron",
        ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)),
    ),
}
"""Cells of grids of one to three dimensions, and the steps to their corners, in VTK's order where
the last is x."""


RUN = "run"
"""The dimension of several runs in a file."""
ORIGINAL_NAME = "original_name"
"""Attribute with the name of a variable that NetCDF does not allow."""


class Fields(NamedTuple):
    """What changes from node to node: its dimensions, and the variables by the names of fields."""

    time: Hashable | None
    space: tuple[Hashable, ...]
    variables: Mapping[str, xr.Variable]
    stored: tuple[str, ...]
    """The variables' names in the file."""
    ancillary: frozenset[str]
    """Fields that say something of others, such as how certain these are."""


def find_fields(path: Path, data: xr.Dataset) -> Fields:
    """The numbers that are known at every node, and at every timestep if there are any such; of
    several grids, those on the one with the most nodes, or on the nodes of a UGRID mesh.

    Raises UserError where there are none, or where nodes are along more than three dimensions.
    """
    time = _time_dimension(data)
    found = {
        str(name): variable
        for name, variable in data.variables.items()
        if variable.dtype.kind in "fiu"
        and set(variable.dims) - {RUN, time}
        and (RUN in variable.dims or RUN not in data.sizes)
        and name not in _coordinates(data, time)
    }
    if any(time in variable.dims for variable in found.values()):
        found = {name: variable for name, variable in found.items() if time in variable.dims}
    else:
        time = None
    grids = {
        frozenset(variable.dims) - {RUN, time}: variable for variable in reversed(found.values())
    }
    if not grids:
        listed = ", ".join(
            f"{name}({', '.join(map(str, v.dims))})" for name, v in data.variables.items()
        )
        raise UserError(
            f"{path}: holds no numbers at nodes; its variables are {listed[:500] or 'none'}"
        )
    chosen = frozenset([_node_dimension(data)])
    if chosen not in grids:
        chosen = max(grids, key=lambda dims: math.prod(data.sizes[dim] for dim in dims))
    space = tuple(dim for dim in grids[chosen].dims if dim in chosen)
    if len(space) > 3:
        raise UserError(
            f"{path}: its fields are over {', '.join(map(str, space))}: more than three "
            "dimensions of nodes"
        )
    taken = {
        name: variable
        for name, variable in found.items()
        if frozenset(variable.dims) - {RUN, time} == chosen
    }
    others = {
        name for v in taken.values() for name in str(v.attrs.get("ancillary_variables", "")).split()
    }
    names = {name: str(variable.attrs.get(ORIGINAL_NAME, name)) for name, variable in taken.items()}
    variables = {names[name]: variable for name, variable in taken.items()}
    if len(variables) < len(taken):
        raise UserError(
            f"{path}: two variables are called alike by their attributes {ORIGINAL_NAME!r}"
        )
    return Fields(
        time,
        space,
        variables,
        tuple(taken),
        frozenset(names[name] for name in others & names.keys()),
    )


def time_variable(data: xr.Dataset, time: Hashable) -> xr.Variable | None:
    """The times along the dimension ``time``, if the file has them."""
    own = data.variables.get(time)
    others = (v for name, v in data.variables.items() if v.dims == (time,) and _is_time(name, v))
    return own if own is not None else next(others, None)


def _time_dimension(data: xr.Dataset) -> Hashable | None:
    """That of a variable that CF calls a time, else one with that name, else the only one that is
    unlimited."""
    names = sorted(data.variables, key=lambda name: name not in data.dims)
    for name in names:
        variable = data.variables[name]
        if variable.ndim == 1 and variable.dims != (RUN,) and _is_time(name, variable):
            return variable.dims[0]
    if "time" in data.dims:
        return "time"
    unlimited = sorted(set(data.encoding.get("unlimited_dims", ())) - {RUN})
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
    """Variables that say where values are: those that others name by CF or UGRID, and those that
    are X, Y or Z and do not change."""
    keys = (
        "coordinates",
        "node_coordinates",
        "edge_coordinates",
        "face_coordinates",
        "bounds",
        "climatology",
    )
    mesh = [
        f"{what}_connectivity"
        for what in ("face_node", "edge_node", "face_edge", "face_face", "volume_node")
    ]
    found: set[Hashable] = set(data.dims) | {f"cells_{name}" for name in CELL_NODES}
    for name, variable in data.variables.items():
        found.update(
            word for key in (*keys, *mesh) for word in str(variable.attrs.get(key, "")).split()
        )
        if not {RUN, time} & set(variable.dims) and _axis(name, variable):
            found.add(name)
    return found


def _topology(data: xr.Dataset) -> xr.Variable | None:
    """The variable that describes a mesh by the conventions of UGRID, if there is one."""
    found = (v for v in data.variables.values() if v.attrs.get("cf_role") == "mesh_topology")
    return next(found, None)


def _node_dimension(data: xr.Dataset) -> Hashable | None:
    """The dimension of the nodes of a mesh by the conventions of UGRID."""
    mesh = _topology(data)
    names = [] if mesh is None else str(mesh.attrs.get("node_coordinates", "")).split()
    return data.variables[names[0]].dims[0] if names and names[0] in data.variables else None


def nodes_and_cells(data: xr.Dataset, space: Sequence[Hashable]) -> Mesh:
    """The mesh of nodes along the dimensions ``space`` (at most three), which are put one after
    another as in C.

    Coordinates, in the order x, y, z, are those of the dimensions, else others, such as latitudes
    of two dimensions; of several dimensions one without coordinates is counted from 0. Cells are
    those of variables ``cells_<name>``, of a UGRID mesh, or those between the neighbours of a grid.
    """
    places = _places(data, space)
    shape = tuple(data.sizes[dim] for dim in space)
    columns = [_at_all(place, space, shape).ravel() for _, place in sorted(places.items())]
    coords = np.stack(columns, axis=1).astype(np.float64) if columns else None
    along = [place.dims for place in places.values()]
    is_grid = len(space) > 1 or (tuple(space) in along and space[0] in data.variables)
    return Mesh(coords, _stored_cells(data, space) or (_grid_cells(shape) if is_grid else {}))


def _axis(name: Hashable, variable: xr.Variable) -> str | None:
    """X, Y or Z for a variable that is a coordinate along it."""
    attrs = {key: str(variable.attrs.get(key, "")) for key in ("axis", "units", "standard_name")}
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


def _places(data: xr.Dataset, space: Sequence[Hashable]) -> dict[str, xr.Variable]:
    """The coordinates along X, Y and Z, as far as there are such."""
    found: dict[str, xr.Variable] = {}
    for name in sorted(data.variables, key=lambda name: name not in space):
        variable = data.variables[name]
        axis = _axis(name, variable)
        if (
            axis
            and variable.dims
            and set(variable.dims) <= set(space)
            and variable.dtype.kind in "fiu"
        ):
            found.setdefault(axis, variable)
    if len(space) > 1:
        for dim in reversed(space):
            if not any(dim in variable.dims for variable in found.values()):
                free = next(axis for axis in "XYZ" if axis not in found)
                found[free] = data[dim].variable
    return found


def _at_all(place: xr.Variable, space: Sequence[Hashable], shape: tuple[int, ...]) -> NDArray[Any]:
    """A coordinate that is known along some dimensions, at all nodes, ``shape``."""
    own = [dim for dim in space if dim in place.dims]
    values = np.asarray(place.transpose(*own).values)
    wide = [count if dim in own else 1 for dim, count in zip(space, shape, strict=True)]
    return np.broadcast_to(values.reshape(wide), shape)


def _stored_cells(data: xr.Dataset, space: Sequence[Hashable]) -> dict[str, NDArray[np.int64]]:
    own = {name: f"cells_{name}" for name in CELL_NODES if f"cells_{name}" in data.variables}
    if own:
        return {name: _connections(data.variables[own[name]]).astype(np.int64) for name in own}
    mesh = _topology(data)
    faces = None if mesh is None else data.variables.get(mesh.attrs.get("face_node_connectivity"))
    if faces is None or tuple(space) != (_node_dimension(data),):
        return {}
    table = _connections(faces)
    corners = np.count_nonzero(np.isfinite(table), axis=1)
    names = {3: "triangle", 4: "quad"}
    return {name: table[corners == count, :count].astype(np.int64) for count, name in names.items()}


def _connections(variable: xr.Variable) -> NDArray[Any]:
    """Nodes from 0 of each cell; NaN where it has no more of them."""
    return np.asarray(variable.values) - int(variable.attrs.get("start_index", 0))


def _grid_cells(shape: tuple[int, ...]) -> dict[str, NDArray[np.int64]]:
    numbers = np.arange(np.prod(shape)).reshape([count for count in shape if count > 1])
    if not numbers.ndim:
        return {}
    name, corners = _CORNERS[numbers.ndim]
    pieces = [
        numbers[tuple(slice(1, None) if step else slice(-1) for step in corner)]
        for corner in corners
    ]
    return {name: np.stack([piece.ravel() for piece in pieces], axis=1)}
