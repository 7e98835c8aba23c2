"""Choice of a background grid for the geometries of all runs.

Tested in tests/geometry/grid/test_sizing.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry.grid.record import GridRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.geometry.grid.extent import Extent

FINENESS = 0.75
"""Spacing of the grid, relative to that of the nodes of the meshes.

There and back, steep fronts change twice as much with 1.0, and half as much with 0.5, for which
the grid has two to three times as many nodes.
"""
MOST_NODES: Mapping[int, int] = {2: 60_000, 3: 250_000}
"""Most nodes of a grid by its dimension: 50 timesteps of 4 variables take 50 and 200 MB."""
MARGIN = 0.05
"""Part of the extent by which the grid is larger on each side, for new designs."""
_RINGS = 2  # least margin in spacings: values next to the boundary are interpolated there
_CONSTANT = 1e-6  # variation of a coordinate that is only rounding, relative to the size
_OTHER_UNIT = 50.0  # ratio of sizes that no parameter of a geometry has


def grid_for(extents: Sequence[Extent]) -> GridRecord:
    """Return the grid for all geometries.

    Raises UserError naming a file whose geometry does not fit the others: another dimension,
    a size in another unit, or a place apart from all others.
    """
    if not extents:
        raise UserError("a background grid needs the mesh of at least one run")
    numbered = {str(number): extent for number, extent in enumerate(extents)}
    for problem in unlike_extents(numbered).values():
        raise UserError(problem)
    lower = np.min([extent.lower for extent in extents], axis=0)
    upper = np.max([extent.upper for extent in extents], axis=0)
    varies = upper - lower > _CONSTANT * float((upper - lower).max())
    dimension = int(varies.sum())
    if dimension < extents[0].dimension:
        raise UserError(
            f"{extents[0].path}: has cells of {extents[0].dimension} dimensions, but its nodes "
            f"extend along {dimension}: the mesh is pressed flat"
        )
    spacing = FINENESS * float(np.median([extent.spacing for extent in extents]))
    counts, origin = _fitted(lower, upper, varies, spacing)
    while math.prod(counts.tolist()) > MOST_NODES[dimension]:
        spacing *= max(1.001, (math.prod(counts.tolist()) / MOST_NODES[dimension]) ** 0.2)
        counts, origin = _fitted(lower, upper, varies, spacing)
    return GridRecord(
        origin=tuple(origin.tolist()),
        spacing=spacing,
        counts=tuple(counts.tolist()),
        unit=extents[0].unit,
        # Shells and walls of bodies; plane meshes in different planes are surfaces, too.
        surface=dimension > extents[0].dimension,
    )


def _fitted(
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    varies: NDArray[np.bool_],
    spacing: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the number of nodes along each coordinate, and the position of the first node."""
    margin = np.maximum(_RINGS * spacing, MARGIN * (upper - lower))
    steps = np.ceil((upper - lower + 2.0 * margin) / spacing).astype(np.int64)
    middle = 0.5 * (lower + upper)
    return np.where(varies, steps + 1, 1), np.where(varies, middle - 0.5 * steps * spacing, middle)


def unlike_extents(extents: Mapping[str, Extent]) -> dict[str, str]:
    """Return what is wrong with geometries that cannot share a grid with the others, by name."""
    found: dict[str, str] = {}
    dimensions = [extent.dimension for extent in extents.values()]
    columns = [len(extent.lower) for extent in extents.values()]
    usual = float(np.median([extent.size for extent in extents.values()])) if extents else 0.0
    for name, extent in extents.items():
        for own, all_of, what in (
            (extent.dimension, dimensions, "cells of {} dimensions"),
            (len(extent.lower), columns, "{} coordinates"),
        ):
            common = max(all_of, key=all_of.count)
            if own != common:
                problem = (
                    f"{extent.path}: has {what.format(own)}, other runs have {common}: they "
                    "cannot share a background grid"
                )
                found.setdefault(name, problem)
        if name not in found and not usual / _OTHER_UNIT <= extent.size <= usual * _OTHER_UNIT:
            found[name] = (
                f"{extent.path}: is {extent.size:g} long, other geometries {usual:g}: are its "
                "positions in another unit?"
            )
    alike = {name: extent for name, extent in extents.items() if name not in found}
    return found | _apart(alike)


def _apart(extents: Mapping[str, Extent]) -> dict[str, str]:
    """Return what is wrong with geometries that lie where no other one is."""
    found: dict[str, str] = {}
    if len(extents) < 2:
        return found
    size = max(extent.size for extent in extents.values())
    lower = np.array([extent.lower for extent in extents.values()])
    upper = np.array([extent.upper for extent in extents.values()])
    for name, extent in extents.items():
        # Plane meshes touch in the coordinate that is constant.
        common = np.minimum(upper, extent.upper) - np.maximum(lower, extent.lower)
        overlaps = (common >= -_CONSTANT * size).all(axis=1)
        if overlaps.sum() < 2:
            place = ", ".join(
                f"{a:g} to {b:g}" for a, b in zip(extent.lower, extent.upper, strict=True)
            )
            found[name] = (
                f"{extent.path}: lies at {place}, where no other run has its geometry: move the "
                "geometries onto each other"
            )
    return found
