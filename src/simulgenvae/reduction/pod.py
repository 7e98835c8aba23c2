"""Proper orthogonal decomposition of the training states, without holding the fields in memory.

POD finds the r directions in which states vary most: the leading right singular vectors of the
matrix of all snapshots (Sirovich 1987). The fields do not fit into memory, so the decomposition
has two phases, each of which usually needs one pass:

1. find a subspace that is a little too large (``pilot.py``, ``sketch.py``, ``subspace.py``). This
   reads the training runs, after a pilot has read some of them;
2. read and project all runs on it, also those for validation and test (``projection.py``). The Gram
   matrix of the coordinates then gives the modes within the subspace, in the manner of Rayleigh and
   Ritz (Halko, Martinsson & Tropp 2011, SIAM Review 53(2), algorithm 5.1), and turns the
   coordinates into coefficients without another pass.

How much of the fields lies outside of the subspace is estimated in phase 2, from a part of the
entries. Where the tolerance would be missed, phase 2 is repeated with more directions of the same
sketch. Only where all of them are too few, phase 1 is repeated too, with a wider sketch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.reduction.encode import encode_runs
from simulgenvae.reduction.incremental import FitSummary, ReducedRuns
from simulgenvae.reduction.joined_times import SQUARED_PART, joined_times
from simulgenvae.reduction.pod_arrays import pod_arrays
from simulgenvae.reduction.projection import Projection, affine, coordinates_of, project_runs
from simulgenvae.reduction.rank import allowed_error, kept_rank
from simulgenvae.reduction.subspace import Subspace, subspaces
from simulgenvae.utils.cache_blocks import parts
from simulgenvae.utils.snapshots import principal_directions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.reduction.base import Candidate, Decoder
    from simulgenvae.reduction.run_reader import RunReader
    from simulgenvae.reduction.state_map import StateMap
    from simulgenvae.settings import ReductionSettings


@dataclass(frozen=True)
class Pod:
    """Reduction to coordinates in the leading ``r`` modes of the training states."""

    state_map: StateMap
    basis: NDArray[np.float32]
    """Orthonormal modes, ``[M·V, r]``."""
    summary: FitSummary | None = None
    """Facts that adding further runs needs; they are not part of a model."""

    @classmethod
    def candidates(cls, runs: RunReader, settings: ReductionSettings) -> Iterator[Candidate]:
        """Yield ever more accurate candidates, see :class:`Candidate`.

        The modes come from the training runs: as many as the tolerance needs, at most
        ``settings.max_rank``. Raises UserError when nothing varies in the training runs.
        """
        if runs.earlier is not None and not len(runs.training_rows_to_read):
            # Only validation or test runs were added: the modes stay.
            yield _UnchangedPod(runs, runs.earlier)
            return
        for subspace in subspaces(runs, settings):
            yield _PodCandidate(runs, settings, subspace)

    @property
    def rank(self) -> int:
        """Number of modes, r."""
        return int(self.basis.shape[1])

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V of the fields."""
        return self.state_map.field_shape

    def encode(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the coefficients ``[n, r]`` of fields ``[n, M, V]`` in physical units."""
        return self.encode_stored(self.state_map.stored(fields))

    def encode_stored(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the coefficients ``[n, r]`` of fields ``[n, M, V]`` less the offsets."""
        # torch warns about arrays that it could not write to, hence "W".
        snapshots = torch.from_numpy(np.require(fields, np.float32, "W")).flatten(1)
        basis = torch.from_numpy(self.basis)
        return coordinates_of(snapshots, *affine(self.state_map), basis).numpy()

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of decoded fields."""
        return self.state_map.dtype

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the fields ``[..., M, V]`` of coefficients ``[..., r]``, in physical units."""
        flat = coefficients.astype(np.float32, copy=False).reshape(-1, self.rank)
        rows = torch.from_numpy(flat)
        basis = torch.from_numpy(self.basis)
        mean, factor = affine(self.state_map)
        # An array of NumPy's, whose memory comes in large pages: torch's memory cost as much time
        # as the product.
        fields = np.empty((*coefficients.shape[:-1], *self.field_shape), np.float32)
        states = torch.from_numpy(fields).view(len(rows), self.state_map.size)
        # field = mean + state / factor, part by part, so that the product stays in the cache.
        for part in parts(self.state_map.size):
            states[:, part] = torch.addcdiv(mean[part], rows @ basis[part].T, factor[part])
        return self.state_map.physical(fields)

    def sum_of_squares(
        self, deviations: NDArray[np.floating], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the sum over K of the squared fields of deviations ``[K, t, r]``, ``[t, M, V]``.

        Nearly all of the time is that of products of coefficients and modes: only the sums leave
        the cache.
        """
        count, times, _ = deviations.shape
        blocks = joined_times(deviations, self.state_map.size)
        basis = torch.from_numpy(self.basis)
        _, factor = affine(self.state_map)
        sums = np.empty((times, *self.field_shape), np.float32) if out is None else out
        flat = torch.from_numpy(sums).view(times, self.state_map.size)
        for part in parts(self.state_map.size, SQUARED_PART):
            modes = (basis[part] / factor[part, None]).T
            for block in blocks:
                fields = torch.from_numpy(block.directions) @ modes
                if block.weights is not None:
                    fields = torch.from_numpy(block.weights) @ fields
                squares = fields.square_().view(count, block.count, modes.shape[1])
                torch.sum(squares, dim=0, out=flat[block.times, part])
        return sums

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        """Return a decoder of some nodes and variables only, in the order given."""
        entries = self.state_map.entries(nodes, variables)
        return Pod(self.state_map.at(nodes, variables), self.basis[entries])

    def basis_and_factor(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return the basis, and the factor ``[M·V]`` from states to scaled units."""
        return self.basis, self.state_map.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that a model file holds."""
        return {**self.state_map.arrays(), "basis": self.basis}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Restore what :meth:`arrays` gave; KeyError or ValueError where that is impossible."""
        return cls(*pod_arrays(arrays))


@dataclass(frozen=True, eq=False)
class _UnchangedPod:
    """The modes of runs that were reduced earlier, for runs that nothing is learned from."""

    runs: RunReader
    earlier: ReducedRuns

    @property
    def reduction(self) -> Pod:
        """The POD of the earlier runs."""
        return Pod(self.earlier.state_map, self.earlier.basis, self.earlier.summary)

    def project(self) -> tuple[Pod, NDArray[np.float32]]:
        """Return this POD and the coefficients of all runs."""
        pod = self.reduction
        return pod, encode_runs(self.runs.dataset, pod, self.runs.workers, self.earlier)


@dataclass(frozen=True, eq=False)
class _PodCandidate:
    """A POD whose subspace is found, and whose modes follow when all runs are projected."""

    runs: RunReader
    settings: ReductionSettings
    subspace: Subspace

    @property
    def reduction(self) -> Pod:
        """A POD with the directions of the subspace instead of its modes: approximately as many."""
        return Pod(self.subspace.sketch.state_map, self.subspace.directions.numpy())

    def project(self) -> tuple[Pod, NDArray[np.float32]] | None:
        """Return modes and coefficients, or None where the subspace leaves out too much."""
        sketch = self.subspace.sketch
        projection = project_runs(self.runs, sketch.state_map, self.subspace.directions)
        # Both sides are energies: sums of squares over all snapshots of the training runs.
        accurate = projection.left_out <= allowed_error(self.settings) ** 2 * sketch.energy
        if not accurate and not self.subspace.is_largest:
            return None
        return self._modes(projection)

    def _modes(self, projection: Projection) -> tuple[Pod, NDArray[np.float32]]:
        """Turn the directions of the subspace into modes, and coordinates into coefficients."""
        sketch = self.subspace.sketch
        energies, rotation = collectives.run_on_rank0(
            lambda: principal_directions(_gram(projection.coordinates, self.runs.training_rows))
        )
        energies = energies.clamp_(min=0)
        left_out = projection.left_out
        # What the subspace left out counts against the tolerance, too.
        needed = kept_rank(energies, sketch.energy, self.settings, left_out=left_out)
        rank = min(needed, self.settings.max_rank)
        # The rotation is found in double precision, and applied in the precision of the data.
        rotation = rotation[:, :rank].float()
        basis = projection.directions @ rotation
        # A mode may have either sign. The largest entry is made positive, so that a training does
        # not depend on how a library rounds.
        signs = basis.gather(0, basis.abs().argmax(0, keepdim=True)).sign()
        summary = FitSummary(sketch.statistics, left_out + float(energies[rank:].sum()))
        coefficients = projection.coordinates @ (rotation * signs)
        return Pod(sketch.state_map, (basis * signs).numpy(), summary), coefficients.numpy()


def _gram(coordinates: Tensor, rows: NDArray[np.intp]) -> Tensor:
    """Return the Gram matrix ``[k, k]`` of the coordinates ``[N, T, k]`` of the runs ``rows``."""
    # Run by run: a copy of all coordinates in double precision would take twice their memory.
    gram = torch.zeros(coordinates.shape[2], coordinates.shape[2], dtype=torch.float64)
    for row in rows:
        run = coordinates[row].double()
        gram += run.T @ run
    return gram
