"""Durations as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.search.duration import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1.5h", 5400),
        (" 30min ", 1800),
        ("2H", 7200),
        (45, 45),
    ],
)
def test_what_people_write(text: str | float, seconds: float) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_parts_are_added(hours: int, minutes: int, seconds: int) -> None:
    assert seconds_of(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds


@pytest.mark.parametrize(
    "text", ["", "30", "m", "30x", "m30", "30m1h", "-5m", "1h30", "ten", "1m2"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"--budget .*: this is no time.*1h30m"):
        seconds_of(text)


@pytest.mark.parametrize("given", ["0s", "0.5s", "31h999999m", 0.0, -1.0, math.nan, math.inf])
def test_no_time_and_too_much(given: str | float) -> None:
    with pytest.raises(UserError, match=r"budget= is .*: give a time from 1 second to 30 days"):
        seconds_of(given, "budget=")
