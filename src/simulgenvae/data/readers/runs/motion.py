"""Meshes that move in time: runs whose nodes stay, with a field of where they go.

Tested in tests/data/readers/runs/test_motion.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.motion import DISPLACEMENT, motion_names, moving_axes
from simulgenvae.data.readers.runs.geometry import same_nodes, tolerance
from simulgenvae.data.readers.runs.series import Kind
from simulgenvae.data.readers.runs.survey import require_finite_positions, require_nodes
from simulgenvae.errors import UserError
from simulgenvae.mesh.components import endings, whole_fields
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart, Series, Snapshot
    from simulgenvae.data.readers.runs.survey import Survey

    Components = tuple[tuple[str, int], ...]

_EQUAL = 1e-3
"""Difference between a field and the motion, relative to its size, up to which they are the same:
solvers write both with few digits."""


@dataclass(frozen=True)
class Motion:
    """Displacement of the nodes of all runs from where they are at rest.

    At rest they are where the first timestep of a run has them, or where the displacement in its
    files is 0.

    Attributes
    ----------
    variables
        Names of the variables with the displacement along x, y and z, as far as nodes move there.
    components
        Field and component of each variable.
    in_files
        Whether the files have these fields.
    """

    variables: tuple[str, ...]
    components: Components
    in_files: bool

    def at_rest(self, series: Series) -> Series:
        """Return a run whose nodes stay where they are at rest, with the displacement as a field.

        Reading raises UserError for timesteps with other nodes or cells, for motion that the
        displacement in the files does not say, and for motion out of the plane of all others.
        """
        return _AtRest(self, series).series()

    def surveyed(
        self,
        surveys: Mapping[str, Survey],
        open_run: Callable[[str], Series],
        problems: dict[str, str],
    ) -> dict[str, Survey]:
        """Return the surveys of the runs at rest, from those of the runs as ``open_run`` has them.

        Runs that cannot be read become ``problems``.
        """
        found: dict[str, Survey] = {}
        like: NDArray[Any] | None = None
        for name, run in surveys.items():
            try:
                coords = self.at_rest(open_run(name)).mesh().coords
            except UserError as error:
                problems[name] = str(error)
                continue
            assert coords is not None, "positions that move are known"
            # One array for all runs on one mesh.
            like = coords if like is None else like
            coords = like if same_nodes(coords, like) else coords
            kinds = run.kinds
            if not self.in_files:
                own = {DISPLACEMENT: Kind(len(self.variables))}
                kinds = {time: {**fields, **own} for time, fields in run.kinds.items()}
            found[name] = replace(run, coords=coords, kinds=kinds, moved=np.zeros_like(run.moved))
        return found

    def added(self, part: RunPart) -> RunPart:
        """Return the part with the displacement among the fields that are wanted."""
        if part.fields is None:
            return part
        wanted = self.variables if self.in_files else (DISPLACEMENT,)
        more = [name for name in wanted if name not in part.fields]
        return part._replace(fields=(*part.fields, *more))

    def __str__(self) -> str:
        names = ", ".join(self.variables)
        if self.in_files:
            return (
                f"the nodes move in time, as {names} of the files say: predictions move the mesh "
                "by them"
            )
        return (
            f"the nodes move in time: {names} are the displacement of each since the first "
            "timestep of its run, and predictions move the mesh by them"
        )


def find_motion(
    surveys: Mapping[str, Survey], open_run: Callable[[str], Series], part: RunPart
) -> Motion | None:
    """Return the motion of the nodes of most runs; None where they stay.

    Raises UserError where a run cannot be read.
    """
    moving = [name for name, run in surveys.items() if run.moved.any()]
    if part.displacement or 2 * len(moving) <= len(surveys):
        return None
    axes = _axes(list(surveys.values()))
    for columns in _candidates(surveys[moving[0]], axes):
        # The field is not read twice of runs that do not move.
        if all(_is_motion(open_run(name), columns, axes) for name in moving):
            return Motion(tuple(columns), tuple(columns.values()), in_files=True)
    own = tuple((DISPLACEMENT, axis) for axis in range(axes))
    return Motion(motion_names(axes), own, in_files=False)


def _axes(surveys: Sequence[Survey]) -> int:
    """Return the number of coordinates along which nodes may move: not out of a common plane."""
    columns = min(run.coords.shape[1] for run in surveys)
    moved = np.max([run.moved[:columns] for run in surveys], axis=0)
    return moving_axes([run.coords for run in surveys], moved)


def _candidates(run: Survey, axes: int) -> list[dict[str, tuple[str, int]]]:
    """Return vectors at the nodes of a run: the field and component of each of its variables."""
    variables = {}
    for name in run.names:
        kind = run.kind(name)
        if kind is not None and not kind.in_cells:
            for component, ending in enumerate(endings(kind.components)):
                variables[f"{name}{ending}"] = (name, component)
    names = list(variables)
    # In a plane, the third component of a vector says nothing.
    wanted = {axes, run.coords.shape[1]}
    return [
        {names[column]: variables[names[column]] for column in columns[:axes]}
        for columns in whole_fields(names).values()
        if len(columns) in wanted
    ]


def _is_motion(series: Series, columns: Mapping[str, tuple[str, int]], axes: int) -> bool:
    """Return whether a vector says how the nodes of a run move."""
    components = tuple(columns.values())
    start = series.read(0)
    if len(series.times) < 2:
        # A single timestep may be anywhere.
        return False
    # What moves may be back in its place at the last timestep.
    for step in {len(series.times) - 1, round(0.38 * (len(series.times) - 1))} - {0}:
        found = series.read(step)
        if any(field not in each.fields for field, _ in components for each in (start, found)):
            return False
        moved = found.coords.astype(np.float64) - start.coords
        said = _values(found, components) - _values(start, components)
        if np.abs(moved[:, :axes] - said).max() > _slack(moved, start.coords):
            return False
    return True


def _values(snapshot: Snapshot, components: Components) -> NDArray[np.float64]:
    """Return some components of the fields of a timestep, `[M, d]`."""
    nodes = len(snapshot.coords)
    columns = [snapshot.fields[field].reshape(nodes, -1)[:, at] for field, at in components]
    return np.stack(columns, axis=1).astype(np.float64)


def _slack(moved: NDArray[np.float64], coords: NDArray[Any]) -> float:
    """Return how far two displacements may differ that are the same."""
    return _EQUAL * float(np.abs(moved).max(initial=0.0)) + 0.1 * tolerance(coords)


class _AtRest:
    """A run that is read with its nodes at rest."""

    def __init__(self, motion: Motion, series: Series) -> None:
        self._motion = motion
        self._series = series
        self._mesh: Mesh | None = None
        self._cells: int | None = None
        self._rest: NDArray[Any] = np.empty(0)

    def series(self) -> Series:
        """Return the run."""
        # Without `look`: the file does not list the displacement, and has other positions.
        return replace(self._series, read=self._read, mesh=self._at_rest, look=None)

    def _at_rest(self) -> Mesh:
        """Return the mesh with its nodes at rest."""
        if self._mesh is None:
            mesh = self._series.mesh()
            assert mesh.coords is not None, "positions that move are known"
            coords = mesh.coords
            if self._motion.in_files:
                start = self._series.read(0)
                require_nodes(self._series.path, start.coords, coords, self._series.times[0])
                said = _values(start, self._motion.components)
                coords = start.coords.astype(np.float64)
                coords[:, : said.shape[1]] -= said
            self._cells = mesh.cells.checksum()
            self._mesh = Mesh(coords, mesh.cells, mesh.remarks, mesh.unit, mesh.sets)
            self._rest = coords
        return self._mesh

    def _read(self, step: int) -> Snapshot:
        unit = self._at_rest().unit
        found = self._series.read(step)
        time = float(self._series.times[step])
        self._require_mesh(found, time)
        moved = found.coords.astype(np.float64) - self._rest
        axes = len(self._motion.variables)
        self._require_plane(moved[:, axes:], time)
        if self._motion.in_files:
            self._require_said(found, moved[:, :axes], time)
            return found._replace(coords=self._rest)
        if DISPLACEMENT in found.fields:
            raise UserError(
                f"{self._series.path}: has a field {DISPLACEMENT}, the name of the motion of "
                "nodes, but the nodes are not where it says: rename it"
            )
        fields = {**found.fields, DISPLACEMENT: moved[:, :axes]}
        units = {**found.units, DISPLACEMENT: unit} if unit else found.units
        return found._replace(coords=self._rest, fields=fields, units=units)

    def _require_mesh(self, found: Snapshot, time: float) -> None:
        """Raise UserError for a timestep with other nodes or cells."""
        path = self._series.path
        require_finite_positions(path, found.coords, time)
        require_nodes(path, found.coords, self._rest, time)
        if found.cells is not None and found.cells != self._cells:
            raise UserError(
                f"{path}: other cells between its nodes at time {time:g} than at the first "
                "timestep: nodes move, and the mesh is made anew during the run, so that nodes of "
                "the same number do not belong together. Write the results on one mesh, for "
                "example with the solver's mapping tool or ParaView's filter Resample With Dataset"
            )

    def _require_plane(self, moved: NDArray[np.float64], time: float) -> None:
        """Raise UserError for motion along coordinates along which no other run moves."""
        far = float(np.abs(moved).max(initial=0.0))
        if far > tolerance(self._rest):
            raise UserError(
                f"{self._series.path}: at time {time:g} its nodes have moved by up to {far:g} out "
                "of the plane in which those of the compared runs are: is it of the same model?"
            )

    def _require_said(self, found: Snapshot, moved: NDArray[np.float64], time: float) -> None:
        """Raise UserError for motion that the displacement in the files does not say."""
        if any(field not in found.fields for field, _ in self._motion.components):
            # Said for all fields together.
            return
        said = _values(found, self._motion.components)
        far = float(np.abs(moved - said).max(initial=0.0))
        if far > _slack(said, self._rest):
            raise UserError(
                f"{self._series.path}: at time {time:g} its nodes are up to {far:g} away from "
                f"where {', '.join(self._motion.variables)} take them, as in the compared runs"
            )
