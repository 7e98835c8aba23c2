"""Predictions as labelled arrays: fields by run, time, node and variable, and scores of designs.

Tested in tests/surrogate/test_surrogate.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulgenvae.utils.free_name import free_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Carried, Conditions
    from simulgenvae.surrogate.selection import Selection

NOVELTY_LIMIT = 1.0
"""Novelty above which a design is further from the training runs than any of these is from the
others."""
SCORES = ("novelty", "expected_error")
"""Names of the numbers that a prediction has for each design as a whole, where they are known."""
_TAKEN = {
    *SCORES,
    *("run", "time", "node", "dim", "variable"),
    *("coords", "fields", "std", "lower", "upper", "truth", "error"),
}


@dataclass(frozen=True, eq=False)
class PredictedArrays:
    """Prediction of n designs as arrays, which take no time to label.

    Attributes
    ----------
    selection
        Part of the fields that was predicted.
    fields
        ``fields``, and ``std``, ``lower`` and ``upper`` where they were wanted: ``[n, t, m, v]`` at
        the nodes with values.
    scores
        Novelty and expected error, ``[n]``, by their names in :data:`SCORES`, as far as known.
    ids
        Ids of the designs.
    warnings
        Lines for the user.
    carried
        Columns of texts of the designs.
    """

    selection: Selection
    fields: dict[str, NDArray[np.floating]]
    scores: dict[str, NDArray[np.float64]]
    ids: tuple[str, ...]
    warnings: tuple[str, ...]
    carried: Sequence[Carried] = ()

    def labelled(self) -> xr.Dataset:
        """Return the prediction with its labels, as ``Surrogate.predict`` does."""
        warnings = list(self.warnings)
        dataset = labelled(self.selection, self.fields, self.ids, warnings, self.carried)
        for name, values in self.scores.items():
            dataset[name] = ("run", values)
        return dataset


def named_apart(carried: Sequence[Carried], variables: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return columns of texts under names that nothing else in a prediction has."""
    found: dict[str, tuple[str, ...]] = {}
    for name, texts in carried:
        # A column called `time` must not take the place of the times.
        found[free_name(name, {*found, *variables, *_TAKEN})] = tuple(texts)
    return found


def labelled(
    selection: Selection,
    fields: dict[str, NDArray[np.floating]],
    ids: Sequence[str],
    warnings: list[str],
    carried: Sequence[Carried] = (),
) -> xr.Dataset:
    """Return fields with their labels.

    Parameters
    ----------
    selection
        Part of the fields that they are.
    fields
        Decoded fields ``[n, t, m, v]`` by name; the result is NaN at nodes without values.
    ids
        Labels of the n runs.
    warnings
        Attribute ``warnings`` of the result.
    carried
        Columns of texts of the runs, which become coordinates of theirs.
    """
    # Imported where it is needed, as xarray takes a third of a second to load.
    import xarray as xr

    dims = ("run", "time", "node", "variable")
    arrays: dict[str, object] = {
        name: (dims, selection.filled(values)) for name, values in fields.items()
    }
    if selection.mesh.coords is not None:
        unit = {"units": selection.mesh.unit} if selection.mesh.unit else {}
        arrays["coords"] = (("node", "dim"), selection.mesh.coords, unit)
    time_unit = {"units": selection.time_unit} if selection.time_unit else {}
    labels: dict[str, object] = {
        "run": list(ids),
        "time": ("time", selection.times, time_unit),
        "variable": list(selection.variables),
    }
    # All nodes need no label: their numbers are their positions.
    if selection.nodes is not None:
        labels["node"] = selection.nodes
    for name, texts in named_apart(carried, selection.variables).items():
        labels[name] = ("run", list(texts))
    attributes: dict[str, object] = {"units": list(selection.units), "warnings": warnings}
    if selection.motion:
        attributes["motion"] = list(selection.motion)
    return xr.Dataset(arrays, labels, attributes)


def joined(batches: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return batches of runs as one data set, with the warnings of all, each once.

    A single batch is returned without a copy.
    """
    if len(batches) == 1:
        return batches[0]
    import xarray as xr

    # Coordinates and labels of the batches are the same: they are neither compared nor joined.
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
    """Return the attributes of all batches as one.

    xarray also asks for the attributes of each variable, which have no warnings.
    """
    if "warnings" not in attributes[0]:
        return dict(attributes[0])
    # Each line once: some warnings are about all designs, and every batch has them.
    lines: dict[str, None] = {}
    for each in attributes:
        lines |= dict.fromkeys(each["warnings"])
    return {**attributes[0], "warnings": list(lines)}


def beyond_warning(run: str) -> str:
    """Return the warning about a design for which the networks have no numbers."""
    return (
        f"run {run!r} is beyond what the model can say: so far outside of the trained range its "
        "numbers overflow. Its fields are NaN, and their standard deviation is infinite"
    )


def warnings_about(
    conditions: Conditions, scaler: ConditionScaler, novelty: NDArray[np.float64] | None
) -> list[str]:
    """Return warnings about designs: parameters outside the trained range, and novel designs."""
    found = scaler.outside(conditions)
    if novelty is None:
        return found
    for run, value in zip(conditions.ids, novelty, strict=True):
        if value > NOVELTY_LIMIT:
            found.append(
                f"run {run!r}: novelty {value:.2f}. Above 1 a design is further from the training "
                "runs than any of these is from the others: expect larger errors than on the test "
                "runs"
            )
    return found
