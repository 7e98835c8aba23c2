"""Time of a budget, and the speed of its trials.

Tested in tests/search/test_search.py and tests/search/test_find.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulgenvae.search.scheduler import Trial


class Clock:
    """Time of a budget.

    Parameters
    ----------
    budget
        Its seconds.
    spent
        Seconds that were spent before this process started.
    """

    def __init__(self, budget: float, spent: float = 0.0) -> None:
        self.budget = budget
        self._start = time.monotonic() - spent

    @property
    def spent(self) -> float:
        """Seconds that were spent."""
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        """Seconds that are left; negative when the time is over."""
        return self.budget - self.spent


@dataclass
class Speed:
    """Seconds of a step, measured before the first trial and then in trials."""

    by_decoder: dict[str, float]
    """Seconds with the defaults, by decoder."""
    parts: int
    """Number of trainings of a trial."""

    def of(self, trial: Trial | None, decoder: str) -> float:
        """Return the time of a step of a trial, or of the first network with this decoder."""
        if trial is None or not trial.errors:
            return self.by_decoder[decoder]
        return trial.seconds / (self.parts * trial.all_steps)
