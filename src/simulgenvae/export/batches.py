"""Predictions as they are written: batch by batch, so that thousands of designs need little memory.

Tested in tests/export/test_arrays.py and test_write.py.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simulgenvae.data.prediction_labels import KINDS
from simulgenvae.errors import UserError
from simulgenvae.surrogate.labelled_arrays import SCORES, named_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.surrogate.labelled_arrays import PredictedArrays

AXES = ("run", "time", "node", "variable")
EXTRA_FIELDS = KINDS
"""Further values of a prediction, of its fields' shape; the error is prediction less truth."""


@dataclass(frozen=True)
class Parameters:
    """Parameters of n designs.

    Attributes
    ----------
    names, units
        Names and units of the P parameters; a unit is "" where it is unknown.
    values
        Values of each design, `[n, P]`, of categories as their texts.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: tuple[tuple[float | str, ...], ...]

    def column(self, number: int) -> list[float] | list[str]:
        """Return the values of a parameter, which are all numbers or all texts."""
        return [values[number] for values in self.values]  # type: ignore[return-value]


@dataclass(frozen=True)
class Batch:
    """Prediction of n designs as plain arrays.

    Attributes
    ----------
    fields
        Predicted fields in physical units, `[n, T, M, V]`.
    extra_fields
        Values of the same shape by their name in :data:`EXTRA_FIELDS`, as far as there are any.
    scores
        Novelty and expected error, `[n]`, as far as known.
    ids
        Ids of the designs.
    times
        Times, `[T]`.
    nodes
        Numbers of the nodes in the study, `[M]`, where some were chosen.
    variables, units
        Names and units of the V variables.
    warnings
        Lines for the user.
    time_unit
        Unit of the times, "" where it is unknown. That of the positions is the mesh's.
    carried
        Texts of the designs `[n]` by the name of their column.
    parameters
        Parameters of the designs, where they are known.
    mesh
        Own mesh of the only design; None where all designs have that of the study.
    motion
        Names of the variables by which nodes move along x, y and z, where the mesh moves in time.
    """

    fields: NDArray[np.floating]
    extra_fields: dict[str, NDArray[np.floating]]
    scores: dict[str, NDArray[np.float64]]
    ids: tuple[str, ...]
    times: NDArray[np.float64]
    nodes: NDArray[np.int64] | None
    variables: tuple[str, ...]
    units: tuple[str, ...]
    warnings: tuple[str, ...]
    time_unit: str = ""
    carried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Parameters | None = None
    mesh: Mesh | None = None
    motion: tuple[str, ...] = ()

    @classmethod
    def of(cls, prediction: xr.Dataset) -> Batch:
        """Return the batch of a dataset from ``Surrogate.predict``, with its axes in any order."""
        variables = tuple(str(name) for name in prediction["variable"].values)
        return cls(
            fields=_values(prediction["fields"]),
            extra_fields={
                name: _values(prediction[name]) for name in EXTRA_FIELDS if name in prediction
            },
            scores={
                name: np.asarray(prediction[name].values, np.float64)
                for name in SCORES
                if name in prediction
            },
            ids=tuple(str(name) for name in prediction["run"].values),
            times=np.asarray(prediction["time"].values, dtype=np.float64),
            nodes=np.asarray(prediction["node"].values, np.int64)
            if "node" in prediction.coords
            else None,
            variables=variables,
            units=tuple(prediction.attrs.get("units", ("",) * len(variables))),
            warnings=tuple(prediction.attrs.get("warnings", ())),
            time_unit=str(prediction["time"].attrs.get("units", "")),
            motion=tuple(prediction.attrs.get("motion", ())),
            carried={
                str(name): tuple(map(str, texts.values))
                for name, texts in prediction.coords.items()
                if texts.dims == ("run",) and name != "run"
            },
        )

    @classmethod
    def of_arrays(cls, predicted: PredictedArrays) -> Batch:
        """Return the batch of a prediction without labels."""
        selection = predicted.selection
        values = {name: selection.filled(array) for name, array in predicted.fields.items()}
        return cls(
            fields=values.pop("fields"),
            extra_fields=values,
            scores=predicted.scores,
            ids=predicted.ids,
            times=selection.times,
            nodes=selection.nodes,
            variables=selection.variables,
            units=selection.units,
            warnings=predicted.warnings,
            time_unit=selection.time_unit,
            motion=selection.motion,
            carried=named_apart(predicted.carried, selection.variables),
        )

    def with_parameters(self, conditions: Conditions) -> Batch:
        """Return the batch with the parameters of its designs, whose ids are among these."""
        if not conditions.names:
            return self
        rows = {name: row for row, name in enumerate(conditions.ids)}
        chosen = conditions.select([rows[name] for name in self.ids])
        values = tuple(map(tuple, chosen.values()))
        return replace(self, parameters=Parameters(chosen.names, chosen.units, values))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by name; their first axis is that of the designs."""
        return {"fields": self.fields, **self.extra_fields, **self.scores}


def _several(
    predictions: xr.Dataset | Iterable[xr.Dataset | Batch],
) -> Iterable[xr.Dataset | Batch]:
    """Return predictions one after another; a dataset is one prediction."""
    # Whoever has a dataset has loaded xarray, which takes as long as a design to predict.
    if "xarray" in sys.modules:
        import xarray as xr

        if isinstance(predictions, xr.Dataset):
            return [predictions]
    return cast("Iterable[xr.Dataset | Batch]", predictions)


def _values(array: xr.DataArray) -> NDArray[np.floating]:
    # Users may have transposed a dataset before they write it.
    values = array.transpose(*AXES).values
    # Fields whose variation float32 would lose are predicted in double precision.
    return np.asarray(values, dtype=np.float64 if values.dtype == np.float64 else np.float32)


def batches(predictions: xr.Dataset | Iterable[xr.Dataset | Batch]) -> Iterator[Batch]:
    """Yield the batches of one prediction or of many.

    Raises UserError when there is none, or when an id occurs twice.
    """
    # Ids become names of files, coordinates and chunks: each must occur once.
    known: set[str] = set()
    for prediction in _several(predictions):
        batch = prediction if isinstance(prediction, Batch) else Batch.of(prediction)
        for run in batch.ids:
            if run in known:
                raise UserError(
                    f"id {run!r} occurs twice among the designs; give every design its own id"
                )
            known.add(run)
        yield batch
    if not known:
        raise UserError("there are no designs to predict")
