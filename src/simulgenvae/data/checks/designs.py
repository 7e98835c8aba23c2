"""Checks of the conditions alone: designs that are the same, teach nothing, or lie outside what
training saw."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from simulgenvae.data.checks.finding import Finding
from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.images import Images
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError

_MOST_HULL_ENTRIES = (
    2_000_000  # of a linear programme's matrix times the designs to test: a few seconds
)


def image_keys(images: Images) -> list[bytes]:
    """Equal for pictures with equal pixels."""
    return [hashlib.sha256(np.ascontiguousarray(pixels).data).digest() for pixels in images.pixels]


def design_keys(conditions: Conditions) -> list[Hashable]:
    """Equal for runs whose conditions are the same in everything that is known: parameters and
    picture."""
    pictures = (
        [b""] * len(conditions) if conditions.images is None else image_keys(conditions.images)
    )
    return [(tuple(row), picture) for row, picture in zip(conditions.table, pictures, strict=True)]


def check_designs(conditions: Conditions, rows: dict[str, NDArray[np.intp]]) -> Iterator[Finding]:
    """Training designs that teach nothing, and held-out ones outside the training designs' ranges
    or convex hull.

    There the surrogate extrapolates. Ranges and hull are those of the parameters; pictures have
    none that would help.
    """
    train = conditions.select(rows["train"])
    try:
        scaler = ConditionScaler.fit(train)
    except UserError as error:
        yield Finding("error", str(error))
        return
    for use in ("validation", "test"):
        held_out = conditions.select(rows[use])
        for warning in scaler.outside(held_out):
            yield Finding("warning", f"{use} {warning}")
        if not 0 < len(held_out) * train.table.size <= _MOST_HULL_ENTRIES:
            continue
        outside = _outside_hull(_unit(train.table, train.table), _unit(held_out.table, train.table))
        if outside.any():
            names = listed([name for name, out in zip(held_out.ids, outside, strict=True) if out])
            text = "outside the training designs' convex hull, where predictions extrapolate"
            yield Finding(
                "info", f"{int(outside.sum())} of {len(held_out)} {use} runs lie {text}: {names}"
            )


def _unit(table: NDArray[np.float64], training: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scaled so that the training designs fill 0 to 1; linear, as a logarithm would change the
    hull."""
    lower, upper = training.min(axis=0), training.max(axis=0)
    return np.asarray((table - lower) / (upper - lower))


def _outside_hull(training: NDArray[np.float64], designs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[n]: whether no convex combination of the training designs [N, P] gives the design (a linear
    programme)."""
    equations = np.vstack([training.T, np.ones(len(training))])
    costs = np.zeros(len(training))
    return np.array(
        [linprog(costs, A_eq=equations, b_eq=[*design, 1.0]).status == 2 for design in designs],
        dtype=bool,
    )
