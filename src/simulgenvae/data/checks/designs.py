"""Checks of the conditions: equal designs, and designs far from all training designs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from simulgenvae.data.checks.finding import Finding
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.names import listed, shortened
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.images import Images

# Entries of the linear programme's matrix, times the number of designs to test: more would take
# longer than a few seconds.
_MOST_HULL_ENTRIES = 2_000_000


def image_keys(images: Images) -> list[bytes]:
    """Return a key for each image, equal for images with equal pixels."""
    return [hashlib.sha256(np.ascontiguousarray(pixels).data).digest() for pixels in images.pixels]


def design_keys(conditions: Conditions) -> list[Hashable]:
    """Return a key for each run, equal for runs with equal parameters and images."""
    images = [b""] * len(conditions)
    if conditions.images is not None:
        images = image_keys(conditions.images)
    return [(tuple(row), image) for row, image in zip(conditions.table, images, strict=True)]


def check_designs(conditions: Conditions, rows: dict[str, NDArray[np.intp]]) -> Iterator[Finding]:
    """Yield findings on designs from which nothing is learned or where the surrogate extrapolates.

    It extrapolates for validation and test designs outside the ranges or the convex hull of the
    training designs' parameters. For images neither says much, as every new image is outside.
    ``rows`` are the positions of the training, validation and test runs.
    """
    train = conditions.select(rows["train"])
    try:
        scaler = ConditionScaler.fit(train)
    except UserError as error:
        yield Finding("error", str(error), subject="training runs")
        return
    yield from _check_decades(train, scaler)
    numbers = [column for column, levels in enumerate(scaler.levels) if not levels]
    for use in ("validation", "test"):
        held_out = conditions.select(rows[use])
        if warning := _outside_range(held_out, scaler):
            yield Finding("warning", warning, subject=f"{use} runs")
        # The hull costs a linear program per design, so that large studies go without it.
        if not 0 < len(held_out) * train.table.size <= _MOST_HULL_ENTRIES or not numbers:
            continue
        # Categories have no order, and so no hull.
        known = train.table[:, numbers]
        outside = _outside_hull(_unit(known, known), _unit(held_out.table[:, numbers], known))
        if outside.any():
            names = listed([name for name, out in zip(held_out.ids, outside, strict=True) if out])
            yield Finding(
                "info",
                f"{int(outside.sum())} of {len(held_out)} lie outside the training designs' convex "
                f"hull, where predictions extrapolate: {names}",
                subject=f"{use} runs",
            )


def _outside_range(held_out: Conditions, scaler: ConditionScaler) -> str:
    """Return which designs have values outside the trained range; no text where none has."""
    outside = scaler.is_outside(held_out)
    if outside.sum() < 2:
        return "".join(scaler.outside(held_out))
    found = []
    for run in np.flatnonzero(outside.any(axis=1)):
        names = [scaler.names[column] for column in np.flatnonzero(outside[run])]
        found.append(f"{held_out.ids[run]!r} ({', '.join(names)})")
    return (
        f"{len(found)} of {len(held_out)} have values outside the trained range, where predictions "
        f"extrapolate: {shortened(found)}"
    )


def _check_decades(train: Conditions, scaler: ConditionScaler) -> Iterator[Finding]:
    """Yield a note on each parameter that spans decades and has zeros or negative values."""
    for column, below in enumerate(scaler.linear_below):
        if below > 0:
            values = train.table[:, column]
            # From where the scale becomes logarithmic to the largest value.
            decades = np.log10(np.abs(values).max() / below)
            what = (
                "negative values" if values.min() < 0 else count(int(np.sum(values == 0)), "zero")
            )
            name = scaler.names[column]
            yield Finding(
                "info",
                f"{name} spans {decades:.1f} decades and has {what}, of which there is no "
                f"logarithm: training tries asinh({name} / {below:.3g}) in its place, which is "
                "linear below that value, and takes it where it explains the runs better",
                subject="parameters",
            )


def _unit(table: NDArray[np.float64], training: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``table`` scaled so that the training designs fill 0 to 1.

    It is scaled linearly, as a logarithm would change the hull.
    """
    lower = training.min(axis=0)
    upper = training.max(axis=0)
    return np.asarray((table - lower) / (upper - lower))


def _outside_hull(training: NDArray[np.float64], designs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return `[n]` whether each design `[n, P]` is outside the hull of the training ones `[N, P]`.

    It is outside when no weights that are at least 0 and add up to 1 make it from the training
    designs, that is, when the linear programme has no solution (status 2). The hull's faces are
    never computed: their number grows exponentially with P.
    """
    equations = np.vstack([training.T, np.ones(len(training))])
    costs = np.zeros(len(training))
    return np.array(
        [linprog(costs, A_eq=equations, b_eq=[*design, 1.0]).status == 2 for design in designs],
        dtype=bool,
    )
