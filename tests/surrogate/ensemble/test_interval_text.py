"""Intervals are named by how many runs they were calibrated on."""

from __future__ import annotations

import pytest

from simulgenvae.surrogate.ensemble.interval_text import interval_label, interval_warning


@pytest.mark.parametrize(
    ("runs", "label"),
    [
        (0, "interval (90 % intended, not calibrated)"),
        (1, "interval (90 % intended, 1 validation run)"),
        (9, "interval (90 % intended, 9 validation runs)"),
        (10, "90 % interval"),
        (500, "90 % interval"),
    ],
)
def test_labels(runs: int, label: str) -> None:
    assert interval_label(runs) == label


def test_warnings() -> None:
    few = "the interval meant to hold 90 % of the values was calibrated on only"
    left_out = "when each was left out, the interval of the others held 71 % to 98 % of its values"
    assert interval_warning(2, (0.98, 0.712)) == f"{few} 2 validation runs: {left_out}"
    assert str(interval_warning(2, (1.0, 1.0))).endswith(
        "the interval of the others held 100 % of its values"
    )
    assert (
        interval_warning(1, ()) == f"{few} 1 validation run: its coverage on other runs is unknown"
    )
    assert "not calibrated" in str(interval_warning(0, ()))
    assert interval_warning(10, ()) is None
