"""Times, fields and mesh of the reference, which all runs get, and the way of each run to them.

Tested in tests/data/readers/runs/test_aligned.py and test_geometry.py.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.common_sets import OtherSets, common_sets, cut_sets
from simulgenvae.data.motion import DISPLACEMENT
from simulgenvae.data.names import listed
from simulgenvae.data.precision import fits_float32
from simulgenvae.data.readers.runs.field_choice import FieldChoice, choose_fields
from simulgenvae.data.readers.runs.geometry import (
    difference,
    farthest,
    motion_message,
    require_same_cells,
    same_nodes,
    with_displacement,
)
from simulgenvae.data.readers.runs.region import chosen_nodes
from simulgenvae.data.readers.runs.series import Kind
from simulgenvae.data.readers.runs.times import Timed, at_times, common_times, require_times
from simulgenvae.data.readers.runs.timesteps import Timesteps
from simulgenvae.errors import UserError
from simulgenvae.mesh.interpolation import Interpolation, there_and_back
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart, Series, Values
    from simulgenvae.data.readers.runs.survey import Survey
    from simulgenvae.mesh.mesh import Mesh


class Common:
    """Times, variables and mesh that all runs get from the reference, as far as ``part`` wants.

    Where ``meshes_differ``, most runs have other meshes than the reference, and share one in
    another way (``own_geometry.py``).
    """

    def __init__(self, reference: Series, choice: FieldChoice, part: RunPart) -> None:
        self.reference = Timed(reference.path, reference.times, reference.time_unit)
        self._part = part
        self.times = common_times(self.reference, part)
        self._full_mesh = reference.mesh()
        # Where positions are unknown, a timestep still has the number of nodes: `[M, 0]`.
        start = reference.read(0)
        coords = self._full_mesh.coords
        self._coords = start.coords if coords is None else coords
        self._chosen = chosen_nodes(self._coords, part, reference.path)
        self.mesh = self._full_mesh if self._chosen is None else self._full_mesh.at(self._chosen)
        self._set_remarks = cut_sets(self._full_mesh.sets, self.mesh.sets)
        self.nodes = len(self._coords if self._chosen is None else self._chosen)
        if part.displacement:
            choice = choice.with_field(DISPLACEMENT, Kind(self._coords.shape[1]))
        self._choice = choice
        self.variables = choice.variables
        self.units = [start.units.get(field, "") for field, _ in self.variables.values()]
        self._timesteps = Timesteps(choice, start.units)
        self.changes: dict[str, NDArray[np.float64]] = {}
        self.farthest = 0.0
        self.meshes_differ = False

    def require_times(self, run: Timed) -> None:
        """Raise UserError unless a run has the common times, or spans them."""
        require_times(run, self.times, self.reference, resampled=self._part.resample is not None)

    @property
    def displacement(self) -> tuple[str, ...]:
        """Names of the variables that move the mesh, where ``part`` wants some."""
        return tuple(n for n, (field, _) in self.variables.items() if field == DISPLACEMENT)

    @property
    def whole_mesh(self) -> Mesh:
        """Mesh of the reference, with all nodes."""
        return self._full_mesh

    def read(self, name: str, series: Series) -> NDArray[np.floating]:
        """Return the fields of a run, `[T, M, V]`.

        Raises UserError when it has other fields, or other nodes without interpolation.
        """
        if self._part.displacement:
            series = with_displacement(series, self._coords)
        steps = self._steps(series)
        # The first timestep shows whether the mesh is another one, before all others are read.
        coords, first = next(steps)
        is_other = not same_nodes(coords, self._coords)
        if is_other and self._part.displacement:
            require_same_cells(series, self._full_mesh)
        elif is_other and not self._part.interpolate:
            raise UserError(self._other_mesh(series, coords))
        fields = self._stacked(chain([(coords, first)], steps))
        if is_other and self._part.interpolate:
            fields = self._interpolated(name, series, fields)
        return fields if self._chosen is None else fields[:, self._chosen]

    def at_own_nodes(self, series: Series) -> NDArray[np.floating]:
        """Return the fields of a run at its own m nodes, `[T, m, V]`.

        Raises UserError when it has other fields.
        """
        return self._stacked(self._steps(series))

    def _steps(self, series: Series) -> Iterator[Values]:
        """Return the values of a run at the common times, one timestep after the other."""
        steps = self._timesteps.values(series)
        return steps if self._part.resample is None else at_times(series.times, steps, self.times)

    def _stacked(self, steps: Iterator[Values]) -> NDArray[np.floating]:
        """Return the values of all timesteps as one array."""
        coords, first = next(steps)
        fields: NDArray[np.floating] = np.empty((len(self.times), *first.shape), np.float32)
        for step, (_, values) in enumerate(chain([(coords, first)], steps)):
            # Double precision takes twice the memory, and few runs need it.
            if fields.dtype == np.float32 and not fits_float32(values):
                fields = fields.astype(np.float64)
            fields[step] = values
        return fields

    def geometry_problems(
        self, open_run: Callable[[str], Series], surveys: Mapping[str, Survey]
    ) -> dict[str, str]:
        """Return what is wrong with runs whose nodes move, or are elsewhere than in most runs.

        Where nodes move in most runs, they are at rest here.
        """
        if self._part.displacement:
            return {}
        problems: dict[str, str] = {}
        for name, run in surveys.items():
            if run.motion:
                problems[name] = motion_message(run.path, run.motion, run.coords)
        if self._part.interpolate:
            return problems
        others = [n for n, run in surveys.items() if not same_nodes(run.coords, self._coords)]
        asked = self._part.geometry is not None or self._part.common is not None
        self.meshes_differ = asked or 2 * len(others) > len(surveys)
        for name in [] if self.meshes_differ else others:
            problems.setdefault(name, self._other_mesh(open_run(name), surveys[name].coords))
        return problems

    def compare_sets(
        self, open_run: Callable[[str], Series], surveys: Mapping[str, Survey]
    ) -> None:
        """Leave out the sets of nodes that other runs lack, or have with other nodes."""
        # Meshes of other runs are not needed otherwise, so they are read only for sets.
        if not self._full_mesh.sets:
            return
        others = []
        for name, run in surveys.items():
            if run.path == self.reference.path:
                continue
            # What is wrong with a run is said when it is read.
            with suppress(UserError):
                by_number = self._part.displacement or self.meshes_differ
                same = by_number or same_nodes(run.coords, self._coords)
                others.append(OtherSets(name, open_run(name).mesh().sets, same))
        sets, remarks = common_sets(self._full_mesh.sets, others)
        self._set_remarks += remarks
        self._full_mesh = self._full_mesh.with_sets(sets)
        self.mesh = self.mesh.with_sets(self.mesh.sets.only(sets))

    def _other_mesh(self, series: Series, coords: NDArray[Any]) -> str:
        """Return how the nodes of a run differ from the nodes of the reference, and the way out."""
        path = self.reference.path
        if coords.shape[1] != self._coords.shape[1]:
            return (
                f"{series.path}: nodes with {coords.shape[1]} coordinates, but with "
                f"{self._coords.shape[1]} in {path}"
            )
        if len(coords) != len(self._coords):
            return (
                f"{series.path}: {len(coords)} nodes, but {len(self._coords)} in {path}: another "
                "mesh: bring all runs onto one mesh with --interpolate"
            )
        far = farthest(coords, self._coords)
        return (
            f"{series.path}: its nodes are up to {far:g} away from those of {path}, "
            f"{difference(series.mesh(), self._full_mesh)}"
        )

    def _interpolated(
        self, name: str, series: Series, fields: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        own = series.mesh()
        there = Interpolation(own, self._full_mesh, series.path)
        back = Interpolation(self._full_mesh, own, series.path)
        # The last timestep, as a transient often starts from a uniform field.
        self.changes[name] = there_and_back(fields[-1], there, back)
        self.farthest = max(self.farthest, there.farthest)
        # Nodes first: all timesteps are interpolated at once, as the cells are searched only once.
        return there(fields.swapaxes(0, 1)).swapaxes(0, 1)

    def remarks(self) -> Iterator[str]:
        """Yield lines on what was done with the runs that were read."""
        yield from self._choice.remarks
        for remark in self._full_mesh.remarks:
            yield f"mesh of {self.reference.path}: {remark}"
        yield from self._set_remarks
        yield from self._timesteps.remarks()
        if self._part.displacement:
            yield (
                f"{DISPLACEMENT}: the displacement of each node from its place at the first "
                f"timestep of {self.reference.path}; nodes are matched by their numbers"
            )
        if not self.changes:
            return
        changes = np.stack(list(self.changes.values())).max(axis=0)
        worst = [
            f"{name} {percent(change, digits=2, trailing_zeros=False)}"
            for name, change in zip(self.variables, changes, strict=True)
        ]
        outside = ""
        if self.farthest > 0:
            outside = (
                f" Nodes outside of a run's mesh, by up to {self.farthest:g}, have the value of "
                "its nearest node."
            )
        yield (
            f"{len(self.changes)} runs on other meshes were interpolated onto that of "
            f"{self.reference.path}. There and back, that changes their last timestep by at most "
            f"{', '.join(worst)} of the standard deviation.{outside}"
        )


def find_common(
    open_run: Callable[[str], Series],
    names: Sequence[str],
    known: Mapping[str, Timed],
    surveys: Mapping[str, Survey],
    problems: dict[str, str],
    part: RunPart,
) -> Common:
    """Return what all runs have in common with the reference.

    That is the run that ``part`` names, or the first one with the fields of most runs and as many
    timesteps as most. A run that cannot be read becomes one of the ``problems``.
    """
    if part.reference is not None and part.reference not in known:
        why = problems.get(part.reference, f"there is none among {listed(names)}")
        raise UserError(f"the reference {part.reference!r}: {why}")
    if surveys:
        choice = choose_fields(surveys, part.fields, part.reference)
        problems |= choice.problems
        # The run with the usual number of timesteps: a first run that ended early would make all
        # others problems.
        lengths = Counter(len(run.times) for run in known.values())
        for name in sorted(
            [name for name in surveys if name not in problems],
            key=lambda name: (name != part.reference, -lengths[len(known[name].times)]),
        ):
            try:
                common = Common(open_run(name), choice, part)
            except UserError as error:
                problems[name] = str(error)
                if name == part.reference:
                    break
            else:
                problems |= common.geometry_problems(open_run, surveys)
                return common
    raise UserError(
        problems[next(name for name in (part.reference, *known, *problems) if name in problems)]
    )
