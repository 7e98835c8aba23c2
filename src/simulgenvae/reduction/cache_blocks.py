"""Long rows cut into parts that a processor's cache holds."""

from __future__ import annotations

from collections.abc import Iterator

PART = 4096
"""Entries of a part."""


def parts(width: int, size: int = PART) -> Iterator[slice]:
    """Slices of at most ``size`` entries that together are a row of so many."""
    return (slice(start, min(start + size, width)) for start in range(0, width, size))
