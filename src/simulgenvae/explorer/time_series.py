"""Linear interpolation between the training times, as a part of a network.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

import torch
from torch import Tensor


def at_times(values: Tensor, trained: Tensor, times: Tensor) -> Tensor:
    """Return values ``[..., T, r]`` at the training times at other times, ``[..., t, r]``.

    Both times are mapped to 0 … 1. Where there is one training time, all are like it.
    """
    if len(trained) == 1:
        return values.index_select(-2, torch.zeros_like(times, dtype=torch.int64))
    # The training time after each time; the first and the last interval hold the ends.
    after = (times.unsqueeze(1) > trained).sum(1).clamp(1, len(trained) - 1)
    start = trained[after - 1]
    weight = ((times - start) / (trained[after] - start)).unsqueeze(1)
    before = values.index_select(-2, after - 1)
    return before + weight * (values.index_select(-2, after) - before)
