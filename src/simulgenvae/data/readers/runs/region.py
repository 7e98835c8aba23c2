"""Nodes in a region, which is given by their numbers and by a box.

Tested in tests/data/readers/runs/test_aligned.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart


def chosen_nodes(coords: NDArray[Any], part: RunPart, path: Path) -> NDArray[np.intp] | None:
    """Return the numbers of the nodes to read; None for all.

    Raises UserError when there are none, or a wanted one does not exist.
    """
    if part.nodes is None and part.box is None:
        return None
    nodes = np.arange(len(coords)) if part.nodes is None else np.array(part.nodes, dtype=np.intp)
    wrong = nodes[(nodes < 0) | (nodes >= len(coords))]
    if len(wrong) or len(np.unique(nodes)) < len(nodes):
        what = f"node {wrong[0]} is not there" if len(wrong) else "a node occurs twice"
        raise UserError(f"{path}: {what} (--nodes): nodes are numbered from 0 to {len(coords) - 1}")
    if part.box is not None:
        if 2 * coords.shape[1] < len(part.box):
            raise UserError(
                f"{path}: nodes have {coords.shape[1]} coordinates, but --box has {len(part.box)} "
                "limits"
            )
        limits = np.array(part.box, dtype=np.float64).reshape(-1, 2)
        inside = coords[nodes, : len(limits)]
        nodes = nodes[((inside >= limits[:, 0]) & (inside <= limits[:, 1])).all(axis=1)]
    # The message has the extent of the mesh, with which the box can be compared.
    if not len(nodes):
        low = coords.min(axis=0)
        high = coords.max(axis=0)
        span = ", ".join(f"{a:g} to {b:g}" for a, b in zip(low, high, strict=True))
        raise UserError(f"{path}: no node is in the box (--box): the mesh spans {span}")
    return nodes
