"""Arrays of a POD in a model file.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.reduction.state_map import StateMap

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pod_arrays(arrays: dict[str, NDArray[Any]]) -> tuple[StateMap, NDArray[np.float32]]:
    """Return map and basis ``[M·V, r]``; KeyError or ValueError where they do not fit."""
    state_map = StateMap.from_arrays(arrays)
    basis = arrays["basis"].astype(np.float32, copy=False)
    if basis.ndim != 2 or len(basis) != state_map.size or not basis.size:
        raise ValueError(
            f"the basis has the shape {basis.shape} for states of {state_map.size} entries"
        )
    if not np.isfinite(basis).all():
        raise ValueError("the basis is not finite")
    return state_map, basis
