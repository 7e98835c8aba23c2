"""Places of nodes and elements by the numbers that a file gives them.

Tested in tests/data/mesh_files/test_abaqus.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Index:
    """Places of nodes or elements by their numbers in the file.

    Raises ValueError when two have the same number.
    """

    def __init__(self, numbers: NDArray[np.int64], what: str) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]
        twice = self._sorted[1:][np.diff(self._sorted) == 0]
        if len(twice):
            raise ValueError(f"it has the {what} {twice[0]} more than once")

    def __len__(self) -> int:
        return len(self._sorted)

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of each number; -1 for those that do not exist."""
        if not len(self):
            return np.full(len(numbers), -1, np.int64)
        at = np.searchsorted(self._sorted, numbers).clip(max=len(self) - 1)
        found: NDArray[np.int64] = np.where(self._sorted[at] == numbers, self._order[at], -1)
        return found

    def between(self, first: int, last: int, step: int) -> NDArray[np.int64]:
        """Return the places of the numbers from the first to the last one, with a step."""
        # Of those that exist: a range of a small file may have more numbers than memory holds.
        low, high = np.searchsorted(self._sorted, [first, last + 1])
        chosen = (self._sorted[low:high] - first) % step == 0
        found: NDArray[np.int64] = self._order[low:high][chosen]
        return found
