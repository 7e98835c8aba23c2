"""Number of modes: for a wanted tolerance, and where none is given."""

from __future__ import annotations

import torch

from simulgenvae.reduction.rank import FEW_MODES, FINEST_TOLERANCE, USUAL_TOLERANCE, kept_rank
from simulgenvae.settings import ReductionSettings
from simulgenvae.utils.snapshots import rank_for


def _geometric(ratio: float, count: int = 300) -> torch.Tensor:
    return torch.tensor(ratio, dtype=torch.float64) ** torch.arange(count)


def test_few_modes_are_kept_beyond_the_usual_tolerance() -> None:
    smooth = _geometric(0.5)
    total = float(smooth.sum())
    assert kept_rank(smooth, total, ReductionSettings()) == rank_for(
        smooth, total, FINEST_TOLERANCE
    )
    assert kept_rank(smooth, total, ReductionSettings()) > rank_for(smooth, total, USUAL_TOLERANCE)


def test_many_modes_are_not() -> None:
    rough = _geometric(0.9)
    total = float(rough.sum())
    usual = rank_for(rough, total, USUAL_TOLERANCE)
    assert usual > FEW_MODES
    assert kept_rank(rough, total, ReductionSettings()) == usual
    between = _geometric(0.8)
    assert kept_rank(between, float(between.sum()), ReductionSettings()) == FEW_MODES


def test_a_wanted_tolerance_holds() -> None:
    smooth = _geometric(0.5)
    total = float(smooth.sum())
    assert kept_rank(smooth, total, ReductionSettings(tolerance=0.1)) == rank_for(
        smooth, total, 0.1
    )
