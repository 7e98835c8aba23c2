"""Series: one run in a solver's own files, read one timestep at a time; and the part to take.

Tested in tests/data/readers/runs/test_folder.py and test_aligned.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.mesh.components import endings, whole_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.mesh.mesh import Mesh

AXES = ("variable", "time", "node")
"""Names of the axes of a run's array."""


class Snapshot(NamedTuple):
    """One timestep of a run.

    Attributes
    ----------
    coords
        Positions of the nodes, `[M, 3]`, or with fewer columns; with none where unknown.
    fields
        Values at all nodes by the name of the field, `[M]`, or `[M, C]` with C components.
    units
        Units by the name of the field, as far as known.
    """

    coords: NDArray[Any]
    fields: Mapping[str, NDArray[Any]]
    units: Mapping[str, str] = MappingProxyType({})


Values = tuple[NDArray[Any], NDArray[np.float32]]
"""Positions of the nodes of a timestep, `[M, 3]`, and the variables there, `[M, V]`."""


class RunPart(NamedTuple):
    """Part of the results of each run that is read.

    Attributes
    ----------
    fields
        Fields, or single components of them; None for all.
    start, end
        First and last time, both included.
    every
        Step between the timesteps that are read.
    resample
        Times to interpolate to, or the number of times of equal distance from ``start`` to
        ``end``; None for the timesteps of the files.
    box
        Limits xmin, xmax, ymin, ymax, … of the nodes, included; as many as are given.
    nodes
        Numbers of nodes, from 0.
    reference
        Run whose times, fields and mesh all runs get; None for one that is like most.
    interpolate
        Whether runs on other meshes are interpolated to that of the reference.
    pattern
        Names of the files to take, in the folder of runs and in that of each run, with ``*`` for
        any letters.
    blocks
        Names of the blocks of the mesh to take, with ``*`` for any letters.
    path
        Path of the datasets in HDF5 files, with ``*`` in the place of a run's id.
    axes
        Axes of these datasets in their order, from :data:`AXES`.
    """

    fields: Sequence[str] | None = None
    start: float | None = None
    end: float | None = None
    every: int = 1
    resample: int | Sequence[float] | None = None
    box: Sequence[float] | None = None
    nodes: Sequence[int] | None = None
    reference: str | None = None
    interpolate: bool = False
    pattern: str | None = None
    blocks: tuple[str, ...] | None = None
    path: str | None = None
    axes: Sequence[str] | None = None

    def steps(self, path: Path, times: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the numbers of the timesteps to read, of those at ``times`` in ``path``.

        Raises UserError when there are none.
        """
        # A limit of 0.3 includes the time 0.1 + 0.2, which is a rounding error larger.
        near = 1e-9 * float(np.ptp(times))
        chosen = np.ones(len(times), dtype=bool)
        if self.start is not None:
            chosen &= times >= self.start - near
        if self.end is not None:
            chosen &= times <= self.end + near
        steps = np.flatnonzero(chosen)[:: self.every]
        if not len(steps):
            raise UserError(
                f"{path}: has no timestep in the wanted span (--start, --end): its times are "
                f"{times[0]:g} to {times[-1]:g}"
            )
        return steps


@dataclass(frozen=True, eq=False)
class Series:
    """One run.

    Attributes
    ----------
    path
        File or folder of the run, for messages.
    times
        Times of the timesteps, `[T]`.
    read
        Function that reads a timestep by its number.
    mesh
        Function that reads nodes and cells at the first timestep.
    ancillary
        Names of fields that are read only when they are requested.
    notes
        Function that returns lines for the user: where the times come from, and what was decided
        about files and blocks. Lines about blocks come once a timestep has been read.
    """

    path: Path
    times: NDArray[np.float64]
    read: Callable[[int], Snapshot]
    mesh: Callable[[], Mesh]
    ancillary: Collection[str] = ()
    notes: Callable[[], Sequence[str]] = tuple

    def at(self, part: RunPart) -> Series:
        """Return the run at the timesteps of ``part``, or at all of them where it is resampled.

        Raises UserError when it has none of them.
        """
        if part.resample is not None:
            return self
        steps = part.steps(self.path, self.times)
        return replace(self, times=self.times[steps], read=lambda step: self.read(int(steps[step])))

    def variables(self, wanted: Sequence[str] | None = None) -> dict[str, tuple[str, int]]:
        """Return the variables of the first timestep, each with its field and component.

        These are all that are not ancillary, or the ``wanted`` ones in their order, each given as
        a field or a single component.

        Raises UserError when the run does not have one of them.
        """
        every: dict[str, tuple[str, int]] = {}
        for name, values in self.read(0).fields.items():
            count = 1 if values.ndim == 1 else values.shape[1]
            for component, ending in enumerate(endings(count)):
                every[f"{name}{ending}"] = (name, component)
        if wanted is None:
            if not every:
                raise UserError(f"{self.path}: holds no numbers at nodes or cells")
            return {key: place for key, place in every.items() if place[0] not in self.ancillary}
        keys = list(every)
        members = {key: [key] for key in every}
        # U also means U_x, U_y and U_z where the file has these as separate fields.
        for name, positions in whole_fields(keys).items():
            members[name] = [keys[position] for position in positions]
        fields: dict[str, list[str]] = {}
        for key, (field, _) in every.items():
            fields.setdefault(field, []).append(key)
        members |= fields
        unknown = [name for name in wanted if name not in members]
        if unknown:
            raise UserError(
                f"{self.path}: has no {listed(unknown)}; its fields are {', '.join(fields)}"
            )
        chosen: dict[str, tuple[str, int]] = {}
        for name in wanted:
            chosen |= {key: every[key] for key in members[name]}
        return chosen

    def values(
        self, variables: Mapping[str, tuple[str, int]], like: Mapping[str, str]
    ) -> Iterator[Values]:
        """Yield the variables of one timestep after the other.

        Parameters
        ----------
        variables
            Field and component of each variable, as :meth:`variables` returns them.
        like
            Expected units by the name of the field.

        Raises
        ------
        UserError
            When a timestep lacks a field, or has it in another unit, or has another number of nodes
            than the one before.
        """
        nodes = None
        wanted = dict.fromkeys(field for field, _ in variables.values())
        # Solvers may add fields, or refine the mesh, during a run: each timestep is checked.
        for step, time in enumerate(self.times):
            coords, fields, units = self.read(step)
            missing = [field for field in wanted if field not in fields]
            if missing:
                raise UserError(f"{self.path}: has no {listed(missing)} at time {time:g}")
            for field in wanted:
                found = units.get(field, "") or "no unit"
                expected = like.get(field, "") or "no unit"
                if found != expected:
                    raise UserError(
                        f"{self.path}: {field!r} is in {found}, elsewhere in {expected}"
                    )
            if len(coords) != (nodes or len(coords)):
                raise UserError(
                    f"{self.path}: {len(coords)} nodes at time {time:g}, but {nodes} before"
                )
            nodes = len(coords)
            columns = [
                fields[field].reshape(nodes, -1)[:, part] for field, part in variables.values()
            ]
            yield coords, np.stack(columns, axis=1).astype(np.float32)
