"""Long rows cut into parts that fit into a processor's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = 4096
"""Entries of a part."""
TOGETHER = 2**17
"""Entries of timesteps that are computed together."""


def parts(width: int, size: int = PART) -> Iterator[slice]:
    """Yield slices of at most ``size`` entries that together cover a row of ``width`` entries."""
    return (slice(start, min(start + size, width)) for start in range(0, width, size))


def timesteps_together(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield slices of consecutive timesteps of fields ``[T, M, V]``, each of one at least."""
    times, nodes, variables = shape
    return parts(times, max(1, TOGETHER // (nodes * variables)))
