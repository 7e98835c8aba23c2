"""What is known of one run in a solver's own files: fields over time on a mesh, read one timestep
at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.mesh.components import endings, whole_fields
from simulgenvae.mesh.mesh import Mesh

AXES = ("variable", "time", "node")
"""What the axes of a run's array can be."""


class Snapshot(NamedTuple):
    """One timestep of a run."""

    coords: NDArray[Any]
    """Of the nodes, ``[M, 3]``, or fewer columns; none where positions are unknown."""
    fields: Mapping[str, NDArray[Any]]
    """Values at all nodes by the field's name: ``[M]``, or ``[M, C]`` with C components."""
    units: Mapping[str, str] = MappingProxyType({})
    """Of fields by their names, as far as known."""


Values = tuple[NDArray[Any], NDArray[np.float32]]
"""Positions of the nodes of a timestep, ``[M, 3]``, and the variables there, ``[M, V]``."""


class RunPart(NamedTuple):
    """What is taken of the results of each run."""

    fields: Sequence[str] | None = None
    """Fields, or single components of them; None for all."""
    start: float | None = None
    end: float | None = None
    every: int = 1
    """Timesteps from ``start`` to ``end``, both included, every so many of them."""
    resample: int | Sequence[float] | None = None
    """Instead of timesteps, these times, or so many of equal distance from ``start`` to ``end``:
    linear in between."""
    box: Sequence[float] | None = None
    """Nodes with xmin, xmax, ymin, ymax, …, limits included, as far as given."""
    nodes: Sequence[int] | None = None
    """Numbers of nodes, from 0."""
    reference: str | None = None
    """The run whose times, fields and mesh are those of all; None for one like most."""
    interpolate: bool = False
    """Whether runs on other meshes are interpolated onto that of the reference."""
    path: str | None = None
    """Where the results are in HDF5 files; ``*`` stands for a run's id."""
    axes: Sequence[str] | None = None
    """What the axes of the dataset there are (:data:`AXES`), in their order."""

    def steps(self, path: Path, times: NDArray[np.float64]) -> NDArray[np.intp]:
        """Which of the timesteps at ``times``, those of ``path``, are taken; UserError where there
        are none."""
        near = 1e-9 * float(np.ptp(times))
        chosen = np.ones(len(times), dtype=bool)
        if self.start is not None:
            chosen &= times >= self.start - near
        if self.end is not None:
            chosen &= times <= self.end + near
        steps = np.flatnonzero(chosen)[:: self.every]
        if not len(steps):
            raise UserError(
                f"{path}: has no timestep among those asked for (--start, --end): its times are "
                f"{times[0]:g} to {times[-1]:g}"
            )
        return steps


@dataclass(frozen=True, eq=False)
class Series:
    """One run.

    times: [T]; read: index of a timestep → what is there; mesh: the nodes, and the cells between
    them, at the first timestep; ancillary: fields that are taken only when asked for.
    """

    path: Path
    times: NDArray[np.float64]
    read: Callable[[int], Snapshot]
    mesh: Callable[[], Mesh]
    ancillary: Collection[str] = ()

    def at(self, part: RunPart) -> Series:
        """The run at the timesteps of ``part`` alone, at all where it is resampled; UserError where
        it has none."""
        if part.resample is not None:
            return self
        steps = part.steps(self.path, self.times)
        return replace(self, times=self.times[steps], read=lambda step: self.read(int(steps[step])))

    def variables(self, wanted: Sequence[str] | None = None) -> dict[str, tuple[str, int]]:
        """Names of variables, each with the field and the component that it is: of all fields of
        the first timestep but ancillary ones, or of those ``wanted``, given as fields or as single
        components, in that order.

        Raises UserError for what the run does not have.
        """
        every = {
            f"{name}{ending}": (name, component)
            for name, values in self.read(0).fields.items()
            for component, ending in enumerate(endings(1 if values.ndim == 1 else values.shape[1]))
        }
        if wanted is None:
            if not every:
                raise UserError(f"{self.path}: holds no numbers at nodes or cells")
            return {key: place for key, place in every.items() if place[0] not in self.ancillary}
        keys, members = list(every), {key: [key] for key in every}
        for name, positions in whole_fields(
            keys
        ).items():  # also of vectors whose components are fields of their own
            members[name] = [keys[position] for position in positions]
        fields = dict.fromkeys(field for field, _ in every.values())
        members |= {
            name: [key for key, (field, _) in every.items() if field == name] for name in fields
        }
        unknown = [name for name in wanted if name not in members]
        if unknown:
            raise UserError(
                f"{self.path}: has no {listed(unknown)}; its fields are {', '.join(fields)}"
            )
        return {key: every[key] for name in wanted for key in members[name]}

    def values(
        self, variables: Mapping[str, tuple[str, int]], like: Mapping[str, str]
    ) -> Iterator[Values]:
        """The variables of one timestep after the other.

        Raises UserError where a timestep does not have one of them, or in another unit than the
        fields ``like`` it, or has other nodes than the one before.
        """
        nodes, wanted = None, dict.fromkeys(field for field, _ in variables.values())
        for step, time in enumerate(self.times):
            coords, fields, units = self.read(step)
            missing = [field for field in wanted if field not in fields]
            if missing:
                raise UserError(f"{self.path}: has no {listed(missing)} at time {time:g}")
            for field in wanted:
                found, unit = (given.get(field, "") or "no unit" for given in (units, like))
                if found != unit:
                    raise UserError(f"{self.path}: {field!r} is in {found}, elsewhere in {unit}")
            if len(coords) != (nodes or len(coords)):
                raise UserError(
                    f"{self.path}: {len(coords)} nodes at time {time:g}, but {nodes} before"
                )
            nodes = len(coords)
            columns = [
                fields[field].reshape(nodes, -1)[:, part] for field, part in variables.values()
            ]
            yield coords, np.stack(columns, axis=1).astype(np.float32)
