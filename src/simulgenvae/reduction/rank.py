"""Number of modes that a reduction keeps.

Tested in tests/reduction/test_rank.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.utils.snapshots import rank_for

if TYPE_CHECKING:
    from torch import Tensor

    from simulgenvae.settings import ReductionSettings

USUAL_TOLERANCE = 1e-3
"""Truncation error where the settings give none."""
FEW_MODES = 64
"""Number of modes that cost next to nothing in training and prediction."""
FINEST_TOLERANCE = 1e-6
"""Truncation error down to which that many modes are kept."""


def allowed_error(settings: ReductionSettings) -> float:
    """Return the largest truncation error that the settings allow."""
    return USUAL_TOLERANCE if settings.tolerance is None else settings.tolerance


def kept_rank(
    energies: Tensor, total: float, settings: ReductionSettings, left_out: float = 0.0
) -> int:
    """Return the rank for the tolerance of the settings, or for a finer one where none is given.

    Smooth fields can be predicted with errors far below the usual tolerance, which would then be a
    floor that nothing after the reduction can get below: where few modes are enough for a finer
    tolerance, they are kept. See :func:`rank_for` for the other arguments.
    """
    rank = rank_for(energies, total, allowed_error(settings), left_out)
    if settings.tolerance is not None:
        return rank
    finest = rank_for(energies, total, FINEST_TOLERANCE, left_out)
    return max(rank, min(finest, FEW_MODES))
