"""Numbers as text: readable at every size, in the singular where there is one."""

from __future__ import annotations

import doctest

import pytest

from simulgenvae.utils import formatting


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.00 %"),
        (0.0197, "1.97 %"),
        (0.5, "50.0 %"),
        (1.0, "100 %"),
        (1.8, "180 %"),
        (9.999, "1,000 %"),
        (123.4, "12,340 %"),
        (-0.0123, "-1.23 %"),
    ],
)
def test_percentages_have_three_digits_and_no_powers_of_ten(value: float | None, text: str) -> None:
    assert formatting.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.02, "2 %"), (0.0157, "1.6 %"), (0.4, "40 %"), (0.999, "100 %"), (1.8, "180 %")],
)
def test_two_digits_without_trailing_zeros(value: float, text: str) -> None:
    assert formatting.percent(value, digits=2, trailing_zeros=False) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (12345, "12,345 runs")]
)
def test_counts_are_singular_where_there_is_one(number: int, text: str) -> None:
    assert formatting.count(number, "run") == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0118, "11.8 ms"), (2.5, "2.5 s")])
def test_times(seconds: float, text: str) -> None:
    assert formatting.milliseconds(seconds) == text


def test_examples_are_true() -> None:
    assert doctest.testmod(formatting).failed == 0
