"""Solved runs of the designs that are predicted, so that truth and error are in the same file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.names import listed
from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.data.readers.array_positions import with_positions
from simulgenvae.data.readers.companions import texts
from simulgenvae.data.shapes import OwnRun
from simulgenvae.errors import UserError
from simulgenvae.export.batches import AXES
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.geometry import CommonMesh

SAME = 1e-6
"""Largest difference of equal times, relative to their span, and of nodes, relative to the mesh."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Solved runs.

    Attributes
    ----------
    path
        File or folder, for messages.
    ids, variables
        Names of runs and variables; None where the files do not have them, and the order counts.
    times
        Times, `[T]`; None where the files do not have them.
    mesh
        Mesh of the runs, as far as known.
    runs
        Number of runs.
    read
        Function that reads a run by its index, `[T, M, V]`, or with the last two axes as one.
    read_own
        Function that reads a run at the nodes of its own mesh, alike.
    """

    path: Path
    ids: tuple[str, ...] | None
    times: NDArray[np.float64] | None
    variables: tuple[str, ...] | None
    mesh: Mesh | None
    runs: int
    read: Callable[[int], NDArray[Any]]
    read_own: Callable[[int], OwnRun]

    def row(self, design: str, designs: Sequence[str]) -> int:
        """Return the index of the run of one of the designs."""
        return (designs if self.ids is None else self.ids).index(design)

    def require_runs(self, ids: Sequence[str]) -> None:
        """Raise UserError unless there is a run for each of the designs."""
        if self.ids is None and self.runs != len(ids):
            raise UserError(
                f"{self.path}: {self.runs} runs without ids, but {len(ids)} designs are predicted"
            )
        # Without ids the runs are matched by their order.
        missing = [name for name in ids if self.ids is not None and name not in self.ids]
        if missing:
            raise UserError(f"{self.path}: has no runs for the designs {listed(missing)}")

    def require(self, ids: Sequence[str], mesh: Mesh) -> None:
        """Raise UserError unless there is a run for each of the designs, on their mesh."""
        self.require_runs(ids)
        if self.mesh is not None and not has_nodes_of(self.mesh, mesh):
            raise UserError(
                f"{self.path}: its mesh is not that of the model: its nodes are elsewhere, or not "
                "as many"
            )

    def added(
        self,
        predictions: Iterable[xr.Dataset],
        designs: Sequence[str],
        nodes: int,
        variables: Sequence[str],
    ) -> Iterator[xr.Dataset]:
        """Yield batches of predictions with ``truth`` and ``error`` (prediction less truth) added.

        Parameters
        ----------
        predictions
            Batches as ``Surrogate.predict_batches`` yields them.
        designs
            Ids of all designs that are predicted.
        nodes, variables
            Number of nodes and names of variables of the whole model.

        Raises
        ------
        UserError
            When a run has other nodes, variables or times.
        """
        for batch in predictions:
            fields = batch["fields"].transpose(*AXES)
            truth = np.empty_like(fields.to_numpy())
            for index, run in enumerate(map(str, batch["run"].values)):
                truth[index] = self.at(
                    self.read(self.row(run, designs)),
                    batch["time"].values,
                    batch["node"].values if "node" in batch.coords else None,
                    nodes,
                    batch["variable"].values.tolist(),
                    variables,
                )
            yield batch.assign(truth=(AXES, truth), error=(AXES, fields.to_numpy() - truth))

    def at(
        self,
        field: NDArray[Any],
        times: NDArray[np.float64],
        chosen: NDArray[np.integer] | None,
        nodes: int,
        wanted: Sequence[str],
        variables: Sequence[str],
    ) -> NDArray[Any]:
        """Return the field of a run at the times, nodes and variables of a prediction.

        Parameters
        ----------
        field
            Field `[T, M, V]`, or with the last two axes as one.
        times
            Times that were predicted.
        chosen
            Numbers of the nodes; None for all of the M ``nodes``.
        wanted, variables
            Names of the variables that were predicted, and of all of the model.

        Raises
        ------
        UserError
            When the run has other nodes, variables or times.
        """
        names = self.variables or tuple(variables)
        if field[0].size != nodes * len(names):
            raise UserError(
                f"{self.path}: {field[0].size} values per timestep are not {len(names)} variables "
                f"at {nodes} nodes"
            )
        field = field.reshape(len(field), nodes, len(names))[self._steps(times, len(field))]
        if chosen is not None:
            field = field[:, chosen]
        missing = [name for name in wanted if name not in names]
        if missing:
            raise UserError(f"{self.path}: has no variables {listed(missing)}, but {listed(names)}")
        return field[..., [names.index(name) for name in wanted]]

    def _steps(self, times: NDArray[np.float64], count: int) -> NDArray[np.intp]:
        """Return the timesteps of a run, of which there are ``count``, at the given times."""
        own = np.arange(count, dtype=np.float64) if self.times is None else self.times
        # Without times, timesteps of the same number are taken for the same ones.
        if self.times is None and len(times) == count:
            return np.arange(count)
        nearest: NDArray[np.intp] = np.abs(own[:, np.newaxis] - times).argmin(axis=0)
        distance = np.abs(own[nearest] - times)
        if distance.max() > SAME * max(float(np.ptp(own)), float(np.abs(own).max())):
            raise UserError(
                f"{self.path}: has no timestep at time {times[distance.argmax()]:g}: predict at "
                "times"
            )
        return nearest


def has_nodes_of(own: Mesh, mesh: Mesh) -> bool:
    """Return whether a mesh has the nodes of another one, as far as their positions are known."""
    if mesh.coords is None or own.coords is None:
        return True
    # Formats of meshes have three coordinates also in the plane.
    # Relative to the size of the mesh, whose unit is unknown.
    near = SAME * float(np.ptp(mesh.coords, axis=0).max())
    coords = own.coords[:, : mesh.coords.shape[1]]
    fits = coords.shape == mesh.coords.shape
    return fits and np.allclose(coords, mesh.coords, rtol=0.0, atol=near)


@contextmanager
def open_truth(path: Path, common: CommonMesh | None = None) -> Iterator[Truth]:
    """Open solved runs: anything that ``ingest`` reads, or the data of a study.

    With ``common``, the mesh that designs with meshes of their own share, runs have such meshes,
    too. Raises UserError as the readers do.
    """
    # The data of a study come first: its folder may also hold files that a reader would accept.
    stored = StudyFolder(path).dataset
    if stored.is_dir():
        data = Dataset.open(stored)

        def stored_run(run: int) -> OwnRun:
            if data.shapes is None:
                return OwnRun(data.whole_mesh, data.whole_run(run))
            fields = data.whole_run(run) if data.keeps_nodes else data.own_run(run)
            return OwnRun(data.shapes.mesh(run), fields)

        yield Truth(
            path,
            data.ids,
            data.times,
            data.variables,
            data.whole_mesh,
            len(data.ids),
            data.whole_run,
            stored_run,
        )
        return
    part = None if common is None else RunPart(common=common)
    with open_source(path, part) as opened:
        source = opened if common is None else with_positions([opened], None, common)[0]
        times = source.companions.get("times")

        def read_run(run: int) -> OwnRun:
            fields, geometry = source.placed_run(run)
            if geometry is None or common is None:
                return OwnRun(source.mesh or Mesh(), fields)
            return geometry.own or OwnRun(common.placed(geometry.shape).mesh, fields)

        yield Truth(
            path,
            texts([source], "ids"),
            None if times is None else np.asarray(times, dtype=np.float64),
            texts([source], "variables"),
            source.mesh,
            source.shape[0],
            source.run,
            read_run,
        )
