"""The subspace of the training states from one pass over them.

Call the states A: one row for each snapshot of the training runs. They do not fit into memory, and
their leading modes are wanted. For a narrow random matrix G, the columns of AᵀG are random
combinations of the snapshots, in which the leading modes dominate; an orthonormal basis of these
columns holds them with high probability (Halko, Martinsson & Tropp 2011, SIAM Review 53(2),
algorithm 4.1). AᵀG is a sum over snapshots, so that one pass is enough.

States are shifted and scaled fields, and mean and scale are known only after the pass. But AᵀG is
linear in the fields X: the pass sums Xᵀ G (about a shift near the mean) and the sum of the rows of
G, and the states follow from both afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.reduction.node_statistics import NodeStatistics
from simulgenvae.reduction.rank import kept_rank
from simulgenvae.reduction.state_map import StateMap
from simulgenvae.utils.cache_blocks import parts
from simulgenvae.utils.moments import ShiftedMoments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction.pilot import Pilot
    from simulgenvae.reduction.run_reader import RunReader
    from simulgenvae.settings import ReductionSettings

MARGIN = 1.3
"""Dimensions to project on for each one that a random sketch estimates to be enough."""
MARGIN_OF_PILOT = 1.1
"""Margin where the sketch began with the pilot's modes, whose estimates are better."""
SPARE = 8
"""Dimensions to project on in addition."""
NEARLY_ALL = 0.8
"""More dimensions than this fraction of a sketch's are rounded up to all of them: the last ones
hold little, and a second projection costs more than they do."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """Findings from one pass over the training runs."""

    state_map: StateMap
    statistics: NodeStatistics
    directions: Tensor
    """Orthonormal directions, ``[M·V, k]``, leading ones first."""
    enough: int
    """Number of leading directions that are probably enough for the tolerance."""

    @property
    def energy(self) -> float:
        """Sum of all squared singular values of the states.

        It follows from the variances: the states have mean 0, so their sum of squares is variance
        times number of snapshots.
        """
        variance = self.statistics.variance.ravel() * np.square(self.state_map.field_factor())
        return float(variance.sum()) * self.statistics.samples


class _Sums(NamedTuple):
    """Sums over all snapshots."""

    product: Tensor
    """XᵀG ``[M·V, width]``, where the rows of X are snapshots less the pilot's shift."""
    row_sum: Tensor
    """Sum of the rows of G, ``[width]``."""
    moments: ShiftedMoments


def take_sketch(runs: RunReader, settings: ReductionSettings, pilot: Pilot, width: int) -> Sketch:
    """Read the training runs once, and return their statistics and a subspace of their states.

    Ranks share the runs; the first rank finds the subspace from the sum of what all have read.
    Where some training runs were reduced earlier, statistics and states cover all of them,
    and the subspace is that of the others.

    Parameters
    ----------
    runs
        What is read, and how.
    settings
        How fields are scaled, and the tolerance.
    pilot
        What the pilot found.
    width
        Dimensions of the subspace, at most ``pilot.max_width``.
    """
    sums = _read(runs, pilot, width)
    # Known only now, after the pass: mean and scale, and with them what a state is.
    statistics = NodeStatistics.of(sums.moments, runs.dataset.shape[2:])
    if runs.earlier is not None:
        statistics = runs.earlier.summary.statistics.merged(statistics)
    snapshots = len(runs.training_rows_to_read) * runs.dataset.shape[1]
    offsets = runs.dataset.offsets

    def subspace() -> Sketch:
        # Fields that never change have no scale; the message is clearer than a division by zero.
        statistics.require_variation()
        state_map = StateMap.fit(statistics, settings, offsets, runs.node_weights)
        return _subspace(sums, statistics, state_map, settings, pilot, snapshots)

    return collectives.run_on_rank0(subspace)


