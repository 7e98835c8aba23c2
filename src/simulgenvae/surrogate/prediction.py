"""Predictions as labelled arrays: fields by run, time, node and variable, and what is said of each
design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.surrogate.selection import Selection

SCORES = ("novelty", "expected_error")
"""What a prediction says of a design as a whole, where it is known."""


def labelled(
    shown: Selection,
    fields: dict[str, NDArray[np.float32]],
    ids: Sequence[str],
    warnings: list[str],
) -> xr.Dataset:
    """Fields ``[n, t, m, v]`` of a selection by name, with their runs, times, variables and units,
    positions of the nodes where known, and their numbers where they were chosen."""
    dims = ("run", "time", "node", "variable")
    arrays: dict[str, Any] = {name: (dims, values) for name, values in fields.items()}
    if shown.mesh.coords is not None:
        arrays["coords"] = (("node", "dim"), shown.mesh.coords)
    labels: dict[str, Any] = {
        "run": list(ids),
        "time": shown.times,
        "variable": list(shown.variables),
    }
    if shown.nodes is not None:
        labels["node"] = shown.nodes
    return xr.Dataset(arrays, labels, {"units": list(shown.units), "warnings": warnings})


def joined(batches: Sequence[xr.Dataset]) -> xr.Dataset:
    """Batches of runs as one, with the warnings of all, each once; a single one is not copied."""
    if len(batches) == 1:
        return batches[0]
    return xr.concat(
        batches,
        "run",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs=_join_warnings,
    )


def _join_warnings(attributes: Sequence[dict[str, Any]], context: object = None) -> dict[str, Any]:
    if "warnings" not in attributes[0]:  # those of a variable, not of the whole
        return dict(attributes[0])
    lines = dict.fromkeys(
        line for each in attributes for line in each["warnings"]
    )  # some are of all designs
    return {**attributes[0], "warnings": list(lines)}


def warnings_about(
    conditions: Conditions, scaler: ConditionScaler, novelty: NDArray[np.float64] | None
) -> list[str]:
    """What to know before trusting predictions of designs: parameters outside the trained range,
    and novelty."""
    found = scaler.outside(conditions)
    if novelty is not None:
        found += [
            f"run {run!r}: novelty {value:.2f}. Above 1 a design is further from the training "
            "runs than any of these is from the others: expect larger errors than on the test "
            "runs"
            for run, value in zip(conditions.ids, novelty, strict=True)
            if value > 1
        ]
    return found
