"""What fits into the time that is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.search.time_plan import MARGIN, MOST_MEMBERS, Pace, Size, TimePlan

PLAN = TimePlan(Size(1000, 3), rest=10.0)
PACE = Pace(0.1, 0.2)


def test_the_time_is_that_of_all_networks() -> None:
    # The third has the decoder of the better of the first two, which may be the slower one.
    assert PLAN.seconds(PACE, Size(1000, 3)) == pytest.approx(10 + 100 + 200 + 200)
    assert PLAN.seconds(PACE, Size(10, 1)) == pytest.approx(11)
    assert PLAN.seconds(PACE, Size(10, 2)) == pytest.approx(13)


def test_refits_and_the_encoder_take_time_too() -> None:
    plan = TimePlan(Size(1000, 3), rest=10.0, refit=0.4, encoder=0.5)
    assert plan.seconds(PACE, Size(1000, 3)) == pytest.approx(10 + 1.4 * 500 + 0.5 * 200)
    assert plan.seconds(PACE, Size(10, 1)) == pytest.approx(10 + 1.4 + 0.5)


def test_the_search_leaves_enough_for_the_training() -> None:
    usual = PLAN.seconds(PACE, PLAN.usual) / MARGIN
    assert PLAN.reserve(PACE, 600) == usual
    assert PLAN.reserve(PACE, 6000) == 2000
    largest = PLAN.seconds(PACE, Size(3000, MOST_MEMBERS)) / MARGIN
    assert PLAN.reserve(PACE, 1e6) == largest


def test_what_the_user_has_given_is_not_enlarged() -> None:
    fixed = TimePlan(Size(1000, 2), 0.0, fixed_steps=True, fixed_members=True)
    assert fixed.largest == (1000, 2)
    assert fixed.with_more_members(PACE, fixed.usual, 1e9) == fixed.usual
    assert fixed.reduced(PACE, 10) is None
    assert PLAN.with_more_members(PACE, PLAN.usual, 1e9).members == MOST_MEMBERS


@given(st.floats(1, 1000))
def test_a_smaller_training_fits(left: float) -> None:
    size = PLAN.reduced(PACE, left)
    if size is None:
        assert left < 1.1 * PLAN.least_seconds(PACE)
        return
    assert PLAN.fits(PACE, size, left)
    assert size.members >= 1
    # Fewer networks come before fewer steps.
    assert size.steps == 1000 or size.members == 1
    assert size.steps >= 100


def test_the_shortest_budget_suffices() -> None:
    assert PLAN.reduced(PACE, PLAN.least_seconds(PACE)) is not None
