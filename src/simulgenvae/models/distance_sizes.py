"""Sizes of the network that reads geometries, for what evaluates it with and without torch.

Tested in tests/models/conditioner/test_distance.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CELLS = 4
"""Cells a side in which features are averaged at the end: it keeps where something is."""
FEATURES = 128
"""Number of features that the network gives."""
_FILTERS = (16, 32, 64, 64)


def filters_for(sides: Sequence[int]) -> tuple[int, ...]:
    """Return the channels after each convolution, which halves the resolution, down to the cells.

    ``sides`` are the numbers of pixels along each axis.
    """
    halvings = math.ceil(math.log2(max(sides) / CELLS)) if max(sides) > CELLS else 0
    return _FILTERS[: max(1, halvings)]
