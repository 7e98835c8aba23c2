"""Time that the training with some settings takes, and what of it fits into the time that is left.

Tested in tests/search/test_time_plan.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

MARGIN = 0.95
"""Fraction of the time that is left which the training may take by the estimate."""
LEAST_STEPS = 0.1
"""Fraction of the usual steps below which a network has learned too little to be of use."""
MOST_MEMBERS = 6
"""Largest number of networks that spare time is used for."""
LONGER = 3
"""Factor by which a longer training is tried."""


class Pace(NamedTuple):
    """Seconds of a step of the first network of an ensemble, and of the second."""

    first: float
    second: float

    def of(self, members: int) -> float:
        """Return the time in which each of some networks takes one step, one after another."""
        # Further networks have the decoder of the better of the first two, which is not known.
        further = max(self.first, self.second) * max(0, members - 2)
        return self.first + (self.second if members > 1 else 0.0) + further


class Size(NamedTuple):
    """Size of a training."""

    steps: int
    members: int


@dataclass(frozen=True)
class TimePlan:
    """Estimates of the time of a whole training.

    Attributes
    ----------
    usual
        Steps and networks of the training without a budget.
    rest
        Seconds of what is not the training of networks.
    fixed_steps, fixed_members
        Whether the user has given the number.
    refit
        Steps that a network learns from the validation runs too, for each of its steps.
    encoder
        Steps of the encoder, for each step of a network.
    """

    usual: Size
    rest: float
    fixed_steps: bool = False
    fixed_members: bool = False
    refit: float = 0.0
    encoder: float = 0.0

    def seconds(self, pace: Pace, size: Size) -> float:
        """Return the time of a training."""
        return self.rest + size.steps * self._seconds_per_step(pace, size.members)

    def _seconds_per_step(self, pace: Pace, members: int) -> float:
        """Return the time of a step of all networks, and of what follows for each step."""
        # Which network gets the encoder is not known.
        slower = max(pace.first, pace.second if members > 1 else 0.0)
        return (1 + self.refit) * pace.of(members) + self.encoder * slower

    def reserve(self, pace: Pace, budget: float) -> float:
        """Return the part of a budget that the search leaves to the training.

        It is at least what the usual training takes, and up to a third of the budget as far as a
        larger training could use it.
        """
        usual = self.seconds(pace, self.usual) / MARGIN
        return max(usual, min(budget / 3, self.seconds(pace, self.largest) / MARGIN))

    @property
    def largest(self) -> Size:
        """Largest training that spare time is used for."""
        steps = self.usual.steps * (1 if self.fixed_steps else LONGER)
        members = max(self.usual.members, MOST_MEMBERS)
        return Size(steps, self.usual.members if self.fixed_members else members)

    def fits(self, pace: Pace, size: Size, left: float) -> bool:
        """Return whether a training fits into the seconds that are left."""
        return self.seconds(pace, size) <= MARGIN * left

    def with_more_members(self, pace: Pace, size: Size, left: float) -> Size:
        """Return a training with as many networks as there is time for."""
        members = size.members
        while members < self.largest.members and self.fits(
            pace, size._replace(members=members + 1), left
        ):
            members += 1
        return size._replace(members=members)

    def reduced(self, pace: Pace, left: float) -> Size | None:
        """Return the training that fits where the usual one does not.

        There are fewer networks first, and then fewer steps: one network that has learned is better
        than several that have not. None where too few steps are left, or the user's own numbers do
        not fit.
        """
        steps, members = self.usual
        while (
            members > 1
            and not self.fixed_members
            and not self.fits(pace, Size(steps, members), left)
        ):
            members -= 1
        if self.fits(pace, Size(steps, members), left):
            return Size(steps, members)
        fewer = int((MARGIN * left - self.rest) / self._seconds_per_step(pace, members))
        if self.fixed_steps or fewer < max(1.0, LEAST_STEPS * steps):
            return None
        return Size(fewer, members)

    @property
    def least(self) -> Size:
        """Smallest training that is of use, with the user's own numbers."""
        steps = self.usual.steps if self.fixed_steps else round(LEAST_STEPS * self.usual.steps) + 1
        return Size(steps, self.usual.members if self.fixed_members else 1)

    def least_seconds(self, pace: Pace) -> float:
        """Return the shortest budget for the training itself."""
        return self.seconds(pace, self.least) / MARGIN
