"""Predictions as users work with them: each variable by its name, with unit and coordinates.

Tested in tests/export/test_by_variable.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulgenvae.data.netcdf_names import MOTION, PARAMETERS
from simulgenvae.export.batches import AXES, Batch
from simulgenvae.export.cf import (
    CONVENTIONS,
    SCORE_ATTRIBUTES,
    SOURCE,
    cell_arrays,
    coordinates,
    field_names,
    legal_name,
    parameter_names,
)

if TYPE_CHECKING:
    import xarray as xr

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.mesh.mesh import Mesh


def by_variable(
    prediction: xr.Dataset, mesh: Mesh, conditions: Conditions | None = None
) -> xr.Dataset:
    """Return a prediction with a data variable for each variable of the study.

    It has the names and attributes of the files that the NetCDF writer makes, so that a file and a
    prediction are used alike. Arrays of fields are views of those given.

    Parameters
    ----------
    prediction
        Prediction of :meth:`~simulgenvae.surrogate.surrogate.Surrogate.predict`, whose variables
        are a dimension.
    mesh
        Mesh of its nodes.
    conditions
        Conditions of its designs, whose parameters are added; none are where it is not given.

    Returns
    -------
    xarray.Dataset
        - ``NAME`` (run, time, node) for each variable, with ``NAME_std``, ``NAME_lower`` and
          ``NAME_upper`` where there is uncertainty; attributes ``long_name`` and ``units``;
        - ``novelty`` and ``expected_error`` (run);
        - coordinates ``run``, ``time``, ``x``, ``y`` and ``z`` (node), the numbers ``node`` of
          chosen nodes, the cells as ``cells_KIND``, the parameters (run), which the attribute
          ``parameters`` lists, and texts (run) of the table of designs that are carried along;
        - attribute ``warnings``: lines to read before trusting it; attribute ``motion``: names of
          the variables by which nodes move, in a mesh that moves in time.
    """
    import xarray as xr

    # The accessor is there as soon as there is something to use it on.
    from simulgenvae.export import accessor  # noqa: F401

    batch = Batch.of(prediction)
    if conditions is not None:
        batch = batch.with_parameters(conditions)
    constant = [*coordinates(batch, mesh), *cell_arrays(mesh)]
    labels: dict[str, Any] = {"run": ("run", list(batch.ids), {"long_name": "design"})}
    for name, dimensions, array, meaning in constant:
        labels[name] = (dimensions, array, meaning)
    taken = {*AXES, *labels, *batch.scores, *batch.variables}
    attributes = {"Conventions": CONVENTIONS, **SOURCE}
    if batch.parameters is not None:
        inputs = parameter_names(batch.parameters, taken)
        attributes[PARAMETERS] = " ".join(each.name for each in inputs)
        for number, each in enumerate(inputs):
            labels[each.name] = ("run", batch.parameters.column(number), each.attributes)
    for column, texts in batch.carried.items():
        labels[legal_name(column, taken)] = ("run", list(texts), {"long_name": column})
    arrays: dict[str, Any] = {}
    fields = field_names(batch, {*AXES, *labels, *batch.scores})
    for field in fields:
        values = batch.extra_fields[field.kind] if field.kind else batch.fields
        number = batch.variables.index(field.variable)
        arrays[field.name] = (AXES[:3], values[..., number], field.attributes)
    if batch.motion:
        named = {field.variable: field.name for field in fields if not field.kind}
        attributes[MOTION] = " ".join(named[name] for name in batch.motion)
    for name, scores in batch.scores.items():
        arrays[name] = ("run", scores, SCORE_ATTRIBUTES[name])
    warnings = "\n".join(dict.fromkeys(batch.warnings))
    return xr.Dataset(arrays, labels, {**attributes, "warnings": warnings})
