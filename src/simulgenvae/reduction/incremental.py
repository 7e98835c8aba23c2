"""Runs that were reduced earlier, and how further runs are added to their modes without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction.node_statistics import NodeStatistics
    from simulgenvae.reduction.state_map import StateMap


class FitSummary(NamedTuple):
    """Facts about the runs that modes were fitted to, which adding further runs needs."""

    statistics: NodeStatistics
    left_out: float
    """Energy of their states that the modes do not hold: a sum of squares over all snapshots."""


@dataclass(frozen=True, eq=False)
class ReducedRuns:
    """Modes and coefficients of runs whose fields are not read again.

    Adding runs merges two subspaces as in Hall, Marshall & Martin (2000), IEEE PAMI 22(9), section
    3, except that one QR decomposition finds what both have in common.
    """

    state_map: StateMap
    basis: NDArray[np.float32]
    """Orthonormal modes, ``[M·V, r]``."""
    summary: FitSummary
    coefficients: NDArray[np.float32]
    """Coefficients of the K runs, ``[K, T, r]``."""
    rows: NDArray[np.intp]
    """Rows of the K runs in the larger data set, ``[K]``."""

    def joined(self, state_map: StateMap, further_directions: Tensor) -> tuple[Tensor, Tensor]:
        """Return directions that hold these runs and further ones, and these runs in them.

        More training runs change mean and scale, and with them the states. The field of a run is
        mean + Σ coefficient · mode / factor in the units of the earlier states; in the new ones
        each mode is stretched, and the difference of the means is one direction more.

        Parameters
        ----------
        state_map
            Map from fields to the new states.
        further_directions
            Orthonormal directions of the further runs in the new states, ``[M·V, m]``.

        Returns
        -------
        directions
            Orthonormal directions in the new states, ``[M·V, k]``.
        coordinates
            The K runs in these directions, ``[K, T, k]``.
        """
        # The directions span the earlier modes, the shift between the means, and the further ones.
        factor = state_map.field_factor()
        stretched = (
            self.basis * (factor / self.state_map.field_factor()).astype(np.float32)[:, None]
        )
        shift = (self.state_map.mean_field() - state_map.mean_field()) * factor
        shift_column = torch.from_numpy(shift.astype(np.float32))[:, None]
        span = torch.cat([torch.from_numpy(stretched), shift_column, further_directions], 1)
        directions, triangle = torch.linalg.qr(span)
        # A column of the triangle holds the coordinates of the same column of the span. The earlier
        # modes are the first ones, the shift follows them.
        rank = self.basis.shape[1]
        coefficients = torch.from_numpy(self.coefficients)
        return directions, coefficients @ triangle[:, :rank].T + triangle[:, rank]

    def left_out(self, state_map: StateMap) -> float:
        """Return a bound of the energy of these runs that no direction holds, in the new states.

        It is the earlier one, stretched everywhere as much as the entry that is stretched most.
        """
        stretched = np.square(state_map.field_factor() / self.state_map.field_factor()).max()
        return self.summary.left_out * float(stretched)
