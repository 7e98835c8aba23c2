"""Integrity check of VTK's older files (``.vtk``) in text: the last array must be complete.

VTK's reader gives zeros, or what is in the memory, in the place of values that are missing at the
end of a file. An array before the last one that is cut short is noticed by VTK itself.

Tested in tests/data/readers/runs/test_legacy_text.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HEAD = re.compile(rb"# vtk[^\n]*\n[^\n]*\n\s*ASCII", re.IGNORECASE)
_ARRAY = re.compile(
    rb"^(SCALARS|VECTORS|NORMALS|TENSORS|TEXTURE_COORDINATES|FIELD)[ \t].*$", re.MULTILINE
)
_DATA = re.compile(rb"^(?:POINT|CELL)_DATA[ \t]+(\d+)", re.MULTILINE)
_METADATA = re.compile(rb"^METADATA.*?\n\s*\n", re.MULTILINE | re.DOTALL)
_COMPONENTS = {b"VECTORS": 3, b"NORMALS": 3, b"TENSORS": 9}


def require_complete_legacy(path: Path) -> None:
    """Raise UserError for an older file of VTK in text whose last array lacks values."""
    if path.suffix.lower() != ".vtk":
        return
    with path.open("rb") as file:
        if not _HEAD.match(file.read(1000)):
            return
    content = _METADATA.sub(b"", path.read_bytes())
    arrays = list(_ARRAY.finditer(content))
    data = list(_DATA.finditer(content))
    if not arrays or not data:
        return
    missing = _missing(content[arrays[-1].start() :].split(), int(data[-1][1]))
    if missing > 0:
        name = arrays[-1][0].split()[1].decode("utf-8", "replace")
        raise UserError(
            f"{path}: truncated: the last array, {name!r}, has {missing} values less than it should"
        )


def _missing(words: Sequence[bytes], tuples: int) -> int:
    """Return how many values are missing behind the line of an array, and in it."""
    kind = words[0]
    if kind == b"FIELD":
        return _missing_in_field(words)
    start = 3
    components = _COMPONENTS.get(kind, 1)
    if kind == b"SCALARS":
        if len(words) > 3 and words[3].isdigit():
            components = int(words[3])
            start = 4
        start += 2 if words[start : start + 1] == [b"LOOKUP_TABLE"] else 0
    elif kind == b"TEXTURE_COORDINATES":
        components = int(words[2]) if len(words) > 2 and words[2].isdigit() else 1
        start = 4
    return start + components * tuples - len(words)


def _missing_in_field(words: Sequence[bytes]) -> int:
    count = int(words[2]) if len(words) > 2 and words[2].isdigit() else 0
    place = 3
    for _ in range(count):
        header = words[place : place + 4]
        if len(header) < 4 or not (header[1].isdigit() and header[2].isdigit()):
            return 4 - len(header)
        # Texts may have blanks in them.
        if header[3].lower() in {b"string", b"utf8_string", b"variant"}:
            return 0
        place += 4 + int(header[1]) * int(header[2])
    return place - len(words)
