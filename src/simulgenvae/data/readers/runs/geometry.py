"""Differences between the positions of nodes: nodes that move, morphed and other meshes.

Tested in tests/data/readers/runs/test_geometry.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.motion import DISPLACEMENT
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import Series, Snapshot
    from simulgenvae.mesh.mesh import Mesh

SAME_PLACE = 1e-6
"""Largest distance between the nodes of runs, relative to the extent of the mesh."""


def tolerance(coords: NDArray[Any]) -> float:
    """Return the distance within which two nodes are at the same place."""
    # Solvers write positions with few digits, so equal nodes may differ a little.
    return SAME_PLACE * float(np.ptp(coords, axis=0).max(initial=0.0))


def farthest(coords: NDArray[Any], others: NDArray[Any]) -> float:
    """Return the largest difference of a coordinate between nodes of the same numbers."""
    if coords is others:
        return 0.0
    return float(np.abs(coords.astype(np.float64) - others).max(initial=0.0))


def same_nodes(coords: NDArray[Any], others: NDArray[Any]) -> bool:
    """Return whether nodes of the same numbers are at the same places."""
    # The usual case is the quickest: this is asked at every timestep.
    if coords is others:
        return True
    if coords.shape != others.shape:
        return False
    return np.array_equal(coords, others) or farthest(coords, others) <= tolerance(others)


def same_places(coords: NDArray[Any], others: NDArray[Any]) -> bool:
    """Return whether nodes are at the same places in another order."""
    from scipy.spatial import cKDTree

    # Both nodes of a pair may be rounded, and no two nodes may have the same partner.
    distance, number = cKDTree(others).query(coords)
    return bool(distance.max() <= 2 * tolerance(others)) and len(np.unique(number)) == len(others)


def difference(own: Mesh, mesh: Mesh) -> str:
    """Return how a mesh of as many nodes differs from that of the reference, and the way out."""
    assert own.coords is not None
    assert mesh.coords is not None
    if own.cells.same_as(mesh.cells):
        return (
            "with the same cells between them: a morphed geometry. To take nodes by their number, "
            f"with their displacement from the mesh of the reference run as a field "
            f"({DISPLACEMENT}), give --displacement"
        )
    if same_places(own.coords, mesh.coords):
        return (
            "at the same places in another order: bring all runs into one order with --interpolate"
        )
    return (
        "with other cells between them: another mesh. If the geometry is the same, bring all runs "
        "onto one mesh with --interpolate"
    )


def require_same_cells(series: Series, mesh: Mesh) -> None:
    """Raise UserError unless a run has the cells of the reference: nodes belong to their numbers.

    Without cells only the numbers of nodes can be compared, and are trusted.
    """
    if not series.mesh().cells.same_as(mesh.cells):
        raise UserError(
            f"{series.path}: other cells between its nodes than in the reference: nodes of the "
            "same number do not belong together (--displacement)"
        )


def motion_message(path: Path, motion: float, coords: NDArray[Any]) -> str:
    """Return what is wrong with a run whose nodes move from ``coords``, and the way out."""
    extent = float(np.ptp(coords, axis=0).max(initial=0.0))
    share = percent(motion / extent if extent else None, digits=2, trailing_zeros=False)
    return (
        f"{path}: its nodes move in time, by up to {motion:g} ({share} of the extent of the mesh): "
        "a moving mesh. To take nodes by their number, on the mesh of the first timestep and with "
        f"their displacement as a field ({DISPLACEMENT}), give --displacement"
    )


def with_displacement(series: Series, mesh: NDArray[Any]) -> Series:
    """Return a run with a further field: the displacement of nodes from their places in ``mesh``.

    Reading raises UserError when a timestep has another number of nodes, or has a field of that
    name.
    """

    def read(step: int) -> Snapshot:
        found = series.read(step)
        if DISPLACEMENT in found.fields:
            raise UserError(
                f"{series.path}: has a field {DISPLACEMENT}, the name that --displacement gives: "
                "rename it"
            )
        if found.coords.shape != mesh.shape:
            raise UserError(
                f"{series.path}: {len(found.coords)} nodes, but {len(mesh)} in the reference: "
                "another mesh, whose nodes have no place in that one by their number"
            )
        # In double precision: displacements may be tiny next to coordinates.
        moved = found.coords.astype(np.float64) - mesh
        return found._replace(fields={**found.fields, DISPLACEMENT: moved})

    # Without `look`: the file does not list this field.
    return replace(series, read=read, look=None)
