"""The subspace of the training states from one pass over them: a pilot of some snapshots, then a
sketch of all.

For states A (rows: snapshots of the training runs) and a random matrix G, the range of AᵀG holds
the leading right singular vectors of A (Halko, Martinsson & Tropp 2011, SIAM Review 53(2),
algorithm 4.1). Scale and mean of the states are known only when all are read; but AᵀG is linear in
them, so that fields are sketched as they come (about a shift near their mean) and corrected
afterwards. The pilot tells how wide a sketch need be.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.cache_blocks import PART, parts
from simulgenvae.reduction.moments import Moments
from simulgenvae.reduction.monitor import UNWATCHED, Monitor
from simulgenvae.reduction.scaling import FieldStatistics
from simulgenvae.reduction.state import StateMap
from simulgenvae.settings import ReductionSettings

OVERSAMPLING = 32
"""Columns of a sketch beyond the modes that are looked for."""
GROWTH = 2.0
"""Modes of all snapshots, at most, for each one of the pilot."""
MARGIN, MARGIN_OF_DIRECTIONS = 1.3, 1.1
"""Dimensions to project on for each one that a random sketch says to be enough, and one with the
pilot's directions, whose estimates are better; and ``SPARE`` beside them."""
SPARE = 8
NEAR = 0.8
"""More dimensions than this share of a sketch's are all of them: its last ones hold little, and a
second projection costs more than they do."""
COLUMNS = 32
"""Widths of sketches are multiples of it where they can be: rows that begin with a line of the
cache multiply a third quicker."""
PILOT_ROWS, PILOT_RUNS, PILOT_BYTES = 768, 48, 2**30
"""Snapshots of the pilot at most, runs that they come from at least, and their memory at most."""
SEEN = 8
"""Where a sketch begins from the pilot's directions: one in so many entries tells how far snapshots
go along them."""


class Directions(NamedTuple):
    """Modes of the pilot, at some entries of a state alone."""

    entries: Tensor
    """Which ones, ``[s]``."""
    shift: Tensor
    """Mean field there, ``[s]``."""
    modes: Tensor
    """``[s, most]``, to multiply distances from the shift with."""

    def along(self, fields: Tensor) -> Tensor:
        """How far fields ``[n, M·V]`` go along the modes, about, ``[n, most]``."""
        return fields.index_select(1, self.entries).sub_(self.shift) @ self.modes


class Pilot(NamedTuple):
    """What some snapshots say before all are read."""

    shift: Tensor
    """Their mean, ``[M·V]`` float32."""
    width: int
    """Columns that the sketch should have."""
    most: int
    """Columns that it can have."""
    directions: Directions | None
    """Where they have more modes than a sketch has columns: their leading ones, ``most`` of
    them."""


class Sketch(NamedTuple):
    """What one pass over the training runs tells."""

    state: StateMap
    statistics: FieldStatistics
    modes: Tensor
    """Orthonormal, ``[M·V, k]``, leading ones first."""
    enough: int
    """So many of them, it seems, are enough for the tolerance."""

    @property
    def energy(self) -> float:
        """Sum of all squared singular values."""
        variance = self.statistics.variance.ravel() * np.square(self.state.field_factor())
        return float(variance.sum()) * self.statistics.samples


