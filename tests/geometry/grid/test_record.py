"""Numbers of a grid from files of strangers."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simulgenvae.geometry.grid.record import GridRecord

GOOD: dict[str, Any] = {"origin": (0.0, 4.0, 1.0), "spacing": 0.5, "counts": (3, 1, 4)}


def test_a_count_of_one_is_no_axis() -> None:
    record = GridRecord(**GOOD)
    assert record.axes == (0, 2)
    assert GridRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spacing": 0.0}, "greater than 0"),
        ({"spacing": float("nan")}, "finite"),
        ({"origin": (0.0, float("inf"), 1.0)}, "finite"),
        ({"origin": (0.0, 1.0)}, "3 counts for 2 coordinates"),
        ({"origin": (0.0,) * 4, "counts": (2,) * 4}, "at most 3 items"),
        ({"counts": (3, 1, 1)}, "fewer than two axes"),
        ({"counts": (3, 0, 4)}, "greater than or equal to 1"),
        ({"counts": (2000, 1, 2000)}, "more than 2000000"),
        ({"counts": (10**30, 1, 4)}, "less than or equal"),
        ({"spacing": 1e-13, "origin": (0.0, 1e9, 0.0)}, "too small for the positions"),
        ({"spacing": 1e308}, "too small for the positions"),
        ({"unit": "m" * 201}, "at most 200"),
        ({"more": 1}, "not permitted"),
    ],
)
def test_damaged_records_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GridRecord(**(GOOD | change))
