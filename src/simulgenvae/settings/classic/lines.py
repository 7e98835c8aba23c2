"""What the documented text files (``condition.txt``, ``preset.txt``) have in common: lines and
comments."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simulgenvae.utils.text_file import read_text


class Line(NamedTuple):
    """A line that says something: its number in the file, from 1, and its text without comment and
    outer spaces."""

    number: int
    text: str


def read_lines(path: Path) -> Iterator[Line]:
    """Lines of a documented file without blank ones and comments, which begin at ``#``, ``%`` or
    ``'`` anywhere."""
    for number, line in enumerate(read_text(path, strict=False).splitlines(), start=1):
        if text := re.split(r"[#%']", line, maxsplit=1)[0].strip():
            yield Line(number, text)


def whole_number(text: str) -> int:
    """Integer from ``16``, ``16.0`` or ``1e4``; ValueError with the reason otherwise."""
    value = number(text)
    if not value.is_integer():
        raise ValueError("must be a whole number")
    return int(value)


def number(text: str) -> float:
    """Finite float; ValueError with the reason otherwise."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError("must be a number") from None
    if not math.isfinite(value):
        raise ValueError("must be finite")
    return value


def whole_numbers(text: str) -> list[int]:
    """Integers from ``1024 512 256`` or ``1024, 512, 256``; ValueError with the reason
    otherwise."""
    return [whole_number(part) for part in re.split(r"[\s,]+", text.strip(" ,[]()")) if part]
