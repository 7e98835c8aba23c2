"""Distances between all pairs of points.

Tested in tests/baselines/test_gp.py and tests/baselines/test_pod_rbf.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pair_distances(
    first: NDArray[Any],
    second: NDArray[Any],
    metric: Literal["euclidean", "sqeuclidean"] = "euclidean",
) -> NDArray[np.float64]:
    """Return the distances, or their squares, of points ``[m, P]`` and ``[n, P]``, ``[m, n]``."""
    # Imported here: predictions from a table of numbers need none, and do not wait for it.
    from scipy.spatial.distance import cdist

    distances: NDArray[np.float64] = cdist(first, second, metric)
    return distances
