"""Integrity check of EnSight Gold's files of text: a value for each node or cell.

VTK's reader does not look at the end of a file, and gives zeros, or values of other timesteps, in
the place of values that are missing.

Tested in tests/data/readers/runs/test_ensight.py.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_COMPONENTS = {"scalar": 1, "vector": 3, "tensor symm": 6, "tensor asym": 9}
_VARIABLE = re.compile(
    r"^\s*(scalar|vector|tensor symm|tensor asym) per (?:node|element):(?:\s+\d+)*\s+(.+)$",
    re.MULTILINE,
)
_PART = re.compile(rb"^part[ \t\r]*\n\s*(\d+)", re.MULTILINE)
_COUNT = re.compile(
    rb"^[ \t]*(coordinates|g_\w+|[a-z]+\d*)[ \t\r]*\n\s*(\d+)[ \t\r]*$", re.MULTILINE
)
"""Number of nodes, or of elements of a kind, of a part of the geometry."""
_KEYWORD = re.compile(rb"^[ \t]*(?!nan|inf)([a-z]\w*)([^\n]*)\n?", re.MULTILINE | re.IGNORECASE)
_PLACE = re.compile(
    rb"coordinates|block|(g_)?(point|bar[23]|tria[36]|quad[48]|tetra(4|10)|pyramid(5|13)|"
    rb"penta(6|15)|hexa(8|20)|nsided|nfaced)"
)
"""Keyword before values: where they are."""

Sizes = Counter[tuple[bytes, bytes]]
"""Numbers by the part and by ``coordinates`` or the kind of element."""


def require_complete_text(file: Path, text: str, geometry: Path) -> None:
    """Raise UserError for a variable with other than one value for each node or cell.

    Parameters
    ----------
    file, text
        The case, and its content.
    geometry
        Its geometry, a file of text for all times.
    """
    sizes = _geometry_sizes(geometry.read_bytes())
    for kind, names in _VARIABLE.findall(text):
        pattern = re.sub(r"\*+", "*", names.split()[-1].strip("'\""))
        if "/" in pattern or "\\" in pattern:
            continue
        for part in sorted(file.parent.glob(pattern)):
            _require_values(file, part, sizes, _COMPONENTS[kind])


def _geometry_sizes(content: bytes) -> Sizes:
    found: Sizes = Counter()
    parts = list(_PART.finditer(content))
    ends = [*(part.start() for part in parts[1:]), len(content)]
    for part, end in zip(parts, ends, strict=False):
        for count in _COUNT.finditer(content, part.end(), end):
            found[part[1], count[1]] += int(count[2])
    return found


def _require_values(
    case: Path, file: Path, sizes: Mapping[tuple[bytes, bytes], int], components: int
) -> None:
    content = file.read_bytes()
    # Values of several timesteps in one file, or of some nodes only, are left to VTK.
    if b"BEGIN TIME STEP" in content or b"\0" in content:
        return
    found: Sizes = Counter()
    part = b""
    keywords = list(_KEYWORD.finditer(content, content.find(b"\n") + 1))
    ends = [*(keyword.start() for keyword in keywords[1:]), len(content)]
    for keyword, end in zip(keywords, ends, strict=False):
        if keyword[1] == b"part":
            part = content[keyword.end() : end].strip()
        elif keyword[2].strip():  # such as "coordinates undef"
            return
        else:
            lines = content.count(b"\n", keyword.end(), end) + (not content[:end].endswith(b"\n"))
            found[part, keyword[1]] += lines
    # Numbers have 12 columns, unless another program wrote them.
    last = content[-100:].split(b"\n")[-2:]
    cut = len(last[0]) >= 12 and 0 < len(last[-1]) < len(last[0])
    for place, lines in found.items():
        if not _PLACE.fullmatch(place[1]):
            raise UserError(
                f"{case}: {file.name} is truncated or damaged: {place[1].decode('latin-1')[:40]!r} "
                "is no place of values"
            )
        wanted = components * sizes.get(place, -1)
        if wanted >= 0 and (lines != wanted or cut):
            raise UserError(
                f"{case}: {file.name} is truncated or damaged: {lines} values of "
                f"{place[1].decode()} in part {place[0].decode()}, not {wanted}"
            )
    if not found:
        raise UserError(f"{case}: {file.name} is truncated or damaged: it has no values")
