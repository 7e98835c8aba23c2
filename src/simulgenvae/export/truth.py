"""Solved runs of the designs that are predicted, so that truth and error are in the same file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.names import listed
from simulgenvae.data.readers import open_source
from simulgenvae.data.readers.companions import texts
from simulgenvae.errors import UserError
from simulgenvae.export.batches import AXES
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

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
    """

    path: Path
    ids: tuple[str, ...] | None
    times: NDArray[np.float64] | None
    variables: tuple[str, ...] | None
    mesh: Mesh | None
    runs: int
    read: Callable[[int], NDArray[Any]]

    def row(self, design: str, designs: Sequence[str]) -> int:
        """Return the index of the run of one of the designs."""
        return (designs if self.ids is None else self.ids).index(design)

    def require(self, ids: Sequence[str], mesh: Mesh) -> None:
        """Raise UserError unless there is a run for each of the designs, on their mesh."""
        if self.ids is None and self.runs != len(ids):
            raise UserError(
                f"{self.path}: {self.runs} runs without ids, but {len(ids)} designs are predicted"
            )
        # Without ids the runs are matched by their order.
        missing = [name for name in ids if self.ids is not None and name not in self.ids]
        if missing:
            raise UserError(f"{self.path}: has no runs for the designs {listed(missing)}")
        if mesh.coords is None or self.mesh is None or self.mesh.coords is None:
            return
        # Formats of meshes have three coordinates also in the plane.
        # Relative to the size of the mesh, whose unit is unknown.
        near = SAME * float(np.ptp(mesh.coords, axis=0).max())
        own = self.mesh.coords[:, : mesh.coords.shape[1]]
        if own.shape != mesh.coords.shape or not np.allclose(own, mesh.coords, rtol=0.0, atol=near):
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
                truth[index] = self._at(self.row(run, designs), batch, nodes, variables)
            yield batch.assign(truth=(AXES, truth), error=(AXES, fields.to_numpy() - truth))

    def _at(
        self, run: int, like: xr.Dataset, nodes: int, variables: Sequence[str]
    ) -> NDArray[np.floating]:
        """Return the field of a run at the times, nodes and variables of a prediction."""
        # One run at a time, as for predictions: solved runs may be as large as the study.
        field = self.read(run)
        names = self.variables or tuple(variables)
        if field[0].size != nodes * len(names):
            raise UserError(
                f"{self.path}: {field[0].size} values per timestep are not {len(names)} variables "
                f"at {nodes} nodes"
            )
        field = field.reshape(len(field), nodes, len(names))[
            self._steps(like["time"].values, len(field))
        ]
        if "node" in like.coords:
            field = field[:, like["node"].values]
        wanted = like["variable"].values.tolist()
        missing = [name for name in wanted if name not in names]
        if missing:
            raise UserError(f"{self.path}: has no variables {listed(missing)}, but {listed(names)}")
        columns = [names.index(name) for name in wanted]
        return np.asarray(field[..., columns], dtype=like["fields"].dtype)

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


@contextmanager
def open_truth(path: Path) -> Iterator[Truth]:
    """Open solved runs: anything that ``ingest`` reads, or the data of a study.

    Raises UserError as the readers do.
    """
    # The data of a study come first: its folder may also hold files that a reader would accept.
    stored = StudyFolder(path).dataset
    if stored.is_dir():
        data = Dataset.open(stored)
        yield Truth(
            path,
            data.ids,
            data.times,
            data.variables,
            data.whole_mesh,
            len(data.ids),
            data.whole_run,
        )
        return
    with open_source(path) as source:
        times = source.companions.get("times")
        yield Truth(
            path,
            texts([source], "ids"),
            None if times is None else np.asarray(times, dtype=np.float64),
            texts([source], "variables"),
            source.mesh,
            source.shape[0],
            source.run,
        )
