from __future__ import annotations

import pytest

from simulgenvae.training.phases import Phase, Phases
from simulgenvae.training.time_left import TimeLeft

PHASES = Phases(
    (
        Phase("reading", "reading", 0.2, "reading"),
        Phase("a", "network 1", 0.2, "fast"),
        Phase("b", "network 2", 0.3, "slow"),
        Phase("c", "network 3", 0.3, "slow"),
    )
)


def test_there_is_no_estimate_before_a_network_is_measured() -> None:
    left = TimeLeft(PHASES)
    assert left.seconds(0, 0.0) is None
    for done in (0.0, 0.5, 1.0):
        left.record(0, done, 100 * done)
    assert left.seconds(0, 1.0) is None


def test_an_unknown_pace_is_the_latest_one_and_a_measured_one_is_kept() -> None:
    left = TimeLeft(PHASES)
    left.start()
    left.record(1, 0.1, 10.0)
    left.record(1, 0.6, 20.0)  # 100 s for the whole, by this pace
    assert left.seconds(1, 0.6) == pytest.approx(8.0 + 60.0)
    left.start()
    assert left.seconds(2, 0.0) == pytest.approx(60.0)
    left.record(2, 0.0, 100.0)
    left.record(2, 0.5, 130.0)  # 200 s for the whole
    assert left.seconds(2, 0.5) == pytest.approx(30.0 + 60.0)
    assert left.seconds(3, 1.0) == pytest.approx(0.0)


def test_time_between_phases_and_before_the_first_step_does_not_count() -> None:
    left = TimeLeft(PHASES)
    left.record(1, 0.0, 0.0)
    left.record(1, 0.5, 10.0)
    left.start()
    left.record(1, 0.5, 1_000.0)
    left.record(1, 1.0, 1_010.0)
    assert left.seconds(2, 0.0) == pytest.approx(60.0)
