"""Checks of cells from a file, whose damage would crash VTK later.

Tested in tests/mesh/test_cells.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import (
    BY_NUMBER,
    LEAST_NODES,
    MORE_NODES,
    POLYHEDRON,
    nodes_of_order,
    order_of,
)

if TYPE_CHECKING:
    from simulgenvae.mesh.cells import Cells, Group, Ragged


def check_cells(cells: Cells, nodes: int) -> None:
    """Raise UserError unless cells are valid for a mesh of ``nodes`` nodes."""
    count = cells.count
    # First, as the groups below are cut out by these offsets.
    if not _is_sound(cells.nodes, count):
        raise UserError("the offsets of the cells do not fit their nodes: damaged")
    unknown = sorted(set(np.unique(cells.types).tolist()) - BY_NUMBER.keys())
    if unknown:
        raise UserError(f"cells of the VTK type {unknown[0]} are not known")
    if cells.degrees is not None and cells.degrees.shape != (count, 3):
        raise UserError(f"the degrees of {count} cells have the shape {cells.degrees.shape}")
    weights = cells.rational_weights
    if weights is not None and (weights.shape != (nodes,) or not np.isfinite(weights).all()):
        raise UserError(f"the rational weights are not {nodes} finite numbers")
    for group in cells.groups:
        table = group.nodes
        if table.size and (table.min() < 0 or table.max() >= nodes):
            span = f"{table.min()} to {table.max()}"
            raise UserError(
                f"{group.name} cells refer to the nodes {span}, but the fields have {nodes} nodes, "
                "from 0"
            )
        _check_count(group, cells)
    if cells.face_problem:
        raise UserError(cells.face_problem)


def _is_sound(ragged: Ragged, rows: int) -> bool:
    """Return whether the offsets of ``rows`` rows fit their values."""
    offsets, values = ragged
    return (
        offsets.shape == (rows + 1,)
        and offsets[0] == 0
        and offsets[-1] == len(values)
        and bool((np.diff(offsets) >= 0).all())
    )


def _check_count(group: Group, cells: Cells) -> None:
    """Raise UserError unless the kind can have as many nodes as the cells of the group."""
    kind = group.kind
    count = group.nodes.shape[1]
    if kind.nodes is not None:
        good = count == kind.nodes
    elif kind.corners is None:
        good = count >= LEAST_NODES[kind.name]
    elif cells.degrees is None or not cells.degrees[group.rows].any():
        good = order_of(kind.corners[0], count) is not None
    else:
        corners = kind.corners[0]
        # Clipped below: damaged degrees may be so large that the number of nodes overflows.
        orders = np.unique(cells.degrees[group.rows], axis=0)
        good = bool((orders[:, : kind.dimension] > 0).all()) and all(
            count in {nodes_of_order(corners, (p, q, r)), MORE_NODES.get(corners, 0)}
            for p, q, r in orders.clip(min=1, max=count).tolist()
        )
    if not good:
        raise UserError(f"{kind.name} cells cannot have {count} nodes")


def face_problem(cells: Cells) -> str:
    """Return what is wrong with the faces of polyhedra; no text if nothing is.

    Exactly the polyhedra have faces, at least four, between nodes of their own.
    """
    faces = len(cells.faces.offsets) - 1
    if not _is_sound(cells.faces, faces):
        return "the offsets of the faces do not fit their nodes: damaged"
    where = cells.polyhedra
    of_cell = np.diff(where)
    if (
        where.shape != (cells.count + 1,)
        or where[0] != 0
        or where[-1] != faces
        or (of_cell < 0).any()
    ):
        return "the faces do not belong to the polyhedra: damaged"
    is_polyhedron = cells.types == POLYHEDRON
    if (of_cell[is_polyhedron] < 4).any() or of_cell[~is_polyhedron].any():
        return "a polyhedron has fewer than 4 faces, or another cell has some"
    if not faces:
        return ""
    if cells.faces.counts.min() < 3:
        return "a face of a polyhedron has fewer than 3 nodes"
    # VTK looks up the nodes of faces in the list of the cell, and crashes where one is missing.
    # Cell and node become one number, so that all pairs are found in one sorted array.
    own = cells.at(np.flatnonzero(is_polyhedron))
    span = max(int(own.nodes.values.max()), int(own.faces.values.max())) + 1
    cell = np.arange(own.count) * span
    known = np.sort(np.repeat(cell, own.nodes.counts) + own.nodes.values)
    wanted = np.repeat(np.repeat(cell, np.diff(own.polyhedra)), own.faces.counts) + own.faces.values
    place = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    if own.faces.values.min() < 0 or (known[place] != wanted).any():
        return "a face of a polyhedron has a node that the polyhedron does not have"
    return ""
