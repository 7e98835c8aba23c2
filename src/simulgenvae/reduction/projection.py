"""Phase 2 of POD: coordinates of all runs in a subspace, and what the subspace leaves out.

Tested in tests/reduction/test_pod.py and tests/reduction/test_shared.py.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.reduction.run_pass import RunPass
from simulgenvae.reduction.state import StateMap
from simulgenvae.utils.cache_blocks import PART, parts

CHECKED = 4096
"""Smallest number of entries of a snapshot at which the energy left out is measured; a twentieth of
them if that is more."""


class Projection(NamedTuple):
    """All runs in orthonormal directions of states."""

    directions: Tensor
    """Orthonormal directions, ``[M·V, k]``."""
    coordinates: Tensor
    """Coordinates of all runs in them, ``[N, T, k]``."""
    left_out: float
    """Energy of the training states that lies in none of the directions."""


def project(runs: RunPass, state: StateMap, modes: Tensor) -> Projection:
    """Return all runs in the directions ``modes`` ``[M·V, m]``.

    Where runs were reduced earlier, the directions are extended by theirs, and their coordinates
    follow from their coefficients: they are not read.
    """
    if runs.reduced is None:
        return _read(runs, state, modes)
    # One rank decomposes and sends: all must project on the same directions, to the last bit.
    directions, coordinates = collectives.run_on_rank0(partial(runs.reduced.joined, state, modes))
    projection = _read(runs, state, directions)
    projection.coordinates[torch.from_numpy(runs.reduced.rows)] = coordinates
    return projection._replace(left_out=projection.left_out + runs.reduced.left_out(state))


def _read(runs: RunPass, state: StateMap, directions: Tensor) -> Projection:
    """Read all runs that must be read, and return them in ``directions``; 0 for the others.

    What training runs leave out is measured at a part of the entries, another one for each run, and
    scaled up: measuring it everywhere would take as long as the projection.
    """
    steps = runs.dataset.shape[1]
    training = runs.training_rows_to_read
    coordinates = torch.zeros(*runs.dataset.shape[:2], directions.shape[1])
    left_out = torch.zeros((), dtype=torch.float64)
    mean, factor = affine(state)
    checked = min(state.size, max(CHECKED, state.size // 20))
    passed = {"projected": coordinates, "left_out": left_out}
    name = f"projection on {directions.shape[1]}"
    for some, block in runs.monitored_blocks(name, runs.rows_to_read, passed):
        found = coordinates_of(block, mean, factor, directions)
        coordinates[torch.from_numpy(some)] = found.view(len(some), steps, -1)
        # Validation and test runs are projected too, but do not decide about the subspace.
        for place in np.flatnonzero(np.isin(some, training)):
            run = slice(place * steps, (place + 1) * steps)
            start = _random_start(some[place], state.size - checked)
            few = slice(start, start + checked)
            states = (block[run, few] - mean[few]) * factor[few]
            rest = states - found[run] @ directions[few].T
            left_out += rest.double().square().sum() * state.size / checked
    return Projection(
        directions,
        collectives.all_reduce_sum(coordinates),
        float(collectives.all_reduce_sum(left_out)),
    )


def _random_start(row: int, most: int) -> int:
    """Return a number from 0 to ``most`` that depends on the run only, not on who reads it."""
    return int(np.random.default_rng(row).integers(most + 1))


def coordinates_of(snapshots: Tensor, mean: Tensor, factor: Tensor, directions: Tensor) -> Tensor:
    """Return the coordinates ``[n, k]`` of snapshots ``[n, M·V]`` in physical units.

    ``mean`` and ``factor`` are those of :func:`affine`.
    """
    found = torch.zeros(len(snapshots), directions.shape[1])
    buffer = torch.empty(len(snapshots), PART)
    # Some entries at a time: their states stay in the cache until they are multiplied.
    for part in parts(len(mean)):
        few = snapshots[:, part]
        states = torch.sub(few, mean[part], out=buffer[:, : few.shape[1]]).mul_(factor[part])
        found.addmm_(states, directions[part])
    return found


def affine(state: StateMap) -> tuple[Tensor, Tensor]:
    """Return mean field and factor ``[M·V]`` float32: state = (field - mean) * factor."""
    mean = torch.from_numpy(state.mean_field().astype(np.float32))
    factor = torch.from_numpy(state.field_factor().astype(np.float32))
    return mean, factor
