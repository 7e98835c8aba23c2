"""Reduction of a model file.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.reduction.identity import Identity
from simulgenvae.reduction.pod import Pod

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.reduction.base import Reduction


def restore_reduction(method: str, arrays: dict[str, NDArray[np.generic]]) -> Reduction:
    """Return the reduction of a model file; KeyError when an array is missing."""
    return Identity.from_arrays(arrays) if method == "none" else Pod.from_arrays(arrays)
