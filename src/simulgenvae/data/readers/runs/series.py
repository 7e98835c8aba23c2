"""Series: one run in a solver's own files, read one timestep at a time; and the part to take.

Tested in tests/data/readers/runs/test_folder.py and test_aligned.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.prediction_labels import PredictionLabels
    from simulgenvae.geometry import CommonMesh
    from simulgenvae.mesh.mesh import Mesh


class Kind(NamedTuple):
    """Place and number of components of a field.

    Attributes
    ----------
    components
        Number of values at a node or cell.
    in_cells
        Whether the file has the values of cells; a node gets the mean of the cells around it.
    """

    components: int
    in_cells: bool = False


class Listing(NamedTuple):
    """Fields of one timestep, without their values.

    Attributes
    ----------
    coords
        Positions of the nodes, as in :class:`Snapshot`.
    kinds
        Place and number of components by the name of the field.
    left_out
        Reason by the name of the field, for fields that the file does not have at all nodes.
    remarks
        Lines for the user on what else is done with the content of the file.
    labels
        What the file of a prediction says about itself; None for other files.
    """

    coords: NDArray[Any]
    kinds: Mapping[str, Kind]
    left_out: Mapping[str, str] = MappingProxyType({})
    remarks: Sequence[str] = ()
    labels: PredictionLabels | None = None


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
    in_cells
        Names of the fields whose values are means of the cells around a node.
    left_out
        Reason by the name of the field, for fields that the file does not have at all nodes.
    remarks
        Lines for the user on what else is done with the content of the file.
    labels
        What the file of a prediction says about itself; None for other files.
    cells
        Checksum of the cells, where the file has cells at each timestep and the nodes are not where
        they were in the timestep that was read before; else None.
    """

    coords: NDArray[Any]
    fields: Mapping[str, NDArray[Any]]
    units: Mapping[str, str] = MappingProxyType({})
    in_cells: Collection[str] = ()
    left_out: Mapping[str, str] = MappingProxyType({})
    remarks: Sequence[str] = ()
    labels: PredictionLabels | None = None
    cells: int | None = None

    def listing(self) -> Listing:
        """Return what the timestep has, without values."""
        kinds: dict[str, Kind] = {}
        for name, values in self.fields.items():
            count = 1 if values.ndim == 1 else values.shape[1]
            kinds[name] = Kind(count, name in self.in_cells)
        return Listing(self.coords, kinds, self.left_out, self.remarks, self.labels)


Values = tuple[NDArray[Any], NDArray[np.floating]]
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
    displacement
        Whether nodes may move, or be elsewhere than in the reference: they are matched by their
        numbers, and the way from their place in the mesh is a field.
    geometry
        How runs with meshes of their own share one, by its name (:class:`CommonMesh`); None to
        find out whether they have some, and how.
    common
        The mesh that runs of a study share, to which these are appended; None for new studies.
    pattern
        Names of the files to take, in the folder of runs and in that of each run, with ``*`` for
        any letters.
    blocks
        Names of the blocks of the mesh to take, with ``*`` for any letters.
    path
        Path of the datasets in HDF5 files, with ``*`` in the place of a run's id.
    axes
        Names of the axes of these datasets, or of the arrays in other files, in their order.
    arrays
        Names of the arrays of fields in a file of arrays: ``NAME``, ``VARIABLE=NAME``, or
        ``COMPANION=NAME`` for what belongs to them.
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
    displacement: bool = False
    geometry: str | None = None
    common: CommonMesh | None = None
    pattern: str | None = None
    blocks: tuple[str, ...] | None = None
    path: str | None = None
    axes: Sequence[str] | None = None
    arrays: Sequence[str] | None = None

    def steps(self, path: Path, times: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the numbers of the timesteps to read, of those at ``times`` in ``path``.

        Raises UserError when there are none.
        """
        if not len(times):
            raise UserError(f"{path}: has no timesteps")
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
    look
        Function that lists the fields of a timestep by its number; None where that costs as
        much as reading the timestep.
    notes
        Function that returns lines for the user: where the times come from, and what was decided
        about files and blocks. Lines about blocks come once a timestep has been read.
    time_unit
        Unit of the times, "" where the files do not say it.
    skips_start
        Whether earlier timesteps are left out: ``mesh`` is that of the first one all the same.
    """

    path: Path
    times: NDArray[np.float64]
    read: Callable[[int], Snapshot]
    mesh: Callable[[], Mesh]
    ancillary: Collection[str] = ()
    look: Callable[[int], Listing] | None = None
    notes: Callable[[], Sequence[str]] = tuple
    time_unit: str = ""
    skips_start: bool = False

    def at(self, part: RunPart) -> Series:
        """Return the run at the timesteps of ``part``, or at all of them where it is resampled.

        Raises UserError when it has none of them.
        """
        # Interpolation needs the timesteps on both sides of the first and the last wanted time.
        if part.resample is not None:
            return self
        steps = part.steps(self.path, self.times)
        return replace(
            self,
            times=self.times[steps],
            skips_start=bool(steps[0] > 0),
            read=lambda step: self.read(int(steps[step])),
            look=self.look and (lambda step: self.listing(int(steps[step]))),
        )

    def listing(self, step: int) -> Listing:
        """Return the fields of a timestep without their values."""
        return self.read(step).listing() if self.look is None else self.look(step)