def pilot(
    dataset: Dataset, rows: NDArray[np.intp], settings: ReductionSettings, workers: int = 0
) -> Pilot:
    """Mean and rank of snapshots drawn from runs that are spread evenly over ``rows``."""
    _, steps, nodes, variables = dataset.shape
    size = nodes * variables
    most = min(settings.max_rank + OVERSAMPLING, size, len(rows) * steps)
    count = min(len(rows) * steps, PILOT_ROWS, max(PILOT_BYTES // (4 * size), OVERSAMPLING))
    chosen = rows[
        np.linspace(
            0, len(rows) - 1, min(len(rows), max(PILOT_RUNS, math.ceil(count / steps)))
        ).astype(int)
    ]
    random, few, taken = np.random.default_rng(0), math.ceil(count / len(chosen)), []
    for numbers, snapshots in read_blocks(dataset, chosen, workers):
        taken += [
            snapshots[k * steps + np.sort(random.permutation(steps)[:few])]
            for k in range(len(numbers))
        ]
    block = torch.from_numpy(np.concatenate(taken)).flatten(1)
    shift = block.mean(0, dtype=torch.float64).float()
    moments = Moments(shift)
    for _ in moments.count(block):
        pass
    gram = torch.zeros(len(block), len(block), dtype=torch.float64)
    factor = torch.from_numpy(
        StateMap.fit(moments.statistics((nodes, variables)), settings).field_factor()
    )
    buffer = torch.empty(
        len(block), PART, dtype=torch.float64
    )  # double: rounding would look like further modes
    for part in parts(size):
        scaled = torch.mul(block[:, part], factor[part], out=buffer[:, : part.stop - part.start])
        gram.addmm_(scaled, scaled.T)
    energies, directions = torch.linalg.eigh(gram)
    rank = rank_for(energies.flip(0).clamp(min=0), float(energies.sum()), settings.tolerance)
    looked_for = math.ceil(GROWTH * rank) + OVERSAMPLING
    width = most if 2 * rank > len(block) else min(most, math.ceil(looked_for / COLUMNS) * COLUMNS)
    if width < most or most in (size, len(rows) * steps) or most > len(block):
        return Pilot(shift, width, most, None)
    seen = torch.from_numpy(np.sort(random.permutation(size)[: max(size // SEEN, SEEN * most)]))
    leading, weight = (
        directions.flip(1)[:, :most].float(),
        factor[seen].square(),
    )  # double: units may be of any size
    lengths = energies.flip(0)[:most].clamp(min=1e-14 * float(energies.max())).sqrt()
    modes = block[:, seen].T @ leading * weight[:, None] / lengths
    return Pilot(shift, width, most, Directions(seen, shift[seen], modes.float()))


def sketched(
    dataset: Dataset,
    rows: NDArray[np.intp],
    settings: ReductionSettings,
    known: Pilot,
    width: int,
    workers: int = 0,
    watch: Monitor = UNWATCHED,
    before: FieldStatistics | None = None,
) -> Sketch:
    """Read the runs ``rows`` once: statistics, and a subspace of ``width`` (at most ``known.most``)
    dimensions.

    Ranks share the runs; the first one finds the subspace from the sum of what they have seen.
    Statistics, and with them the states, are those of all runs where others were seen ``before``.

    Where there are no more states than columns, G is the identity. Where more modes are wanted than
    a sketch has columns, a random G would mix them with what is left out: there G is about AΩ with
    the pilot's directions Ω, which makes it a step of subspace iteration (Halko, Martinsson & Tropp
    2011, algorithm 4.4). What is seen of the product at some entries is enough for that.
    """
    image, weights, moments = _summed(dataset, rows, known, width, workers, watch)
    statistics = moments.statistics(dataset.shape[2:])
    statistics = statistics if before is None else before.merged(statistics)
    snapshots = len(rows) * dataset.shape[1]
    return collectives.run_on_rank0(
        lambda: _subspace(image, weights, statistics, settings, known, snapshots)
    )


def _subspace(
    image: Tensor,
    weights: Tensor,
    statistics: FieldStatistics,
    settings: ReductionSettings,
    known: Pilot,
    snapshots: int,
) -> Sketch:
    """The subspace that XᵀG ``[M·V, width]`` spans when so many snapshots X have become states."""
    statistics.require_variation()
    state, width = StateMap.fit(statistics, settings), image.shape[1]
    if width == state.size:
        return Sketch(state, statistics, torch.eye(width), width)
    factor = torch.from_numpy(state.field_factor())
    offset = (torch.from_numpy(statistics.mean.ravel()) - known.shift) * factor
    span = torch.cat(
        [
            (image[part] * factor[part, None] - offset[part, None] * weights).float()
            for part in parts(state.size)  # in double precision, but never all of it
        ]
    )
    base, triangle = torch.linalg.qr(span)
    turn, values, _ = torch.linalg.svd(triangle)
    enough = width
    if width < snapshots:
        # With G = AΩ the singular values of AᵀG go with the squares of those of A.
        energies, margin = values.double(), MARGIN_OF_DIRECTIONS
        if known.directions is None:
            energies, margin = energies.square(), MARGIN
        rank = rank_for(energies, float(energies.sum()), settings.tolerance)
        looked_for = math.ceil(margin * rank) + SPARE
        enough = looked_for if looked_for < NEAR * width else width
    return Sketch(state, statistics, base @ turn, enough)


def _summed(
    dataset: Dataset, rows: NDArray[np.intp], known: Pilot, width: int, workers: int, watch: Monitor
) -> tuple[Tensor, Tensor, Moments]:
    """The pass over ``rows``: XᵀG ``[M·V, width]`` of distances X from the shift, the sum of G's
    rows, and moments.

    Each rank reads its part of the runs; what it returns is of all of them.
    """
    steps, size = dataset.shape[1], len(known.shift)
    image, weights, moments = torch.zeros(size, width), torch.zeros(width), Moments(known.shift)
    every = torch.eye(width) if width == len(rows) * steps else None
    name = f"sketch of {width}"
    places = collectives.local_rows(np.arange(len(rows)))
    done = watch.resume(
        name, len(places), {"image": image, "weights": weights, **moments.tensors()}
    )
    for numbers, snapshots in read_blocks(dataset, rows[places[done:]], workers):
        block = torch.from_numpy(snapshots).flatten(1)
        if every is not None:
            probe = every[places[done] * steps :][: len(block)]
        elif known.directions is not None:
            probe = known.directions.along(block)
        else:
            probe = _random(numbers, steps, width)
        weights += probe.sum(0)
        for part, distances in moments.count(block):
            if width < size:
                image[part].addmm_(distances.T, probe)
        done += len(numbers)
        watch.advance(name, done)
    return (
        collectives.all_reduce_sum(image),
        collectives.all_reduce_sum(weights),
        moments.of_all_ranks(),
    )


def _random(numbers: NDArray[np.intp], steps: int, width: int) -> Tensor:
    """Rows of the random matrix for the snapshots of some runs, ``[k·T, width]``: each run has its
    own, whenever it is read."""
    rows = [
        torch.randn(steps, width, generator=torch.Generator().manual_seed(int(run)))
        for run in numbers
    ]
    return torch.cat(rows)


def rank_for(energies: Tensor, total: float, tolerance: float, beyond: float = 0.0) -> int:
    """Smallest rank (at least 1) whose relative truncation error is at most ``tolerance``, or all
    that there are.

    energies: squared singular values ``[k]`` float64, descending; total: of the whole matrix;
    beyond: what of that is in none of the ``k`` directions.
    """
    after = torch.cat([energies.flip(0).cumsum(0).flip(0)[1:], torch.zeros(1, dtype=torch.float64)])
    enough = after + beyond <= tolerance**2 * total
    return int(enough.int().argmax()) + 1 if bool(enough.any()) else len(energies)
