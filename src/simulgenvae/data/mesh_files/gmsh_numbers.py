"""Sections of a file of Gmsh, and their numbers, as text or binary.

Tested in tests/data/mesh_files/test_gmsh.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sections(content: bytes) -> dict[str, bytes]:
    """Return the sections ``$Name`` … ``$EndName`` by their names, the first of each name.

    Raises ValueError when one has no end.
    """
    found: dict[str, bytes] = {}
    start = content.find(b"$")
    while start >= 0:
        line_end = content.find(b"\n", start)
        name = content[start + 1 : line_end].strip()
        end = content.find(b"$End" + name, line_end)
        if line_end < 0 or not name or end < 0:
            raise ValueError(f"cut short within ${name[:20].decode('ascii', 'replace')}")
        found.setdefault(name.decode("ascii", "replace"), content[line_end + 1 : end])
        start = content.find(b"$", end + 4 + len(name))
    return found


class Numbers:
    """Numbers of a section, which are read one after the other.

    Raises ValueError when the section has none any more, or others than are asked for.
    """

    def __init__(self, data: bytes, *, binary: bool, swapped: bool) -> None:
        self._order = ">" if swapped else "<"
        self._data = data
        self._at = 0
        self._texts = None if binary else np.array(data.split()).astype(np.float64)

    @property
    def is_binary(self) -> bool:
        """True for binary numbers, False for text."""
        return self._texts is None

    def whole(self, count: int, size: int = 8) -> NDArray[np.int64]:
        """Return whole numbers, of ``size`` bytes each in binary files."""
        if self._texts is None:
            return self._raw(count, f"{self._order}i{size}").astype(np.int64)
        found = self._text(count)
        # From 2**53 on, float64 skips whole numbers.
        if not ((np.abs(found) < 2**53) & (found == np.rint(found))).all():
            raise ValueError("numbers of nodes or elements are not whole numbers")
        return found.astype(np.int64)

    def one(self, size: int = 8) -> int:
        """Return one whole number."""
        return int(self.whole(1, size)[0])

    def real(self, count: int) -> NDArray[np.float64]:
        """Return real numbers."""
        if self._texts is None:
            return self._raw(count, f"{self._order}f8").astype(np.float64)
        return self._text(count)

    def first_line(self) -> int:
        """Return the number on the first line, which is text in binary files of version 2 too."""
        if self._texts is not None:
            return self.one()
        line, _, rest = self._data.partition(b"\n")
        self._at = len(self._data) - len(rest)
        return int(line)

    def nodes(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return numbers and positions of nodes that stand next to each other."""
        if self._texts is not None:
            rows = self._text(4 * count).reshape(count, 4)
            return rows[:, 0].astype(np.int64), rows[:, 1:]
        kind = np.dtype([("number", f"{self._order}i4"), ("place", f"{self._order}f8", 3)])
        found = self._raw(count, kind)
        return found["number"].astype(np.int64), found["place"].astype(np.float64)

    def _text(self, count: int) -> NDArray[np.float64]:
        assert self._texts is not None
        self._require(count, len(self._texts) - self._at)
        self._at += count
        return self._texts[self._at - count : self._at]

    def _raw(self, count: int, kind: str | np.dtype[np.void]) -> NDArray[Any]:
        size = np.dtype(kind).itemsize
        self._require(count, (len(self._data) - self._at) // size)
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at += count * size
        return found

    def _require(self, count: int, left: int) -> None:
        if not 0 <= count <= left:
            raise ValueError(f"{count} more numbers are announced than the {left} that follow")
