"""Arrays in a file of arrays, as every reader of such a format describes them.

Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class StoredArray:
    """Array in a file, which is read entry by entry or whole.

    Attributes
    ----------
    shape, dtype
        Shape and type of the values.
    entry
        Function that reads the entry of the first axis with a given index.
    whole
        Function that reads all values. It raises UserError when they do not fit into memory.
    check
        Function that raises UserError when the values cannot be used, and returns notes for the
        user. It is called for arrays that are read, not for others in the file.
    attributes
        Further facts that the file gives about the array.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    entry: Callable[[int], NDArray[Any]]
    whole: Callable[[], NDArray[Any]]
    check: Callable[[], tuple[str, ...]] = tuple
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, array: NDArray[Any]) -> StoredArray:
        """Return an array in memory, or one that is memory-mapped, as a stored one."""
        return cls(
            array.shape,
            array.dtype,
            lambda index: np.asarray(array[index]),
            lambda: np.asarray(array),
        )


ArrayFile = Mapping[str, StoredArray]
"""Arrays of a file by their names; the name is empty where the format has none."""
