"""Selection of a part of the fields: times, nodes and variables. Other parts cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.units import with_unit
from simulgenvae.errors import UserError
from simulgenvae.settings.networks import DECODERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.mesh.node_mask import NodeMask
    from simulgenvae.reduction import Decoder
    from simulgenvae.surrogate.parts import PredictingParts


@dataclass(frozen=True, eq=False)
class Selection:
    """Part of the fields that is decoded, and its labels.

    Attributes
    ----------
    times
        Times, ``[t]``, in the unit of the data.
    nodes
        Numbers of the nodes, ``[m]``, counted from 0; None for all of them.
    variables, units
        Names and units of the variables.
    mesh
        Positions of the chosen nodes, and the cells whose nodes are all among them.
    decoder
        Map from coefficients to the chosen part of the fields, at nodes with values.
    time_unit
        Unit of the times, "" where it is unknown.
    mask
        Which of the chosen nodes have values; None where all have.
    motion
        Names of the variables by which nodes move; none where they are not among those chosen.
    """

    times: NDArray[np.float64]
    nodes: NDArray[np.intp] | None
    variables: tuple[str, ...]
    units: tuple[str, ...]
    mesh: Mesh
    decoder: Decoder
    mask: NodeMask | None = None
    time_unit: str = ""
    motion: tuple[str, ...] = ()

    @property
    def run_bytes(self) -> int:
        """Memory of the fields of one run."""
        nodes, variables = self.decoder.field_shape
        if self.mask is not None:
            nodes = len(self.mask.valued)
        return self.decoder.dtype.itemsize * len(self.times) * nodes * variables

    def filled(self, fields: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return decoded fields `[..., m, v]` at all chosen nodes, NaN where no values are."""
        return fields if self.mask is None else self.mask.fill(fields)


def select(
    parts: PredictingParts,
    times: NDArray[np.float64] | None = None,
    nodes: ArrayLike | None = None,
    variables: Sequence[str] | None = None,
) -> Selection:
    """Return a selection of a surrogate's fields, in the order that is given.

    Parameters
    ----------
    parts
        The surrogate.
    times
        Times within the trained span, ``[t]``; the training times when not given.
    nodes
        Numbers of nodes, ``[m]``, counted from 0; all nodes when not given.
    variables
        Names of variables; all of them when not given.

    Raises
    ------
    UserError
        For times outside the trained span, for nodes and variables that do not exist, and for those
        that are given twice.
    """
    times = selected_times(times, parts.times, parts.decoder_name, parts.time_unit)
    # Without nodes and variables the reduction itself is the decoder: no part of it is copied.
    if nodes is None and variables is None:
        return Selection(
            times,
            None,
            parts.variables,
            parts.units,
            parts.whole_mesh,
            parts.reduction,
            parts.mask,
            parts.time_unit,
            parts.motion,
        )
    columns = (
        np.arange(len(parts.variables))
        if variables is None
        else selected_columns(variables, parts.variables)
    )
    count = parts.reduction.field_shape[0] if parts.mask is None else len(parts.mask.valued)
    rows = np.arange(count) if nodes is None else selected_rows(np.asarray(nodes), count)
    mask = parts.mask
    decoded = rows
    if mask is not None:
        # The reduction counts only the nodes with values.
        decoded = np.searchsorted(mask.numbers, rows[mask.valued[rows]])
        mask = mask if nodes is None else _chosen(mask, rows)
    chosen = tuple(parts.variables[column] for column in columns)
    return Selection(
        times,
        None if nodes is None else rows,
        chosen,
        tuple(parts.units[column] for column in columns),
        parts.whole_mesh if nodes is None else parts.whole_mesh.at(rows),
        parts.reduction.at(decoded, columns),
        mask,
        parts.time_unit,
        parts.motion if set(parts.motion) <= set(chosen) else (),
    )


def _chosen(mask: NodeMask, rows: NDArray[np.intp]) -> NodeMask | None:
    if not mask.valued[rows].any():
        raise UserError("None of the chosen nodes has values: they are NaN in all runs.")
    return None if mask.valued[rows].all() else mask.at(rows)


def require_samples(samples: int) -> None:
    """Raise UserError for a number of samples that give no standard deviation; 0 is for none."""
    if samples < 0 or samples == 1:
        raise UserError(
            f"samples is {samples}: a standard deviation needs at least 2 samples (0 for none)."
        )


def selected_times(
    times: NDArray[np.float64] | None,
    trained: NDArray[np.float64],
    decoder: str,
    unit: str = "",
) -> NDArray[np.float64]:
    """Return the selected times; UserError where they cannot be predicted.

    Parameters
    ----------
    times
        Times that are wanted, ``[t]``; the training times when not given.
    trained
        Training times, ``[T]``.
    decoder
        Name of the decoder.
    unit
        Unit of the times, "" where it is unknown.
    """
    if times is None:
        return trained
    if not DECODERS[decoder].continuous_in_time and not np.array_equal(times, trained):
        continuous = [name for name, spec in DECODERS.items() if spec.continuous_in_time]
        raise UserError(
            f"This model has the {decoder} decoder, which knows only the "
            "training times: leave the times out, or train with "
            f'model.decoder = "{continuous[0]}".'
        )
    if not len(times):
        raise UserError(
            "No times are given: give one at least, or leave them out for the training times."
        )
    low = trained[0]
    high = trained[-1]
    # Times that were computed or written out may miss the ends by rounding.
    slack = 1e-9 * (high - low)
    outside = times[~((times >= low - slack) & (times <= high + slack))]
    if len(outside):
        raise UserError(
            f"Time {with_unit(f'{outside[0]:g}', unit)} is outside the trained span "
            f"{low:g} to {with_unit(f'{high:g}', unit)}: choose times within it."
        )
    return times


def selected_rows(nodes: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return the numbers of the selected nodes, of ``count`` nodes in all; or raise UserError."""
    if nodes.ndim != 1 or not nodes.size or nodes.dtype.kind not in "iu":
        raise UserError(
            "Nodes are chosen by their numbers, counted from 0: give a list of whole numbers."
        )
    beyond = nodes[(nodes < 0) | (nodes >= count)]
    if len(beyond):
        raise UserError(
            f"There is no node {beyond[0]}: the {count} nodes are numbered from 0 to {count - 1}."
        )
    # A node that is given twice would be two labels that xarray cannot distinguish.
    rows = nodes.astype(np.intp)
    numbers, times = np.unique(rows, return_counts=True)
    if (times > 1).any():
        raise UserError(f"Node {numbers[times > 1][0]} is given twice: give every node once.")
    return rows


def selected_columns(variables: Sequence[str], known: Sequence[str]) -> NDArray[np.intp]:
    """Return the numbers of the selected variables, among those known; or raise UserError."""
    if not variables:
        raise UserError("No variables are given: name one at least, or leave them out for all.")
    for name in variables:
        if name not in known:
            raise UserError(f"There is no variable {name!r}: the fields have {', '.join(known)}.")
        if list(variables).count(name) > 1:
            raise UserError(f"The variable {name!r} is given twice: name every variable once.")
    return np.array([known.index(name) for name in variables], np.intp)
