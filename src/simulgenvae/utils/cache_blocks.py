"""Long rows cut into parts that fit into a processor's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = 4096
"""Entries of a part."""


def parts(width: int, size: int = PART) -> Iterator[slice]:
    """Yield slices of at most ``size`` entries that together cover a row of ``width`` entries."""
    return (slice(start, min(start + size, width)) for start in range(0, width, size))
