"""Names and attributes of predictions by the conventions of CF, for NetCDF files and for xarray.

Tested in tests/export/test_netcdf.py and tests/export/test_by_variable.py.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from simulgenvae import __version__
from simulgenvae.data.netcdf_names import ORIGINAL_NAME
from simulgenvae.mesh.cell_kinds import LINEAR
from simulgenvae.utils.free_name import free_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch, Parameters
    from simulgenvae.mesh.mesh import Mesh

CONVENTIONS = "CF-1.11 UGRID-1.0"
SOURCE = {"title": "Predicted fields", "source": f"SimulGenVAE {__version__}"}
PLACES = ("x", "y", "z")
CELLS = "cells_"
"""Beginning of the names of arrays of cells."""
KINDS = {
    "std": "standard deviation of {}",
    "lower": "lower limit of the interval of {}",
    "upper": "upper limit of the interval of {}",
    "truth": "{} of the solver",
    "error": "predicted {} less that of the solver",
}
"""Meaning of each kind of value that follows the name of a variable, as in ``T_std``."""
SCORE_ATTRIBUTES = {
    "novelty": {
        "long_name": "how far the design is from the training designs",
        "units": "1",
    },
    "expected_error": {
        "long_name": "error to expect, relative to the field's deviation from its mean",
        "units": "1",
    },
}


class CfArray(NamedTuple):
    """Array that is the same for all runs."""

    name: str
    dimensions: tuple[str, ...]
    values: NDArray[Any]
    attributes: dict[str, str]


class CfField(NamedTuple):
    """Name and attributes of a variable, of one of its kinds of values, or of a parameter."""

    variable: str
    kind: str
    """Key of :data:`KINDS`; empty for the prediction itself."""
    name: str
    attributes: dict[str, str]


def coordinates(like: Batch, mesh: Mesh) -> list[CfArray]:
    """Return times, positions of the nodes as far as known, and numbers of chosen nodes.

    Positions that differ between designs are not among them, see :func:`own_places`.
    """
    unit = {"units": like.time_unit} if like.time_unit else {}
    found = [CfArray("time", ("time",), like.times, {"long_name": "time", "axis": "T", **unit})]
    if mesh.coords is not None and like.mesh is None:
        # A mesh on a line or in a plane has only the first places.
        for name, values in zip(PLACES, mesh.coords.T, strict=False):
            meaning = _place_attributes(name, mesh) | {"axis": name.upper()}
            found.append(CfArray(name, ("node",), values, meaning))
    if like.nodes is not None:
        meaning = {"long_name": "number of the node in the study, from 0"}
        found.append(CfArray("node", ("node",), like.nodes, meaning))
    return found


def own_places(like: Batch) -> dict[str, dict[str, str]]:
    """Return the attributes of the positions ``NAME(run, node)``, where each design has its own."""
    if like.mesh is None or like.mesh.coords is None:
        return {}
    names = PLACES[: like.mesh.coords.shape[1]]
    return {name: _place_attributes(name, like.mesh) for name in names}


def _place_attributes(name: str, mesh: Mesh) -> dict[str, str]:
    unit = {"units": mesh.unit} if mesh.unit else {}
    return {"long_name": f"{name} coordinate of the node", **unit}


def cell_arrays(mesh: Mesh) -> list[CfArray]:
    """Return the arrays of the cells, each with dimensions of its own."""
    found = []
    for name, values in mesh.cells.arrays().items():
        meaning = f"nodes of each {name}"
        if name not in LINEAR:
            meaning = f"{name} of the cells, in VTK's layout"
        dimensions = (f"cell_{name}", f"corner_{name}")[: values.ndim]
        found.append(CfArray(f"{CELLS}{name}", dimensions, values, {"long_name": meaning}))
    return found


def field_names(like: Batch, taken: Iterable[str]) -> list[CfField]:
    """Return the variables of a prediction and their standard deviations, limits, … .

    A name that NetCDF and CF do not allow, or that is among ``taken``, is changed, and then is in
    the attribute ``original_name``.
    """
    used = set(taken)
    wanted = {(variable, ""): variable for variable in like.variables}
    for variable in like.variables:
        wanted |= {(variable, kind): f"{variable}_{kind}" for kind in like.extra_fields}
    names = {key: legal_name(name, used) for key, name in wanted.items()}
    found = []
    for (variable, kind), name in names.items():
        attributes = {"long_name": KINDS[kind].format(variable) if kind else variable}
        if unit := like.units[like.variables.index(variable)]:
            attributes["units"] = unit
        original = wanted[variable, kind]
        # The deviation of U must not claim the name of a variable that is called U_std.
        if name != original and not (kind and original in like.variables):
            attributes[ORIGINAL_NAME] = original
        others = [*(names[variable, other] for other in like.extra_fields), *like.scores]
        if others and not kind:
            attributes["ancillary_variables"] = " ".join(others)
        found.append(CfField(variable, kind, name, attributes))
    return found


def parameter_names(parameters: Parameters, used: set[str]) -> list[CfField]:
    """Return names and attributes of parameters; names are new among ``used``, and added to it."""
    found = []
    for original, unit in zip(parameters.names, parameters.units, strict=True):
        name = legal_name(original, used)
        attributes = {"long_name": original} | ({"units": unit} if unit else {})
        if name != original:
            attributes[ORIGINAL_NAME] = original
        found.append(CfField(original, "", name, attributes))
    return found


def legal_name(name: str, used: set[str]) -> str:
    """Return a name that NetCDF and CF allow, new among ``used``, to which it is added."""
    # NetCDF forbids the slash, which separates groups, and signs at the beginning; CF blanks.
    legal = re.sub(r"[/\s]", "_", unicodedata.normalize("NFC", name))
    if not (legal[0].isalnum() or legal[0] == "_"):
        legal = f"_{legal}"
    # Two names can become the same one: `a b` and `a/b`.
    legal = free_name(legal, used)
    used.add(legal)
    return legal
