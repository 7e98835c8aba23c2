"""Named sets of nodes that a reader gives as positions: patches, node sets.

Tested in tests/data/readers/runs/test_sets_by_place.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.mesh.node_sets import usable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh


def with_sets_at(mesh: Mesh, places: Mapping[str, NDArray[Any]]) -> Mesh:
    """Return a mesh with the sets of the nodes at exactly these positions.

    Several nodes at one position, as on both sides of a crack, are all in the set.

    Parameters
    ----------
    mesh
        Mesh with positions `[M, 3]`.
    places
        Positions of the nodes of each set, `[m, 3]`, by its name.
    """
    if mesh.coords is None or not places:
        return mesh
    parts = [mesh.coords, *places.values()]
    # Adding 0 makes no difference but for -0.0, whose bytes are others.
    rows = np.ascontiguousarray(np.concatenate(parts).astype(np.float64) + 0.0)
    _, numbers = np.unique(rows.view(f"V{rows.itemsize * rows.shape[1]}"), return_inverse=True)
    ends = np.cumsum([len(part) for part in parts])
    own, *others = np.split(numbers.ravel(), ends[:-1])
    found = {}
    for name, place in zip(places, others, strict=True):
        inside = np.zeros(len(rows), bool)
        inside[place] = True
        found[name] = np.flatnonzero(inside[own])
    sets, remarks = usable(found)
    return mesh.with_sets(sets, remarks)
