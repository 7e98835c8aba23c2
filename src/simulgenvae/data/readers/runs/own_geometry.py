"""Runs with meshes of their own: which common mesh they get, and how each is brought onto it.

Tested in tests/data/readers/runs/test_own_geometry.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.shapes import OwnRun, RunGeometry
from simulgenvae.errors import UserError
from simulgenvae.geometry import (
    BackgroundGrid,
    CommonMesh,
    CorrespondingNodes,
    Extent,
    MorphedMesh,
)
from simulgenvae.geometry.morphing.reference import reference_run
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.common import Common
    from simulgenvae.data.readers.runs.series import RunPart, Series
    from simulgenvae.data.readers.runs.survey import Survey
    from simulgenvae.mesh.mesh import Mesh


class OwnGeometries:
    """Reader of runs that have meshes of their own.

    Parameters
    ----------
    reference
        Times and variables of all runs.
    common
        Mesh that all runs get, and the way in which they share it.
    """

    def __init__(self, reference: Common, common: CommonMesh) -> None:
        self.common = common
        self._reference = reference
        self._gaps: list[float] = []
        self._changes: dict[str, NDArray[np.float64]] = {}

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
        steps, nodes, variables = fields.shape
        # Nodes first: all timesteps and variables are brought over at once.
        columns = fields.swapaxes(0, 1).reshape(nodes, -1)
        there = placement.to_common(columns)
        back = placement.to_own(there).reshape(nodes, steps, variables).swapaxes(0, 1)
        self._changes[name] = _relative_change(fields, back)
        on_common = there.reshape(-1, steps, variables).swapaxes(0, 1)
        return PlacedRun(on_common, RunGeometry(placement.shape, OwnRun(own, fields)))

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
        if self._gaps:
            yield (
                "boundaries are met within "
                f"{percent(max(self._gaps), digits=2, trailing_zeros=False)} of the extent"
            )
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
) -> OwnGeometries:
    """Return the reader of the runs ``names``, most of which have other meshes than the reference.

    Raises UserError where they cannot share a mesh.
    """
    if part.box is not None or part.nodes is not None:
        raise UserError(
            f"{reference.reference.path}: the runs have meshes of their own, of which no part can "
            "be chosen: leave out --box and --nodes"
        )
    if part.common is not None:
        return OwnGeometries(reference, part.common)
    kind = part.geometry or _likely_kind(reference.whole_mesh, open_run, surveys)
    if kind == CorrespondingNodes.kind:
        return OwnGeometries(reference, CorrespondingNodes(reference.whole_mesh))
    opened = map(open_run, names)
    if kind == MorphedMesh.kind:
        chosen = names[reference_run((each.mesh(), each.path) for each in opened)]
        series = open_run(chosen)
        return OwnGeometries(reference, MorphedMesh(series.mesh(), series.path))
    return OwnGeometries(
        reference, BackgroundGrid.fit(Extent.of(each.mesh(), each.path) for each in opened)
    )


def _likely_kind(
    reference: Mesh, open_run: Callable[[str], Series], surveys: Mapping[str, Survey]
) -> str:
    """Return whether nodes correspond in all runs that were compared, or the meshes differ."""
    assert reference.coords is not None
    if any(run.coords.shape != reference.coords.shape for run in surveys.values()):
        return BackgroundGrid.kind
    if not reference.cells:
        raise UserError(
            f"{next(iter(surveys.values())).path}: the nodes are elsewhere in every run, and there "
            "are no cells that would show whether nodes of the same number belong together. If "
            "they do, say so with --geometry corresponding"
        )
    same = all(open_run(name).mesh().cells.same_as(reference.cells) for name in surveys)
    return CorrespondingNodes.kind if same else BackgroundGrid.kind


def _relative_change(
    fields: NDArray[np.floating], changed: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the root mean square of the change of each variable over its deviation, `[V]`."""
    change = np.square(changed.astype(np.float64) - fields).mean(axis=(0, 1))
    variance = fields.astype(np.float64).var(axis=(0, 1))
    return np.asarray(np.sqrt(change / np.where(variance > 0, variance, 1.0)))
