"""Timesteps that a comparison of runs has read, kept until the runs themselves are read.

Tested in tests/data/readers/runs/test_remembered.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulgenvae.data.readers.runs.series import Listing, Series, Snapshot

MOST_BYTES = 2**25
"""Memory that kept timesteps take at most: more would add to the memory of the runs themselves."""


class Remembered:
    """Runs with the timesteps that were listed, as far as these fit into memory.

    Parameters
    ----------
    most_bytes
        Memory for the timesteps of all runs.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._left = most_bytes
        self._runs: dict[str, Series] = {}
        self._snapshots: dict[str, dict[int, Snapshot]] = {}

    def recording(self, name: str, series: Series) -> Series:
        """Return a run whose timesteps are read where they are listed, and read only once."""
        # Where listing needs no values, they are not read for it.
        if series.look is not None:
            return series
        found = self._snapshots.setdefault(name, {})

        def look(step: int) -> Listing:
            found[step] = series.read(step)
            return found[step].listing()

        def read(step: int) -> Snapshot:
            return found[step] if step in found else series.read(step)

        return replace(series, read=read, look=look)

    def keep(self, name: str, series: Series) -> None:
        """Keep a run that :meth:`recording` returned, unless its timesteps take too much memory."""
        found = self._snapshots.pop(name, {}).values()
        size = sum(
            each.coords.nbytes + sum(values.nbytes for values in each.fields.values())
            for each in found
        )
        if found and size <= self._left:
            self._left -= size
            self._runs[name] = series

    def get(self, name: str) -> Series | None:
        """Return a run that is kept; None where it is not."""
        return self._runs.get(name)

    def forget(self, name: str) -> None:
        """Keep a run no longer."""
        self._runs.pop(name, None)
