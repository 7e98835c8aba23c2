"""Modes and coefficients of runs that are not read again when others are added to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.reduction.scaling import FieldStatistics
from simulgenvae.reduction.state import StateMap


class Seen(NamedTuple):
    """What there was in the runs that modes were fitted to."""

    statistics: FieldStatistics
    left_out: float
    """Squared norm of what their states have beside the modes."""


@dataclass(frozen=True, eq=False)
class EarlierModes:
    """An earlier decomposition: its modes stand for the fields of its runs.

    Adding to it is the merging of two subspaces of Hall, Marshall & Martin (2000), IEEE PAMI 22(9),
    section 3, with what lies in both found by one QR decomposition.
    """

    state: StateMap
    basis: NDArray[np.float32]
    """Orthonormal modes, ``[M·V, r]``."""
    seen: Seen
    coefficients: NDArray[np.float32]
    """Of the runs in ``rows``, ``[K, T, r]``."""
    rows: NDArray[np.intp]
    """Where these are in the larger data set, ``[K]``."""

    def others(self, runs: int) -> NDArray[np.intp]:
        """Rows of a data set of so many ``runs`` that are not known."""
        return np.setdiff1d(np.arange(runs), self.rows)

    def joined(self, state: StateMap, modes: Tensor) -> tuple[Tensor, Tensor]:
        """Orthonormal directions ``[M·V, k]`` in the states of another map, whose span holds the
        known runs and the further ``modes``; and the coordinates of the known runs in them, ``[K,
        T, k]``."""
        factor = state.field_factor()
        stretched = self.basis * (factor / self.state.field_factor()).astype(np.float32)[:, None]
        shift = (self.state.mean_field() - state.mean_field()) * factor
        span = torch.cat(
            [
                torch.from_numpy(stretched),
                torch.from_numpy(shift.astype(np.float32))[:, None],
                modes,
            ],
            1,
        )
        directions, triangle = torch.linalg.qr(span)
        rank = self.basis.shape[1]
        return directions, torch.from_numpy(self.coefficients) @ triangle[:, :rank].T + triangle[
            :, rank
        ]

    def left_out(self, state: StateMap) -> float:
        """At most so much (squared norm) of the known runs' states is in no direction, in the
        states of another map."""
        return self.seen.left_out * float(
            np.square(state.field_factor() / self.state.field_factor()).max()
        )
