"""Number of runs in a step, and of steps in a stage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.settings import Settings, StageSettings
from simulgenvae.training.budget import (
    batch_size,
    report_reduced_batches,
    step_counts,
)
from simulgenvae.training.stages import STAGES, stage_specs


@given(st.sampled_from(list(STAGES)), st.integers(1, 2000), st.integers(1, 500), st.booleans())
def test_the_budget_grows_with_the_root_of_the_snapshots(
    stage: str, runs: int, timesteps: int, images: bool
) -> None:
    _, total = step_counts(STAGES[stage], StageSettings(), runs, timesteps, images=images)
    _, more = step_counts(STAGES[stage], StageSettings(), 4 * runs, timesteps, images=images)
    assert total <= more <= 2 * total + 1
    pace = STAGES[stage].pace_with_images if images else STAGES[stage].pace
    assert 15 * pace <= total <= max(75.0, (runs * timesteps) ** 0.5) * pace


@pytest.mark.parametrize(
    ("runs", "timesteps", "root"),
    [(2, 3, 15), (100, 9, 30), (100, 57, 75), (180, 100, 75), (400, 100, 110)],
)
def test_it_has_bounds(runs: int, timesteps: int, root: int) -> None:
    assert (
        step_counts(STAGES["end_to_end"], StageSettings(), runs, timesteps)[1]
        == STAGES["end_to_end"].pace * root
    )


def test_images_are_read_in_fewer_steps() -> None:
    tables, images = (
        [step_counts(STAGES[stage], StageSettings(), 100, 9, images=seen)[1] for stage in STAGES]
        for seen in (False, True)
    )
    assert sum(images) < sum(tables)


def test_epochs_take_the_place_of_steps() -> None:
    assert step_counts(STAGES["vae"], StageSettings(epochs=4, steps=1000, batch_size=8), 20, 9) == (
        3,
        12,
    )
    assert step_counts(STAGES["vae"], StageSettings(steps=1000, batch_size=8), 20, 9) == (3, 1000)


def test_a_batch_is_no_larger_than_the_training_runs() -> None:
    assert batch_size(StageSettings(), 5) == 5
    assert batch_size(StageSettings(), 500) == StageSettings().batch_size
    assert batch_size(StageSettings(batch_size=8), 5) == 5


def test_a_batch_that_the_user_gave_is_not_reduced_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = Settings.model_validate({"training": {"vae": {"batch_size": 8}}})
    specs = stage_specs(["vae", "conditioner"])
    report_reduced_batches(specs, given, 8)
    report_reduced_batches(specs, Settings(), 5)
    assert not caplog.messages
    report_reduced_batches(specs, given, 5)
    assert len(caplog.messages) == 1
    for text in ("training.vae.batch_size", "Batch_size", "is 8", "only 5 training runs"):
        assert text in caplog.messages[0]
