"""Estimate of the time that the rest of a training takes.

Tested in tests/training/test_time_left.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.training.phases import READING

if TYPE_CHECKING:
    from simulgenvae.training.phases import Phases


class TimeLeft:
    """Time of the rest of all phases, from the pace of this process.

    Phases of a pace that has not been measured yet are taken to have the latest pace. Reading says
    nothing about the time of networks: while nothing else has been measured, there is no estimate.

    Parameters
    ----------
    phases
        Phases of the training.
    """

    def __init__(self, phases: Phases) -> None:
        self._phases = phases
        self._measured: dict[str, tuple[float, float]] = {}
        """Share and seconds of what this process has done, by pace."""
        self._latest: float | None = None
        """Seconds per share of the latest phase besides reading."""
        self._last: tuple[int, float, float] | None = None

    def start(self) -> None:
        """Begin a phase, or a part of one: what follows first may include compiling."""
        self._last = None

    def record(self, index: int, done: float, now: float) -> None:
        """Record that a phase has advanced.

        Parameters
        ----------
        index
            Place of the phase.
        done
            Part of it that is done, from 0 to 1.
        now
            Time in seconds.
        """
        if self._last is not None and self._last[0] == index:
            phase = self._phases.phases[index]
            share, seconds = self._measured.get(phase.pace, (0.0, 0.0))
            share += (done - self._last[1]) * phase.share
            self._measured[phase.pace] = share, seconds + now - self._last[2]
            if phase.pace != READING:
                self._latest = self._pace(phase.pace) or self._latest
        self._last = index, done, now

    def seconds(self, index: int, done: float) -> float | None:
        """Return the seconds from a point in a phase to the end; None without an estimate."""
        phases = self._phases.phases
        latest = self._latest
        if latest is None:
            return None
        total = 0.0
        for place in range(index, len(phases)):
            phase = phases[place]
            latest = self._pace(phase.pace) or latest
            part = 1.0 - done if place == index else 1.0
            total += latest * part * phase.share
        return total

    def _pace(self, pace: str) -> float | None:
        """Return seconds per share; None where they have not been measured."""
        share, seconds = self._measured.get(pace, (0.0, 0.0))
        return seconds / share if share > 0 else None
