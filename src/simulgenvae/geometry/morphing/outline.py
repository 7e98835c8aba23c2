"""Boundaries of runs, and the run onto whose mesh the others are morphed.

Tested in tests/geometry/morphing/test_outline.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from simulgenvae.geometry.morphing.correspondence import partners
from simulgenvae.geometry.morphing.plane import PlaneMesh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh


class Outline(NamedTuple):
    """Boundary of a run: all that the choice of a reference has to know of its mesh.

    Attributes
    ----------
    path
        File of the mesh.
    nodes
        Number of its nodes.
    plane
        The mesh with the nodes of its boundary only, without triangles.
    """

    path: Path
    nodes: int
    plane: PlaneMesh

    @classmethod
    def of(cls, mesh: Mesh, path: Path) -> Self:
        """Return the boundary of a mesh; UserError for one that cannot be morphed."""
        plane = PlaneMesh.of(mesh, path)
        return cls(path, len(plane.points), plane.outline())


def reference_run(outlines: Mapping[str, Outline]) -> str:
    """Return the name of the run whose mesh suits all best.

    It has as many holes as most. Of the half whose boundaries are nearest to the mean boundary, it
    is the one with most nodes, so that little is lost on the way to it.
    """
    alike: dict[int, list[str]] = {}
    for name, outline in outlines.items():
        alike.setdefault(len(outline.plane.loops), []).append(name)
    most = max(alike.values(), key=len)
    first = outlines[most[0]].plane
    points = [partners(first, outlines[name].plane, outlines[name].path) for name in most]
    mean = np.mean(points, axis=0)
    order = np.argsort([_distance(each, mean) for each in points], kind="stable")
    typical = [most[place] for place in order[: (len(most) + 1) // 2]]
    finest: str = max(typical, key=lambda name: outlines[name].nodes)
    return finest


def _distance(points: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    """Return the sum of the squared distances of points `[b, 2]` from those of the mean."""
    return float(np.square(points - mean).sum())
