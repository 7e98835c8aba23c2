"""Fields of a NetCDF file: variables with a number at every node, and their times.

By the conventions of CF. Tested in tests/data/readers/runs/test_netcdf.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.data.netcdf_names import ORIGINAL_NAME, RUN
from simulgenvae.data.readers.runs.netcdf_mesh import (
    find_places,
    is_place,
    named_coordinates,
    node_dimension,
)
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import ARRAYS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

    import xarray as xr


class Fields(NamedTuple):
    """Fields of a file.

    Attributes
    ----------
    time
        Dimension of the times; None for a steady state.
    space
        Dimensions of the nodes.
    places
        Coordinates of the nodes along X, Y and Z, as far as there are any.
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
    places: Mapping[str, xr.Variable]
    variables: Mapping[str, xr.Variable]
    stored: tuple[str, ...]
    ancillary: frozenset[str]
    left_out: Mapping[str, str]

    @property
    def placed_along(self) -> set[Hashable]:
        """Dimensions of the runs and the times, as far as nodes are elsewhere along them."""
        along = {dim for place in self.places.values() for dim in place.dims}
        return along & {RUN, self.time}


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
    places = find_places(data, space, time)
    return Fields(time, space, places, variables, tuple(taken), ancillary, left_out)


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


def _coordinates(data: xr.Dataset, time: Hashable | None) -> set[Hashable]:
    """Return the variables that are positions and not fields.

    These are those that others name as coordinates by CF or UGRID, and X, Y and Z.
    """
    found: set[Hashable] = set(data.dims) | {f"cells_{name}" for name in ARRAYS}
    named = named_coordinates(data)
    found |= named
    found.update(name for name in data.variables if is_place(data, name, time, named))
    return found


def _node_dimensions(
    data: xr.Dataset, fields: dict[str, xr.Variable], time: Hashable | None
) -> tuple[Hashable, ...]:
    """Return the dimensions of the nodes: of UGRID's mesh, else of the grid with the most nodes."""
    # Reversed, so that of the variables on one grid the first decides the order of dimensions.
    grids = {
        frozenset(variable.dims) - {RUN, time}: variable for variable in reversed(fields.values())
    }
    # The nodes of UGRID's mesh, and not its faces, where fields of both exist.
    chosen = frozenset([node_dimension(data)])
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
