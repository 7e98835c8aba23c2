"""Lines, comments and numbers of the classic text files ``condition.txt`` and ``preset.txt``.

Tested in tests/settings/classic/test_condition_file.py and test_preset_file.py.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.utils.text_file import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Line(NamedTuple):
    """A line with content."""

    number: int
    """Number of the line in its file, from 1."""
    text: str
    """Text without comment and outer spaces."""


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines with content; comments start at ``#``, ``%`` or ``'`` anywhere in a line."""
    for number, line in enumerate(read_text(path, strict=False).splitlines(), start=1):
        if text := re.split(r"[#%']", line, maxsplit=1)[0].strip():
            yield Line(number, text)


def whole_number(text: str) -> int:
    """Return the integer of ``16``, ``16.0`` or ``1e4``; ValueError with the reason for others."""
    value = number(text)
    if not value.is_integer():
        raise ValueError("must be a whole number")
    return int(value)


def number(text: str) -> float:
    """Return a finite float; ValueError with the reason for other texts."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError("must be a number") from None
    if not math.isfinite(value):
        raise ValueError("must be finite")
    return value


def whole_numbers(text: str) -> list[int]:
    """Return the integers of ``1024 512 256`` or ``1024, 512, 256``; ValueError for others."""
    return [whole_number(part) for part in re.split(r"[\s,]+", text.strip(" ,[]()")) if part]
