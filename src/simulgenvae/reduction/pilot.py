"""A first look at a few hundred snapshots, before all runs are read.

A pass over all runs is the expensive part of a reduction, and the number of columns of its sketch
must be chosen before it: too few, and all runs are read again; too many, and the products take
longer than the reading. Few snapshots are enough to estimate how many modes there are. They also
give a shift near the mean field, which keeps sums of squares exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulgenvae.reduction.node_statistics import NodeStatistics
from simulgenvae.reduction.rank import kept_rank
from simulgenvae.reduction.state_map import StateMap
from simulgenvae.utils.cache_blocks import PART, parts
from simulgenvae.utils.moments import ShiftedMoments
from simulgenvae.utils.snapshots import principal_directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction.run_reader import RunReader
    from simulgenvae.settings import ReductionSettings

OVERSAMPLING = 32
"""Columns of a sketch beyond the modes that are looked for."""
GROWTH = 2.0
"""Modes that all snapshots may need for each mode of the pilot's snapshots."""
COLUMNS = 32
"""Widths of sketches are multiples of this where possible: rows that begin with a cache line
multiply a third faster."""
PILOT_ROWS = 768
"""Largest number of snapshots of the pilot."""
PILOT_RUNS = 48
"""Smallest number of runs that they come from, where there are as many."""
PILOT_BYTES = 2**30
"""Largest memory of the pilot's snapshots."""
ENTRY_STEP = 8
"""The extent of snapshots along the pilot's modes is estimated from one in this many entries."""


class PilotModes(NamedTuple):
    """Leading modes of the pilot's snapshots, at some entries of a state only."""

    entries: Tensor
    """Places of these entries in a state, ``[s]``."""
    shift: Tensor
    """Mean field there, ``[s]``."""
    to_coordinates: Tensor
    """Matrix ``[s, max_width]`` that turns distances from the shift into coordinates."""

    def coordinates(self, fields: Tensor) -> Tensor:
        """Return approximate coordinates ``[n, max_width]`` of fields ``[n, M·V]`` in the modes."""
        return fields.index_select(1, self.entries).sub_(self.shift) @ self.to_coordinates


class Pilot(NamedTuple):
    """Findings from some snapshots, before all are read."""

    shift: Tensor
    """Their mean field, ``[M·V]`` float32."""
    width: int
    """Number of columns that the first sketch should have."""
    max_width: int
    """Largest number of columns that a sketch can have."""
    modes: PilotModes | None
    """Leading ``max_width`` modes, where there are more modes than a sketch can have columns."""


def take_pilot(runs: RunReader, settings: ReductionSettings) -> Pilot:
    """Return mean and rank of snapshots drawn from runs that are spread evenly over all."""
    rows = runs.training_rows_to_read
    _, steps, nodes, variables = runs.dataset.shape
    size = nodes * variables
    snapshots = len(rows) * steps
    # More columns than wanted modes, or than a sketch of all snapshots could have, are useless.
    max_width = min(settings.max_rank + OVERSAMPLING, size, snapshots)
    random = np.random.default_rng(0)  # always the same, so that a preparation can be repeated
    block = _some_snapshots(runs, rows, random)
    shift = block.mean(0, dtype=torch.float64).float()
    factor = _count_and_shift(block, shift, runs, settings)
    # Method of snapshots: few snapshots of very many entries.
    energies, directions = principal_directions(_gram(block, factor))
    # Rounding makes eigenvalues that should be 0 slightly negative.
    rank = kept_rank(energies.clamp(min=0), float(energies.sum()), settings)
    wanted = math.ceil(GROWTH * rank) + OVERSAMPLING
    # Where the pilot needs half of its snapshots or more, it has not seen how many modes there are.
    endless = 2 * rank > len(block)
    width = max_width if endless else min(max_width, math.ceil(wanted / COLUMNS) * COLUMNS)
    # A sketch as wide as there are entries or snapshots is exact and needs no help.
    exact = max_width in (size, snapshots)
    if width < max_width or exact or max_width > len(block):
        return Pilot(shift, width, max_width, None)
    entries = np.sort(random.permutation(size)[: max(size // ENTRY_STEP, ENTRY_STEP * max_width)])
    modes = _modes_at(
        torch.from_numpy(entries), block, shift, factor, energies, directions, max_width
    )
    return Pilot(shift, width, max_width, modes)


def _some_snapshots(runs: RunReader, rows: NDArray[np.intp], random: np.random.Generator) -> Tensor:
    """Return as many snapshots from each of some runs, ``[n, M·V]``."""
    _, steps, nodes, variables = runs.dataset.shape
    in_memory = max(PILOT_BYTES // (4 * nodes * variables), OVERSAMPLING)
    count = min(len(rows) * steps, PILOT_ROWS, in_memory)
    # From many runs rather than many times of few: runs differ more than neighbouring timesteps.
    run_count = min(len(rows), max(PILOT_RUNS, math.ceil(count / steps)))
    chosen = rows[np.linspace(0, len(rows) - 1, run_count).astype(int)]
    per_run = math.ceil(count / len(chosen))
    taken = []
    for block_rows, block in runs.blocks(chosen):
        for place in range(len(block_rows)):
            times = np.sort(random.permutation(steps)[:per_run])
            taken.append(block[torch.from_numpy(place * steps + times)])
    return torch.cat(taken)


def _count_and_shift(
    block: Tensor, shift: Tensor, runs: RunReader, settings: ReductionSettings
) -> Tensor:
    """Subtract ``shift`` from the snapshots in place, and return their factor to states."""
    moments = ShiftedMoments(shift)
    moments.count_and_shift(block)
    statistics = NodeStatistics.of(moments, runs.dataset.shape[2:])
    state_map = StateMap.fit(statistics, settings, weights=runs.node_weights)
    return torch.from_numpy(state_map.field_factor())


def _gram(block: Tensor, factor: Tensor) -> Tensor:
    """Return the Gram matrix ``[n, n]`` of the states ``block * factor``."""
    gram = torch.zeros(len(block), len(block), dtype=torch.float64)
    # In double precision: in single precision, rounding would look like further modes.
    buffer = torch.empty(len(block), PART, dtype=torch.float64)
    for part in parts(block.shape[1]):
        scaled = torch.mul(block[:, part], factor[part], out=buffer[:, : part.stop - part.start])
        gram.addmm_(scaled, scaled.T)
    return gram


def _modes_at(
    entries: Tensor,
    block: Tensor,
    shift: Tensor,
    factor: Tensor,
    energies: Tensor,
    directions: Tensor,
    max_width: int,
) -> PilotModes:
    """Return the pilot's ``max_width`` leading modes at some entries of a state.

    A mode is the combination of snapshots that a direction of the Gram matrix gives, divided by
    its singular value. One factor turns snapshots to states and another one turns the distances
    that it will be multiplied with.
    """
    leading = directions[:, :max_width].float()
    weight = factor[entries].square()  # in double precision: units may be of any size
    # Directions of no energy are rounding; a floor keeps them from being blown up.
    lengths = energies[:max_width].clamp(min=1e-14 * float(energies.max())).sqrt()
    to_coordinates = block[:, entries].T @ leading * weight[:, None] / lengths
    return PilotModes(entries, shift[entries], to_coordinates.float())
