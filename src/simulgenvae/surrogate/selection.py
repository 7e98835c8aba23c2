"""Which part of the fields is asked for: times, nodes and variables. What is not asked for costs
nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.reduction import Decoder
from simulgenvae.settings.networks import DECODERS
from simulgenvae.surrogate.parts import Parts


@dataclass(frozen=True, eq=False)
class Selection:
    """What of the fields is decoded, and what it is called."""

    times: NDArray[np.float64]
    """``[t]``"""
    nodes: NDArray[np.intp] | None
    """Their numbers ``[m]``, counted from 0; None for all of them."""
    variables: tuple[str, ...]
    units: tuple[str, ...]
    mesh: Mesh
    """Positions of the chosen nodes, and the cells that have no other ones."""
    decoder: Decoder

    @property
    def run_bytes(self) -> int:
        """Memory of the fields of one run."""
        return 4 * len(self.times) * math.prod(self.decoder.field_shape)


def select(
    parts: Parts,
    times: NDArray[np.float64] | None = None,
    nodes: ArrayLike | None = None,
    variables: Sequence[str] | None = None,
) -> Selection:
    """All fields of a surrogate, or the times ``[t]``, nodes ``[m]`` and variables that are given,
    in their order.

    Raises
    ------
    UserError
        For times outside the trained span, nodes and variables that there are not, and those given
        twice.
    """
    times = _times(parts, times)
    if nodes is None and variables is None:
        return Selection(times, None, parts.variables, parts.units, parts.mesh, parts.reduction)
    columns = np.arange(len(parts.variables)) if variables is None else _columns(parts, variables)
    rows = (
        np.arange(parts.reduction.field_shape[0])
        if nodes is None
        else _rows(parts, np.asarray(nodes))
    )
    return Selection(
        times,
        None if nodes is None else rows,
        tuple(parts.variables[column] for column in columns),
        tuple(parts.units[column] for column in columns),
        parts.mesh if nodes is None else parts.mesh.at(rows),
        parts.reduction.at(rows, columns),
    )


def _times(parts: Parts, times: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if times is None:
        return parts.times
    low, high = parts.times[0], parts.times[-1]
    slack = 1e-9 * (high - low)
    if not parts.networks.vae.decoder.continuous_in_time and not np.array_equal(times, parts.times):
        continuous = [name for name, spec in DECODERS.items() if spec.continuous_in_time]
        raise UserError(
            f"This model has the {parts.settings.model.decoder} decoder, which knows only the "
            "training times: leave the times out, or train with "
            f'model.decoder = "{continuous[0]}".'
        )
    outside = times[~((times >= low - slack) & (times <= high + slack))]
    if not len(times):
        raise UserError(
            "No times are given: give one at least, or leave them out for the training times."
        )
    if len(outside):
        raise UserError(
            f"Time {outside[0]:g} is outside the trained span {low:g} to {high:g}: choose times "
            "within it."
        )
    return times


def _rows(parts: Parts, nodes: NDArray[Any]) -> NDArray[np.intp]:
    count = parts.reduction.field_shape[0]
    if nodes.ndim != 1 or not nodes.size or nodes.dtype.kind not in "iu":
        raise UserError(
            "Nodes are chosen by their numbers, counted from 0: give a list of whole numbers."
        )
    beyond = nodes[(nodes < 0) | (nodes >= count)]
    if len(beyond):
        raise UserError(
            f"There is no node {beyond[0]}: the {count} nodes are numbered from 0 to {count - 1}."
        )
    found = nodes.astype(np.intp)
    numbers, times = np.unique(found, return_counts=True)
    if (times > 1).any():
        raise UserError(f"Node {numbers[times > 1][0]} is given twice: give every node once.")
    return found


def _columns(parts: Parts, variables: Sequence[str]) -> NDArray[np.intp]:
    if not variables:
        raise UserError("No variables are given: name one at least, or leave them out for all.")
    for name in variables:
        if name not in parts.variables:
            raise UserError(
                f"There is no variable {name!r}: the fields have {', '.join(parts.variables)}."
            )
        if list(variables).count(name) > 1:
            raise UserError(f"The variable {name!r} is given twice: name every variable once.")
    return np.array([parts.variables.index(name) for name in variables], np.intp)
