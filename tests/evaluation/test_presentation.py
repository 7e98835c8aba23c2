"""Numbers and names as people read them."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.presentation import METHOD_STYLES, METHODS, number, percent, quantity


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123456, "1.23 %"), (0.5, "50.0 %"), (1.0, "100 %"), (123.4, "12340 %"), (0.0, "0.00 %"), (None, "–")],
)
def test_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_names() -> None:
    assert number(None) == "–"
    assert number(1234.5678) == "1235"
    assert quantity("T", "K") == "T [K]"
    assert quantity("a$b$", "") == r"a\$b\$"
    assert set(METHOD_STYLES) == set(METHODS)
