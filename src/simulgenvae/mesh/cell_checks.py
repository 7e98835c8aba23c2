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
    _check_ragged(cells.nodes, count, "cells")
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
    _check_faces(cells)


def _check_ragged(ragged: Ragged, rows: int, what: str) -> None:
    offsets, values = ragged
    sound = (
        offsets.shape == (rows + 1,)
        and offsets[0] == 0
        and offsets[-1] == len(values)
        and bool((np.diff(offsets) >= 0).all())
    )
    if not sound:
        raise UserError(f"the offsets of the {what} do not fit their nodes: damaged")


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
        orders = np.unique(cells.degrees[group.rows], axis=0)
        good = bool((orders[:, : kind.dimension] > 0).all()) and all(
            count in {nodes_of_order(corners, (p, q, r)), MORE_NODES.get(corners, 0)}
            for p, q, r in orders.clip(min=1, max=count).tolist()
        )
    if not good:
        raise UserError(f"{kind.name} cells cannot have {count} nodes")


def _check_faces(cells: Cells) -> None:
    """Raise UserError unless exactly the polyhedra have faces, between nodes of their own."""
    _check_ragged(cells.faces, len(cells.faces.offsets) - 1, "faces")
    faces = len(cells.faces.offsets) - 1
    where = cells.polyhedra
    if (
        where.shape != (cells.count + 1,)
        or where[0] != 0
        or where[-1] != faces
        or (np.diff(where) < 0).any()
    ):
        raise UserError("the faces do not belong to the polyhedra: damaged")
    of_cell = np.diff(where)
    is_polyhedron = cells.types == POLYHEDRON
    if (of_cell[is_polyhedron] < 4).any() or of_cell[~is_polyhedron].any():
        raise UserError("a polyhedron has fewer than 4 faces, or another cell has some")
    if not faces:
        return
    if cells.faces.counts.min() < 3:
        raise UserError("a face of a polyhedron has fewer than 3 nodes")
    # VTK looks up the nodes of faces among those of the cell, and crashes where one is missing.
    owner = np.repeat(np.repeat(np.arange(cells.count), of_cell), cells.faces.counts)
    own = np.repeat(np.arange(cells.count), cells.nodes.counts)
    span = max(int(cells.nodes.values.max()), int(cells.faces.values.max())) + 1
    known = np.isin(owner * span + cells.faces.values, own * span + cells.nodes.values)
    if cells.faces.values.min() < 0 or not known.all():
        raise UserError("a face of a polyhedron has a node that the polyhedron does not have")
