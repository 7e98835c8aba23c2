"""What is known of one run in a solver's own files: fields over time on a mesh, read one timestep at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.components import endings, whole_fields
from simulgenvae.data.description import Mesh
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError


class Snapshot(NamedTuple):
    """One timestep of a run."""

    coords: NDArray[Any]
    """Of the nodes, ``[M, 3]``."""
    fields: Mapping[str, NDArray[Any]]
    """Values at all nodes by the field's name: ``[M]``, or ``[M, C]`` with C components."""


Values = tuple[NDArray[Any], NDArray[np.float32]]
"""Positions of the nodes of a timestep, ``[M, 3]``, and the variables there, ``[M, V]``."""


class Part(NamedTuple):
    """What is taken of the results of each run."""

    fields: Sequence[str] | None = None
    """Fields, or single components of them; None for all."""
    start: float | None = None
    end: float | None = None
    every: int = 1
    """Timesteps from ``start`` to ``end``, both included, every so many of them."""
    resample: int | Sequence[float] | None = None
    """Instead of timesteps, these times, or so many of equal distance from ``start`` to ``end``: linear in between."""
    box: Sequence[float] | None = None
    """Nodes with xmin, xmax, ymin, ymax, …, limits included, as far as given."""
    nodes: Sequence[int] | None = None
    """Numbers of nodes, from 0."""
    reference: str | None = None
    """The run whose times, fields and mesh are those of all; None for one like most."""
    interpolate: bool = False
    """Whether runs on other meshes are interpolated onto that of the reference."""


@dataclass(frozen=True, eq=False)
class Series:
    """One run.

    times: [T]; read: index of a timestep → what is there; mesh: the nodes, and the cells between them, at the first
    timestep.
    """

    path: Path
    times: NDArray[np.float64]
    read: Callable[[int], Snapshot]
    mesh: Callable[[], Mesh]

    def at(self, part: Part) -> Series:
        """The run at the timesteps of ``part`` alone, at all where it is resampled; UserError where it has none."""
        if part.resample is not None:
            return self
        near = 1e-9 * float(np.ptp(self.times))
        chosen = np.ones(len(self.times), dtype=bool)
        if part.start is not None:
            chosen &= self.times >= part.start - near
        if part.end is not None:
            chosen &= self.times <= part.end + near
        steps = np.flatnonzero(chosen)[:: part.every]
        if not len(steps):
            raise UserError(
                f"{self.path}: has no timestep among those asked for (--start, --end): its times are "
                f"{self.times[0]:g} to {self.times[-1]:g}"
            )
        return replace(self, times=self.times[steps], read=lambda step: self.read(int(steps[step])))

    def variables(self, wanted: Sequence[str] | None = None) -> dict[str, tuple[str, int]]:
        """Names of variables, each with the field and the component that it is: of all fields of the first timestep, or
        of those ``wanted``, given as fields or as single components, in that order.

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
            return every
        keys, members = list(every), {key: [key] for key in every}
        for name, positions in whole_fields(keys).items():  # also of vectors whose components are fields of their own
            members[name] = [keys[position] for position in positions]
        fields = dict.fromkeys(field for field, _ in every.values())
        members |= {name: [key for key, (field, _) in every.items() if field == name] for name in fields}
        unknown = [name for name in wanted if name not in members]
        if unknown:
            raise UserError(f"{self.path}: has no {listed(unknown)}; its fields are {', '.join(fields)}")
        return {key: every[key] for name in wanted for key in members[name]}

    def values(self, variables: Mapping[str, tuple[str, int]]) -> Iterator[Values]:
        """The variables of one timestep after the other.

        Raises UserError where a timestep does not have one of them, or other nodes than the one before.
        """
        nodes = None
        for step, time in enumerate(self.times):
            coords, fields = self.read(step)
            missing = sorted({field for field, _ in variables.values()} - fields.keys())
            if missing:
                raise UserError(f"{self.path}: has no {listed(missing)} at time {time:g}")
            if len(coords) != (nodes or len(coords)):
                raise UserError(f"{self.path}: {len(coords)} nodes at time {time:g}, but {nodes} before")
            nodes = len(coords)
            columns = [fields[field].reshape(nodes, -1)[:, part] for field, part in variables.values()]
            yield coords, np.stack(columns, axis=1).astype(np.float32)
