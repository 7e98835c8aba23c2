"""Predictions as they are written: one after the other, so that thousands of designs need little
memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.surrogate.prediction import SCORES

AXES = ("run", "time", "node", "variable")
BESIDE = ("std", "lower", "upper", "truth", "error")
"""What a prediction may have beside its fields, of the same shape; the error is prediction less
truth."""


@dataclass(frozen=True)
class Batch:
    """What is written of a prediction of n designs, as plain arrays.

    fields: [n, T, M, V] in physical units; beside: those of :data:`BESIDE` that there are, alike;
    scores: novelty and expected error [n], as far as known; times: [T]; nodes: their numbers [M],
    where some were chosen; units: V texts.
    """

    fields: NDArray[np.float32]
    beside: dict[str, NDArray[np.float32]]
    scores: dict[str, NDArray[np.float64]]
    ids: tuple[str, ...]
    times: NDArray[np.float64]
    nodes: NDArray[np.int64] | None
    variables: tuple[str, ...]
    units: tuple[str, ...]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, prediction: xr.Dataset) -> Batch:
        """From the dataset that ``Surrogate.predict`` returns; its axes may be in any order."""
        variables = tuple(str(name) for name in prediction["variable"].values)
        return cls(
            fields=_values(prediction["fields"]),
            beside={name: _values(prediction[name]) for name in BESIDE if name in prediction},
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
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """``fields`` and what is known of them; the first axis is that of the runs."""
        return {"fields": self.fields, **self.beside, **self.scores}


def _values(array: xr.DataArray) -> NDArray[np.float32]:
    return np.asarray(array.transpose(*AXES).values, dtype=np.float32)


def batches(predictions: xr.Dataset | Iterable[xr.Dataset]) -> Iterator[Batch]:
    """The batches of one prediction or of many; UserError when there is none, or when an id occurs
    twice."""
    known: set[str] = set()
    for prediction in [predictions] if isinstance(predictions, xr.Dataset) else predictions:
        batch = Batch.of(prediction)
        for run in batch.ids:
            if run in known:
                raise UserError(
                    f"id {run!r} occurs twice among the designs; give every design its own id"
                )
            known.add(run)
        yield batch
    if not known:
        raise UserError("there are no designs to predict")
