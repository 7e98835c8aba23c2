"""Times as networks read them.

Tested in tests/models/test_networks.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def unit_times(times: NDArray[np.float64], trained: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return times, mapped so that the trained span becomes 0 … 1.

    Parameters
    ----------
    times
        Times in the unit of the data, ``[t]``.
    trained
        Training times, ``[T]``, in ascending order; a single one is mapped to 0.
    """
    span = trained[-1] - trained[0]
    mapped = (times - trained[0]) / (span if span > 0 else 1.0)
    return np.asarray(mapped, dtype=np.float32)
