"""Phase 2 of POD: coordinates of all runs in a subspace, and what the subspace leaves out.

Tested in tests/reduction/test_pod.py and tests/reduction/test_shared.py.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.utils.cache_blocks import PART, parts

if TYPE_CHECKING:
    from simulgenvae.reduction.run_reader import RunReader
    from simulgenvae.reduction.state_map import StateMap

CHECKED = 4096
"""Smallest number of entries of a snapshot from which the energy left out is estimated; a twentieth
of them if that is more."""


class Projection(NamedTuple):
    """All runs in orthonormal directions of states."""

    directions: Tensor
    """Orthonormal directions, ``[M·V, k]``."""
    coordinates: Tensor
    """Coordinates of all runs in them, ``[N, T, k]``."""
    left_out: float
    """Energy of the training states that lies in none of the directions."""


def project_runs(runs: RunReader, state_map: StateMap, directions: Tensor) -> Projection:
    """Return all runs in orthonormal ``directions`` ``[M·V, m]`` of states.

    Where runs were reduced earlier, the directions are extended by theirs, and their coordinates
    follow from their coefficients: they are not read.
    """
    if runs.earlier is None:
        return _read(runs, state_map, directions)
    # One rank decomposes and sends: all must project on the same directions, to the last bit.
    join = partial(runs.earlier.joined, state_map, directions)
    directions, coordinates = collectives.run_on_rank0(join)
    projection = _read(runs, state_map, directions)
    projection.coordinates[torch.from_numpy(runs.earlier.rows)] = coordinates
    return projection._replace(left_out=projection.left_out + runs.earlier.left_out(state_map))


def _read(runs: RunReader, state_map: StateMap, directions: Tensor) -> Projection:
    """Read all runs that must be read, and return them in ``directions``; 0 for the others.

    What training runs leave out is estimated from a window of the entries, another one for each
    run, and scaled up: computing it everywhere would take as long as the projection. Windows start
    anywhere from the first entry to the last place where they fit, and do not wrap around: entries
    near both ends are in fewer windows than those in the middle. With windows of a twentieth, about
    5 % of the entries at each end count less.
    """
    steps = runs.dataset.shape[1]
    training = runs.training_rows_to_read
    coordinates = torch.zeros(*runs.dataset.shape[:2], directions.shape[1])
    left_out = torch.zeros((), dtype=torch.float64)
    mean, factor = affine(state_map)
    checked = min(state_map.size, max(CHECKED, state_map.size // 20))
    accumulators = {"projected": coordinates, "left_out": left_out}
    name = f"projection on {directions.shape[1]}"
    for block_rows, block in runs.monitored_blocks(name, runs.rows_to_read, accumulators):
        block_coordinates = coordinates_of(block, mean, factor, directions)
        own = torch.from_numpy(block_rows)
        coordinates[own] = block_coordinates.view(len(block_rows), steps, -1)
        # Validation and test runs are projected too, but do not decide about the subspace.
        for place in np.flatnonzero(np.isin(block_rows, training)):
            run = slice(place * steps, (place + 1) * steps)
            start = _random_start(block_rows[place], state_map.size - checked)
            window = slice(start, start + checked)
            states = (block[run, window] - mean[window]) * factor[window]
            rest = states - block_coordinates[run] @ directions[window].T
            left_out += rest.double().square().sum() * state_map.size / checked
    return Projection(
        directions,
        collectives.all_reduce_sum(coordinates),
        float(collectives.all_reduce_sum(left_out)),
    )


def _random_start(row: int, last: int) -> int:
    """Return a number from 0 to ``last`` that depends on the run only, not on who reads it."""
    return int(np.random.default_rng(row).integers(last + 1))


def coordinates_of(snapshots: Tensor, mean: Tensor, factor: Tensor, directions: Tensor) -> Tensor:
    """Return the coordinates ``[n, k]`` of snapshots ``[n, M·V]`` in physical units.

    ``mean`` and ``factor`` come from :func:`affine`.
    """
    coordinates = torch.zeros(len(snapshots), directions.shape[1])
    buffer = torch.empty(len(snapshots), PART)
    # Some entries at a time: their states stay in the cache until they are multiplied.
    for part in parts(len(mean)):
        columns = snapshots[:, part]
        states = torch.sub(columns, mean[part], out=buffer[:, : columns.shape[1]])
        states.mul_(factor[part])
        coordinates.addmm_(states, directions[part])
    return coordinates


def affine(state_map: StateMap) -> tuple[Tensor, Tensor]:
    """Return mean field and factor ``[M·V]`` float32: state = (field - mean) * factor."""
    mean = torch.from_numpy(state_map.mean_field().astype(np.float32))
    factor = torch.from_numpy(state_map.field_factor().astype(np.float32))
    return mean, factor