def _read(runs: RunReader, pilot: Pilot, width: int) -> _Sums:
    """Read the training runs, and return the sums over the snapshots of all ranks."""
    rows = runs.training_rows_to_read
    size = len(pilot.shift)
    product = torch.zeros(size, width)
    row_sum = torch.zeros(width)
    moments = ShiftedMoments(pilot.shift)
    # These names are in the files of interrupted preparations, which later versions must resume.
    accumulators = {"image": product, "weights": row_sum, **moments.tensors()}
    for block_rows, block in runs.monitored_blocks(f"sketch of {width}", rows, accumulators):
        # Before counting, which shifts the block in place.
        probe = _probe(runs, rows, block_rows, block, pilot, width)
        row_sum += probe.sum(0)
        for part, distances in moments.shifted_parts(block):
            # A sketch as wide as a state is everything: there is nothing to sum.
            if width < size:
                product[part].addmm_(distances.T, probe)
    return _Sums(
        collectives.all_reduce_sum(product),
        collectives.all_reduce_sum(row_sum),
        moments.combined(collectives.all_reduce_sum, collectives.all_reduce_max),
    )


def _probe(
    runs: RunReader,
    rows: NDArray[np.intp],
    block_rows: NDArray[np.intp],
    block: Tensor,
    pilot: Pilot,
    width: int,
) -> Tensor:
    """Return the rows of G ``[k·T, width]`` for the snapshots ``block`` of the runs ``block_rows``.

    Where a sketch has a column for every snapshot, G is the identity and the sketch is exact.

    Where there are more modes than columns, a random G would mix the modes that are wanted with
    those that are left out. G is then approximately AΩ with the pilot's modes Ω, which makes the
    sketch AᵀAΩ a step of subspace iteration (Halko, Martinsson & Tropp 2011, algorithm 4.4). An
    estimate of AΩ from some of the entries is good enough for that.

    Otherwise G is random. Each run has its own random numbers, so that the sketch does not depend
    on the order in which runs are read, nor on which rank reads them.
    """
    steps = runs.dataset.shape[1]
    if width == len(rows) * steps:
        first = int(np.searchsorted(rows, block_rows[0])) * steps
        return torch.eye(width)[first : first + len(block)]
    if pilot.modes is not None:
        return pilot.modes.coordinates(block)
    random = []
    for row in block_rows:
        generator = torch.Generator().manual_seed(int(row))
        random.append(torch.randn(steps, width, generator=generator))
    return torch.cat(random)


def _subspace(
    sums: _Sums,
    statistics: NodeStatistics,
    state_map: StateMap,
    settings: ReductionSettings,
    pilot: Pilot,
    snapshots: int,
) -> Sketch:
    """Return the subspace that the sketch of ``snapshots`` snapshots spans, in states."""
    width = sums.product.shape[1]
    # As many columns as entries: every direction is in the subspace.
    if width == state_map.size:
        return Sketch(state_map, statistics, torch.eye(width), width)
    factor = torch.from_numpy(state_map.field_factor())
    # From distances from the shift to states: A = (X - 1 (mean - shift)ᵀ) · factor, and so
    # AᵀG = factor · XᵀG - factor · (mean - shift) (sum of the rows of G).
    offset = (torch.from_numpy(statistics.mean.ravel()) - pilot.shift) * factor
    span = torch.cat(
        [
            (sums.product[part] * factor[part, None] - offset[part, None] * sums.row_sum).float()
            for part in parts(state_map.size)  # in double precision, but never all of it at once
        ]
    )
    # The singular vectors of the sketch order its directions: SVD of R in AᵀG = QR.
    base, triangle = torch.linalg.qr(span)
    rotation, values, _ = torch.linalg.svd(triangle)
    # With a column for every snapshot, AᵀG is Aᵀ itself: all its directions together hold every
    # state, so that phase 2 cannot find too much left out. They are few, and no other sketch could
    # follow.
    exact = width == snapshots
    enough = width if exact else _enough(values.double(), settings, pilot)
    return Sketch(state_map, statistics, base @ rotation, enough)


def _enough(values: Tensor, settings: ReductionSettings, pilot: Pilot) -> int:
    """Return how many leading directions of a sketch are probably enough for the tolerance.

    ``values`` are the singular values of the sketch, ``[width]`` float64. The estimate saves
    products in the projection, which also estimates what is left out. Where that is too much, a
    larger subspace is taken.
    """
    if pilot.modes is None:
        energies = values.square()
        margin = MARGIN
    else:
        # With G = AΩ the singular values of AᵀG are near the squared singular values of A.
        energies = values
        margin = MARGIN_OF_PILOT
    rank = kept_rank(energies, float(energies.sum()), settings)
    wanted = math.ceil(margin * rank) + SPARE
    return wanted if wanted < NEARLY_ALL * len(values) else len(values)
