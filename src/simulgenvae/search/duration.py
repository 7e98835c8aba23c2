"""Durations as people write them: ``90s``, ``30m``, ``1h30m``."""

from __future__ import annotations

import math
import re

from simulgenvae.errors import UserError

LONGEST = 30 * 24 * 3600.0
"""Longest time budget in seconds."""
_PARTS = re.compile(
    r"(?:(?P<h>\d+(?:\.\d+)?)\s*h)?\s*(?:(?P<m>\d+(?:\.\d+)?)\s*m(?:in)?)?\s*"
    r"(?:(?P<s>\d+(?:\.\d+)?)\s*s)?",
    re.IGNORECASE,
)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def seconds_of(given: str | float, option: str = "--budget") -> float:
    """Return a time budget in seconds.

    Parameters
    ----------
    given
        Hours, minutes and seconds as text, such as ``1h30m``; or a number of seconds.
    option
        Name of the option or argument, for the message.

    Raises
    ------
    UserError
        For a text that is no duration, and for less than a second or more than 30 days.

    Examples
    --------
    >>> seconds_of("1h30m"), seconds_of("90s"), seconds_of(60)
    (5400.0, 90.0, 60.0)
    """
    seconds = _seconds_of_text(given, option) if isinstance(given, str) else float(given)
    if not 1.0 <= seconds <= LONGEST:  # also NaN
        raise UserError(f"{option} is {given}: give a time from 1 second to 30 days, such as 30m.")
    return seconds


def _seconds_of_text(text: str, option: str) -> float:
    found = _PARTS.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise UserError(
            f"{option} {text}: this is no time. Write hours, minutes and seconds with their "
            "letters, such as 90s, 30m, 2h or 1h30m."
        )
    return math.fsum(_SECONDS[unit] * float(part) for unit, part in found.groupdict("0").items())
