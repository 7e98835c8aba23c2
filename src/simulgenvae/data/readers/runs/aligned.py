"""Alignment of runs: the same variables at the same times on one mesh, as one source of fields."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.times import Timed, at_times, common_times, require_times
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError
from simulgenvae.mesh.interpolation import Interpolation, there_and_back
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart, Series

SAME_PLACE = 1e-6
"""Largest distance between the nodes of runs, relative to the extent of the mesh."""


def aligned(path: Path, runs: Mapping[str, Callable[[], Series]], part: RunPart) -> Source:
    """Return runs as one source of fields.

    Parameters
    ----------
    path
        File or folder of the runs, for messages.
    runs
        Functions that open the runs, by their names.
    part
        Part of each run to read.

    Returns
    -------
    Source
        Its ``problems`` say why runs cannot be used, as far as their times show that; others
        raise UserError when they are read.

    Raises
    ------
    UserError
        When the reference that ``part`` names does not exist, or no run can be the reference.
    """
    # A run is opened for its times here, and again when it is read: VTK's readers keep their last
    # timestep, and all runs together would not fit into memory.
    known: dict[str, Timed] = {}
    problems: dict[str, str] = {}
    for name, opened in runs.items():
        try:
            series = opened().at(part)
            known[name] = Timed(series.path, series.times)
        except UserError as error:
            problems[name] = str(error)
    common = _common(runs, known, problems, part)
    for name, run in known.items():
        try:
            common.require_times(run)
        except UserError as error:
            problems.setdefault(name, str(error))
    # Fields, meshes and damage show only when a run is read, which costs as much as ingesting it.
    names = list(runs)

    def read(run: int) -> NDArray[np.float32]:
        if names[run] in problems:
            raise UserError(problems[names[run]])
        return common.read(names[run], runs[names[run]]().at(part))

    companions: dict[str, NDArray[Any]] = {
        "ids": np.array(names),
        "times": common.times,
        "variables": np.array(list(common.variables)),
    }
    if any(common.units):
        companions["units"] = np.array(common.units)
    return Source(
        path,
        (len(names), len(common.times), common.nodes, len(common.variables)),
        np.dtype(np.float32),
        read,
        companions,
        mesh=common.mesh,
        problems={index: problems[name] for index, name in enumerate(names) if name in problems},
        remarks=common.remarks,
    )


class _Common:
    """Times, variables and mesh that all runs get from the reference, as far as ``part`` wants."""

    def __init__(self, reference: Series, part: RunPart) -> None:
        self.reference = reference
        self._part = part
        self.times = common_times(reference, part)
        self.variables = reference.variables(part.fields)
        self._full_mesh = reference.mesh()
        # Where positions are unknown, a timestep still has the number of nodes: `[M, 0]`.
        start = reference.read(0)
        coords = self._full_mesh.coords
        self._coords = start.coords if coords is None else coords
        self._units = start.units
        self._chosen = _chosen(self._coords, part, reference.path)
        self.mesh = self._full_mesh if self._chosen is None else self._full_mesh.at(self._chosen)
        self.nodes = len(self._coords if self._chosen is None else self._chosen)
        self.units = [self._units.get(field, "") for field, _ in self.variables.values()]
        self.changes: dict[str, NDArray[np.float64]] = {}
        self.farthest = 0.0

    def require_times(self, run: Timed) -> None:
        """Raise UserError unless a run has the common times, or spans them."""
        require_times(run, self.times, self.reference, resampled=self._part.resample is not None)

    def read(self, name: str, series: Series) -> NDArray[np.float32]:
        """Return the fields of a run, `[T, M, V]`.

        Raises UserError when it has other fields, or other nodes without interpolation.
        """
        steps = series.values(self.variables, self._units)
        if self._part.resample is not None:
            steps = at_times(series.times, steps, self.times)
        # The first timestep shows whether the mesh is another one, before all others are read.
        coords, first = next(steps)
        difference = self._difference(coords)
        if difference and not self._part.interpolate:
            raise UserError(
                f"{series.path}: {difference} {self.reference.path}: another mesh, or another "
                "order of nodes: bring all runs onto one mesh with --interpolate"
            )
        fields = np.empty((len(self.times), *first.shape), np.float32)
        fields[0] = first
        for step, (_, values) in enumerate(steps, 1):
            fields[step] = values
        if difference:
            fields = self._interpolated(name, series, fields)
        return fields if self._chosen is None else fields[:, self._chosen]

    def _difference(self, coords: NDArray[Any]) -> str:
        """Return how nodes differ from the nodes of the reference; no text when they do not."""
        if coords.shape[1] != self._coords.shape[1]:
            return f"nodes with {coords.shape[1]} coordinates, but with {self._coords.shape[1]} in"
        if len(coords) != len(self._coords):
            return f"{len(coords)} nodes, but {len(self._coords)} in"
        # Solvers write positions with few digits, so equal nodes may differ a little.
        far = np.abs(coords - self._coords).max(initial=0.0)
        same = far <= SAME_PLACE * float(np.ptp(self._coords, axis=0).max(initial=0.0))
        return "" if same else f"its nodes are up to {far:g} away from those of"

    def _interpolated(
        self, name: str, series: Series, fields: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        own = series.mesh()
        there = Interpolation(own, self._full_mesh, series.path)
        back = Interpolation(self._full_mesh, own, series.path)
        # The last timestep, as a transient often starts from a uniform field.
        self.changes[name] = there_and_back(fields[-1], there, back)
        self.farthest = max(self.farthest, there.farthest)
        # Nodes first: all timesteps are interpolated at once, as the cells are searched only once.
        return there(fields.swapaxes(0, 1)).swapaxes(0, 1)

    def remarks(self) -> Iterator[str]:
        """Yield lines on how the mesh was read, and on interpolation of the runs that were read."""
        for remark in self._full_mesh.remarks:
            yield f"Mesh of {self.reference.path}: {remark}."
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


def _common(
    runs: Mapping[str, Callable[[], Series]],
    known: Mapping[str, Timed],
    problems: dict[str, str],
    part: RunPart,
) -> _Common:
    """Return what all runs have in common with the reference.

    That is the run that ``part`` names, or the first one with as many timesteps as most runs. A run
    that cannot be read becomes one of the ``problems``.
    """
    if part.reference is not None and part.reference not in known:
        why = problems.get(part.reference, f"there is none among {listed(list(runs))}")
        raise UserError(f"the reference {part.reference!r}: {why}")
    # The run with the usual number of timesteps: a first run that ended early would make all others
    # problems.
    lengths = Counter(len(run.times) for run in known.values())
    for name in sorted(
        known, key=lambda name: (name != part.reference, -lengths[len(known[name].times)])
    ):
        try:
            return _Common(runs[name]().at(part), part)
        except UserError as error:
            problems[name] = str(error)
            if name == part.reference:
                break
    raise UserError(
        problems[next(name for name in (part.reference, *known, *problems) if name in problems)]
    )


def _chosen(coords: NDArray[Any], part: RunPart, path: Path) -> NDArray[np.intp] | None:
    """Return the numbers of the nodes to read; None for all.

    Raises UserError when there are none, or a wanted one does not exist.
    """
    if part.nodes is None and part.box is None:
        return None
    nodes = np.arange(len(coords)) if part.nodes is None else np.array(part.nodes, dtype=np.intp)
    wrong = nodes[(nodes < 0) | (nodes >= len(coords))]
    if len(wrong) or len(np.unique(nodes)) < len(nodes):
        what = f"node {wrong[0]} is not there" if len(wrong) else "a node occurs twice"
        raise UserError(f"{path}: {what} (--nodes): nodes are numbered from 0 to {len(coords) - 1}")
    if part.box is not None:
        if 2 * coords.shape[1] < len(part.box):
            raise UserError(
                f"{path}: nodes have {coords.shape[1]} coordinates, but --box has {len(part.box)} "
                "limits"
            )
        limits = np.array(part.box, dtype=np.float64).reshape(-1, 2)
        inside = coords[nodes, : len(limits)]
        nodes = nodes[((inside >= limits[:, 0]) & (inside <= limits[:, 1])).all(axis=1)]
    # The message has the extent of the mesh, with which the box can be compared.
    if not len(nodes):
        low = coords.min(axis=0)
        high = coords.max(axis=0)
        span = ", ".join(f"{a:g} to {b:g}" for a, b in zip(low, high, strict=True))
        raise UserError(f"{path}: no node is in the box (--box): the mesh spans {span}")
    return nodes
