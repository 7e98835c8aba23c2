"""Choice of the mesh that runs with meshes of their own share, and of the way in which they do.

Tested in tests/data/readers/runs/test_own_geometry.py.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry import (
    BackgroundGrid,
    CommonMesh,
    CorrespondingNodes,
    Extent,
    MorphedMesh,
    on_common_mesh,
)
from simulgenvae.geometry.grid.extent import filled
from simulgenvae.geometry.grid.sizing import unlike_extents
from simulgenvae.geometry.morphing.outline import Outline, reference_run
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.common import Common
    from simulgenvae.data.readers.runs.series import Series
    from simulgenvae.data.readers.runs.survey import Survey
    from simulgenvae.geometry import Placement
    from simulgenvae.mesh.mesh import Mesh

_LITTLE = 0.01
"""Relative change of fields there and back that is little beside errors of predictions."""
_MORE = 3.0
"""Change of fields by morphing, relative to that by the grid, up to which runs are morphed.

What belongs to a moving hole stays at the same nodes of a morphed mesh: its fields are learned with
a tenth to a half of the error on a grid where holes move far, and about as well elsewhere
(docs/design.md).
"""


def shared_mesh(
    reference: Common,
    open_run: Callable[[str], Series],
    names: Sequence[str],
    surveys: Mapping[str, Survey],
    kind: str | None,
    problems: dict[str, str],
) -> SharedMesh:
    """Return the mesh that the runs ``names`` share in the way ``kind``, None for the best.

    Geometries that cannot be among them become ``problems``. Raises UserError where none is left,
    and where nodes may correspond or not.
    """
    if kind is None and _correspond(reference.whole_mesh, open_run, surveys):
        kind = CorrespondingNodes.kind
    if kind == CorrespondingNodes.kind:
        return SharedMesh(CorrespondingNodes(reference.whole_mesh))
    found = _Geometries.of(open_run, names, kind, problems)
    if kind == MorphedMesh.kind:
        return SharedMesh(_morphed(open_run, found))
    grid = BackgroundGrid.fit(found.extents.values())
    if kind == BackgroundGrid.kind or grid.dimension > 2:
        return SharedMesh(grid)
    if found.problem:
        return SharedMesh(grid, found.problem)
    try:
        morphed = _morphed(open_run, found)
        for outline in found.outlines.values():
            morphed.require_sound(outline)
    except UserError as error:
        return SharedMesh(grid, str(error))
    by_grid, by_morphing = _changes(reference, map(open_run, surveys), (grid, morphed))
    if by_morphing <= max(_LITTLE, _MORE * by_grid):
        return SharedMesh(morphed)
    much = percent(by_morphing, digits=2)
    return SharedMesh(grid, f"there and back, that would change fields by {much} in the mean")


class SharedMesh(NamedTuple):
    """The mesh that runs share, and why the mesh of one of them was not morphed onto the others.

    Attributes
    ----------
    mesh
        The mesh.
    not_morphed
        Reason why plane geometries share a grid where nobody has asked for that; else no text.
    """

    mesh: CommonMesh
    not_morphed: str = ""


class _Geometries(NamedTuple):
    """Geometries of runs, as far as the ways of sharing a mesh have to know them.

    Attributes
    ----------
    extents
        Extents for a grid by the names of the runs; none where these are to be morphed.
    outlines
        Boundaries by the names of the runs; none where they are to share a grid.
    problem
        Why the first run without an outline has none; no text where all have one.
    """

    extents: dict[str, Extent]
    outlines: dict[str, Outline]
    problem: str

    @classmethod
    def of(
        cls,
        open_run: Callable[[str], Series],
        names: Sequence[str],
        kind: str | None,
        problems: dict[str, str],
    ) -> Self:
        """Return the geometries of runs that are to share a mesh in the way ``kind``, if known.

        Runs whose geometry is no geometry like the others become ``problems``.
        """
        extents: dict[str, Extent] = {}
        outlines: dict[str, Outline] = {}
        problem = ""
        for name in names:
            try:
                series = open_run(name)
                mesh = series.mesh()
                if kind != MorphedMesh.kind:
                    extents[name] = Extent.of(mesh, series.path)
            except UserError as error:
                problems[name] = str(error)
                continue
            if kind == BackgroundGrid.kind or (problem and kind is None):
                continue
            try:
                outlines[name] = Outline.of(mesh, series.path)
            except UserError as error:
                # Where runs are to be morphed, it is said again when this one is read.
                problem = problem or str(error)
        for name, unlike in unlike_extents(extents).items():
            problems[name] = unlike
            del extents[name]
            outlines.pop(name, None)
        if not extents and not outlines:
            raise UserError(problem or next(iter(problems.values())))
        return cls(extents, outlines, problem)


def _correspond(
    reference: Mesh, open_run: Callable[[str], Series], surveys: Mapping[str, Survey]
) -> bool:
    """Return whether nodes correspond in all runs that were compared.

    Raises UserError where that cannot be known.
    """
    assert reference.coords is not None
    if any(run.coords.shape != reference.coords.shape for run in surveys.values()):
        return False
    if not reference.cells:
        # Along one dimension of one file, a number means the same node in every run.
        if len(surveys) > 1 and len({run.path for run in surveys.values()}) == 1:
            return True
        raise UserError(
            f"{next(iter(surveys.values())).path}: the nodes are elsewhere in every run, and there "
            "are no cells that would show whether nodes of the same number belong together. If "
            "they do, say so with --geometry corresponding"
        )
    return all(open_run(name).mesh().cells.same_as(reference.cells) for name in surveys)


def _morphed(open_run: Callable[[str], Series], found: _Geometries) -> MorphedMesh:
    """Return the mesh of the run that suits best, to be morphed onto all of them.

    Raises UserError where no run can be morphed.
    """
    series = open_run(reference_run(found.outlines))
    return MorphedMesh(series.mesh(), series.path)


def _changes(
    reference: Common, runs: Iterable[Series], ways: Sequence[CommonMesh]
) -> NDArray[np.float64]:
    """Return the mean change of the fields of some runs by each way, there and back."""
    changes = []
    for series in runs:
        # What is wrong with a run is said when it is read.
        with suppress(UserError):
            mesh = series.mesh()
            fields = reference.at_own_nodes(series)
            changes.append([_change(way.place(mesh, series.path), fields) for way in ways])
    return np.mean(changes, axis=0) if changes else np.zeros(len(ways))


def _change(placement: Placement, fields: NDArray[np.floating]) -> float:
    """Return the mean change of the variables of a run, there and back."""
    return float(relative_change(fields, on_common_mesh(fields, placement), placement).mean())


def relative_change(
    fields: NDArray[np.floating], common: NDArray[np.floating], placement: Placement
) -> NDArray[np.float64]:
    """Return the root mean square of the change of each variable over its deviation, `[V]`.

    It is that of fields `[T, m, V]`, which are ``common`` `[T, M, V]` on the common mesh, back at
    the nodes that belong to cells: others, such as reference points, are not brought there.
    """
    has_cells = filled(placement.mesh)
    inside = slice(None) if has_cells.all() else has_cells
    # One timestep after the other: in double precision, a run would take the memory of two.
    mean = np.mean([own[inside].mean(axis=0, dtype=np.float64) for own in fields], axis=0)
    change, variance = np.zeros_like(mean), np.zeros_like(mean)
    for own, there in zip(fields, common, strict=True):
        true = own[inside].astype(np.float64)
        change += np.square(placement.to_own(there)[inside] - true).sum(axis=0)
        variance += np.square(true - mean).sum(axis=0)
    count = len(fields) * np.count_nonzero(has_cells)
    return np.asarray(np.sqrt(change / np.where(variance > 0, variance, count)))
