from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.utils.cache_blocks import PART, parts


@pytest.mark.parametrize("size", [PART, 7])
@pytest.mark.parametrize("width", [1, PART - 1, PART, PART + 1, 3 * PART])
def test_parts_are_a_whole_row(width: int, size: int) -> None:
    found = list(parts(width, size))
    assert np.concatenate([np.arange(part.start, part.stop) for part in found]).tolist() == list(
        range(width)
    )
    assert max(part.stop - part.start for part in found) <= size
