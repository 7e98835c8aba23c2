"""Runs with meshes of their own: how each is brought onto the mesh that they share.

Tested in tests/data/readers/runs/test_own_geometry.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.readers.runs.shared_mesh import SharedMesh, relative_change, shared_mesh
from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.shapes import OwnRun, RunGeometry
from simulgenvae.errors import UserError
from simulgenvae.geometry import on_common_mesh
from simulgenvae.geometry.grid.surface import branching_edges
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.common import Common
    from simulgenvae.data.readers.runs.series import RunPart, Series
    from simulgenvae.data.readers.runs.survey import Survey


_MOST_NAMED = 20
"""Largest number of runs that one line names."""


class OwnGeometries:
    """Reader of runs that have meshes of their own.

    Parameters
    ----------
    reference
        Times and variables of all runs.
    shared
        Mesh that all runs get, and the way in which they share it.
    """

    def __init__(self, reference: Common, shared: SharedMesh) -> None:
        self.common = shared.mesh
        self._not_morphed = shared.not_morphed
        self._reference = reference
        self._gaps: list[float] = []
        self._changes: dict[str, NDArray[np.float64]] = {}
        self._branching: dict[str, int] = {}

    def read(self, name: str, series: Series) -> PlacedRun:
        """Return the fields of a run on the common mesh, with its geometry.

        Raises UserError when it has other fields, or cannot be brought onto that mesh.
        """
        own = series.mesh()
        placement = self.common.place(own, series.path)
        fields = self._reference.at_own_nodes(series)
        if self.common.keeps_nodes:
            return PlacedRun(fields, RunGeometry(placement.shape))
        if placement.gap is not None:
            self._gaps.append(placement.gap)
        if self.common.has_surfaces and (edges := branching_edges(own)):
            self._branching[name] = edges
        there = on_common_mesh(fields, placement)
        self._changes[name] = relative_change(fields, there, placement)
        return PlacedRun(there, RunGeometry(placement.shape, OwnRun(own, fields)))

    def remarks(self) -> Iterator[str]:
        """Yield lines on what was done with the runs that were read."""
        if self.common.keeps_nodes:
            yield (
                "every run has its nodes elsewhere, with the same cells between them: nodes are "
                f"matched by their numbers, on the mesh of {self._reference.reference.path}, and "
                "their positions are predicted too"
            )
            return
        yield f"every run has a mesh of its own: {self.common}"
        if self._not_morphed:
            yield f"the mesh of one run is not morphed onto the others: {self._not_morphed}"
        if self._branching:
            named = [f"{name} ({count(edges, 'edge')})" for name, edges in self._branching.items()]
            more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
            yield (
                "more than two faces meet at edges of the surface (non-manifold), where fields "
                f"become continuous, in {', '.join(named[:_MOST_NAMED])}{more}"
            )
        if self._gaps:
            # Less than a millionth is rounding.
            gap = percent(round(max(self._gaps), 6), digits=2, trailing_zeros=False)
            yield f"boundaries are met within {gap} of the extent of a mesh"
        if self._changes:
            changes = np.stack(list(self._changes.values()))
            worst = [
                f"{name} {percent(mean, digits=2)} in the mean, {percent(most, digits=2)} at most"
                for name, mean, most in zip(
                    self._reference.variables,
                    changes.mean(axis=0),
                    changes.max(axis=0),
                    strict=True,
                )
            ]
            yield (
                f"there and back, that changes {count(len(changes), 'run')} by {'; '.join(worst)} "
                "of the standard deviation: predictions cannot be more accurate"
            )


def own_geometries(
    reference: Common,
    open_run: Callable[[str], Series],
    names: Sequence[str],
    surveys: Mapping[str, Survey],
    part: RunPart,
    problems: dict[str, str],
) -> OwnGeometries:
    """Return the reader of the runs ``names``, most of which have other meshes than the reference.

    Runs whose geometry is unlike the others become ``problems``. Raises UserError where they cannot
    share a mesh.
    """
    if part.box is not None or part.nodes is not None:
        raise UserError(
            f"{reference.reference.path}: the runs have meshes of their own, of which no part can "
            "be chosen: leave out --box and --nodes"
        )
    if part.common is not None:
        return OwnGeometries(reference, SharedMesh(part.common))
    return OwnGeometries(
        reference, shared_mesh(reference, open_run, names, surveys, part.geometry, problems)
    )
