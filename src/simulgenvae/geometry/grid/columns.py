"""Fields of many timesteps as combinations of few.

Tested in tests/geometry/grid/test_columns.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOST = 1e-10
"""Part of the sum of squares that may be left out: 1e-5 of the values."""
_ROWS = 16_384  # at once in double precision


def independent_columns(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return orthonormal combinations `[K, r]` of the columns of ``values`` `[m, K]`.

    ``values @ c @ c.T`` are the values again, up to :data:`LOST`, and r is as small as possible
    (method of snapshots: Sirovich 1987).
    """
    gram = np.zeros((values.shape[1], values.shape[1]))
    for start in range(0, len(values), _ROWS):
        part = values[start : start + _ROWS].astype(np.float64)
        gram += part.T @ part
    energy, vectors = np.linalg.eigh(gram)
    # In ascending order: the first ones are left out.
    lost = np.cumsum(energy.clip(min=0.0))
    left_out = int(np.searchsorted(lost, LOST * np.trace(gram), side="right"))
    kept = vectors[:, min(left_out, len(energy) - 1) :]
    return kept.astype(np.float32)
