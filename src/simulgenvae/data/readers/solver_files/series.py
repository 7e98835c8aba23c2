"""What is known of one run in a solver's own files: fields over time on a mesh, read one timestep at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.description import Mesh
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError

COMPONENTS = {1: ("",), 3: ("_x", "_y", "_z"), 6: ("_xx", "_yy", "_zz", "_xy", "_yz", "_xz")}
"""Endings of the components of scalars, vectors and symmetric tensors, the last ones in VTK's order."""
AXES = ("variable", "time", "node")
"""What the axes of a run's array can be."""


class Snapshot(NamedTuple):
    """One timestep of a run."""

    coords: NDArray[Any]
    """Of the nodes, ``[M, 3]``, or fewer columns; none where positions are unknown."""
    fields: Mapping[str, NDArray[Any]]
    """Values at all nodes by the field's name: ``[M]``, or ``[M, C]`` with C components."""


class Part(NamedTuple):
    """What is taken of the results of each run."""

    fields: Sequence[str] | None = None
    """Fields, or single components of them; None for all."""
    start: float | None = None
    end: float | None = None
    every: int = 1
    """Timesteps from ``start`` to ``end``, both included, every so many of them."""
    path: str | None = None
    """Where the results are in HDF5 files; ``*`` stands for a run's id."""
    axes: Sequence[str] | None = None
    """What the axes of the dataset there are (:data:`AXES`), in their order."""

    def steps(self, path: Path, times: NDArray[np.float64]) -> NDArray[np.intp]:
        """Which of the timesteps at ``times``, those of ``path``, are taken; UserError where there are none."""
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

    times: [T]; read: index of a timestep → what is there; mesh: the nodes, and the cells between them, at the first
    timestep; units: of fields by their names, as far as known; ancillary: fields that are taken only when asked for.
    """

    path: Path
    times: NDArray[np.float64]
    read: Callable[[int], Snapshot]
    mesh: Callable[[], Mesh]
    units: Mapping[str, str] = field(default_factory=dict)
    ancillary: Collection[str] = ()

    def at(self, part: Part) -> Series:
        """The run at the times of ``part`` alone; UserError where it has none of them."""
        steps = part.steps(self.path, self.times)
        return replace(self, times=self.times[steps], read=lambda step: self.read(int(steps[step])))

    def variables(self, wanted: Sequence[str] | None = None) -> dict[str, tuple[str, int]]:
        """Names of variables, each with the field and the component that it is: of all fields of the first timestep but
        ancillary ones, or of those ``wanted``, given as fields or as single components, in that order.

        Raises UserError for what the run does not have.
        """
        every = {
            f"{name}{ending}": (name, component)
            for name, values in self.read(0).fields.items()
            for component, ending in enumerate(endings(values))
        }
        if wanted is None:
            if not every:
                raise UserError(f"{self.path}: holds no numbers at nodes or cells")
            return {key: place for key, place in every.items() if place[0] not in self.ancillary}
        chosen = [key for name in wanted for key, (field, _) in every.items() if name in {field, key}]
        fields = dict.fromkeys(field for field, _ in every.values())
        unknown = [name for name in wanted if name not in every and name not in fields]
        if unknown:
            raise UserError(f"{self.path}: has no {listed(unknown)}; its fields are {', '.join(fields)}")
        return {key: every[key] for key in chosen}

    def values(
        self, step: int, fields: Mapping[str, NDArray[Any]], variables: Mapping[str, tuple[str, int]]
    ) -> NDArray[np.float32]:
        """Variables of a timestep's ``fields``, ``[M, V]``; UserError where one of them is missing there."""
        missing = sorted({field for field, _ in variables.values()} - fields.keys())
        if missing:
            raise UserError(f"{self.path}: has no {listed(missing)} at time {self.times[step]:g}")
        columns = [fields[field].reshape(len(fields[field]), -1)[:, part] for field, part in variables.values()]
        return np.stack(columns, axis=1).astype(np.float32)


def endings(values: NDArray[Any]) -> tuple[str, ...]:
    """What each component of a field appends to its name."""
    count = 1 if values.ndim == 1 else values.shape[1]
    return COMPONENTS.get(count) or tuple(f"_{component}" for component in range(count))
