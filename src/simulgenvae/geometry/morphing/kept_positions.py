"""Positions of morphed nodes, kept on disk from the check of all runs until they are read.

Tested in tests/geometry/morphing/test_kept_positions.py.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class KeptPositions:
    """Positions `[M, 2]` of all nodes by those of the boundary nodes, from which they follow.

    They are in a temporary file, as those of many runs would not fit into memory.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._places: dict[bytes, tuple[int, int]] = {}

    def keep(self, boundary: NDArray[np.float64], points: NDArray[np.float64]) -> None:
        """Keep the positions for boundary nodes at ``boundary`` `[b, 2]`, if the disk has room."""
        with suppress(OSError):
            if self._file is None:
                self._file = TemporaryFile()  # noqa: SIM115 - it is open as long as this is
            place = self._file.seek(0, 2)
            self._file.write(np.ascontiguousarray(points).data)
            self._file.flush()
            self._places[_key(boundary)] = place, points.nbytes

    def get(self, boundary: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return the positions for boundary nodes at ``boundary``; None where they are not kept."""
        found = self._places.get(_key(boundary)) if self._places else None
        if found is None or self._file is None:
            return None
        place, size = found
        self._file.seek(place)
        return np.frombuffer(self._file.read(size)).reshape(-1, 2)


def _key(boundary: NDArray[np.float64]) -> bytes:
    return sha256(np.ascontiguousarray(boundary).data).digest()
