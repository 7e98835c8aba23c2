"""Run onto whose mesh the others are morphed.

Tested in tests/geometry/morphing/test_reference.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry.morphing.correspondence import partners
from simulgenvae.geometry.morphing.plane import PlaneMesh

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh


class _Outline(NamedTuple):
    """Boundary of a run.

    Attributes
    ----------
    number
        Number of the run.
    nodes
        Number of its nodes.
    points
        Points of its boundary that belong to the boundary nodes of the first run, `[b, 2]`.
    """

    number: int
    nodes: int
    points: NDArray[np.float64]


def reference_run(meshes: Iterable[tuple[Mesh, Path]]) -> int:
    """Return the number of the run whose mesh suits all best, by the mesh and file of each.

    It has as many holes as most. Of the half whose boundaries are nearest to the mean boundary, it
    is the one with most nodes, so that little is lost on the way to it.

    Raises UserError where no mesh can be morphed.
    """
    first: dict[int, PlaneMesh] = {}
    alike: dict[int, list[_Outline]] = {}
    problem = ""
    for number, (mesh, path) in enumerate(meshes):
        try:
            plane = PlaneMesh.of(mesh, path)
            loops = len(plane.loops)
            points = partners(first.setdefault(loops, plane), plane, path)
        except UserError as error:
            # It is said again when the run is read, and may be left out then.
            problem = problem or str(error)
            continue
        alike.setdefault(loops, []).append(_Outline(number, len(plane.points), points))
    if not alike:
        raise UserError(problem)
    outlines = max(alike.values(), key=len)
    mean = np.mean([outline.points for outline in outlines], axis=0)
    outlines.sort(key=lambda outline: float(np.square(outline.points - mean).sum()))
    typical = outlines[: (len(outlines) + 1) // 2]
    return max(typical, key=lambda outline: outline.nodes).number
