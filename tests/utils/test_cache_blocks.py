from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.utils.cache_blocks import PART, TOGETHER, parts, timesteps_together


@pytest.mark.parametrize("size", [PART, 7])
@pytest.mark.parametrize("width", [1, PART - 1, PART, PART + 1, 3 * PART])
def test_parts_are_a_whole_row(width: int, size: int) -> None:
    found = list(parts(width, size))
    assert np.concatenate([np.arange(part.start, part.stop) for part in found]).tolist() == list(
        range(width)
    )
    assert max(part.stop - part.start for part in found) <= size


@pytest.mark.parametrize(("nodes", "together"), [(1, 5), (TOGETHER // 2, 2), (2 * TOGETHER, 1)])
def test_timesteps_together_are_all_of_them(nodes: int, together: int) -> None:
    found = list(timesteps_together((5, nodes, 1)))
    numbers = np.concatenate([np.arange(5)[times] for times in found])
    assert numbers.tolist() == list(range(5))
    assert max(times.stop - times.start for times in found) == together
