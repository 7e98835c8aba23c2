from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.settings import StageSettings
from simulgenvae.training.schedules import kl_weight, learning_rate

stages = st.builds(
    StageSettings,
    learning_rate=st.floats(1e-6, 1.0),
    final_learning_rate=st.floats(0.0, 0.9),
    warmup=st.floats(0.0, 0.5),
    cycles=st.integers(1, 12),
)


@pytest.mark.parametrize(
    ("share", "weight"), [(0.0, 1e-4), (0.3, 1e-4), (0.55, (1 + 1e-4) / 2), (0.8, 1.0), (1.0, 1.0)]
)
def test_kl_weight_as_documented(share: float, weight: float) -> None:
    assert kl_weight(int(1000 * share), 1000, init_beta_divisor=4.0) == pytest.approx(
        weight, rel=1e-9
    )


@given(total=st.integers(1, 500), divisor=st.floats(0.0, 10.0))
def test_kl_weight_never_falls_and_stays_between_its_ends(total: int, divisor: float) -> None:
    weights = [kl_weight(step, total, divisor) for step in range(total)]
    assert weights == sorted(weights)
    assert weights[0] == 10.0**-divisor
    assert weights[-1] <= 1.0


@given(stage=stages, total=st.integers(2, 400))
def test_learning_rate_ends_at_its_minimum_on_the_last_step(
    stage: StageSettings, total: int
) -> None:
    low = stage.learning_rate * stage.final_learning_rate
    rates = [learning_rate(step, total, stage) for step in range(total)]
    assert rates[-1] == pytest.approx(low, abs=1e-12)
    assert all(0 <= rate <= stage.learning_rate * (1 + 1e-12) for rate in rates)


def test_the_step_that_rounding_once_missed() -> None:
    """(189 / 11) * 11 is not 189: quotients of floats ended this schedule a step late."""
    stage = StageSettings(cycles=11, final_learning_rate=0.0, warmup=0.03)
    assert learning_rate(194, 195, stage) == pytest.approx(0.0, abs=1e-15)


def test_learning_rate_warms_up_linearly_and_reaches_its_largest() -> None:
    stage = StageSettings(learning_rate=1.0, warmup=0.1, final_learning_rate=0.0)
    rates = [learning_rate(step, 100, stage) for step in range(100)]
    assert rates[:10] == pytest.approx([(k + 1) / 11 for k in range(10)])
    assert rates[10] == max(rates) == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)


@given(cycles=st.integers(1, 8), total=st.integers(40, 300))
def test_every_restart_begins_at_the_largest_and_ends_at_the_smallest(
    cycles: int, total: int
) -> None:
    stage = StageSettings(learning_rate=1.0, warmup=0.0, final_learning_rate=0.01, cycles=cycles)
    rates = [learning_rate(step, total, stage) for step in range(total)]
    starts = [step for step in range(total) if rates[step] == 1.0]
    assert len(starts) == cycles
    assert [rates[step - 1] for step in starts[1:]] == pytest.approx([0.01] * (cycles - 1))
    lengths = [b - a for a, b in zip(starts, [*starts[1:], total], strict=True)]
    assert max(lengths) - min(lengths) <= 1
