from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.training.diagnosis import (
    not_converged,
    overfitted,
    overfitting_begins,
    stage_warnings,
    stopped_too_early,
)
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem

STEEP = {"learning_rate": 0.01, "warmup": 0.0}
WIDE = {"width": 384}


def _history(
    *errors: tuple[float, float], stage: str = "end_to_end", every: int = 10
) -> list[HistoryEntry]:
    """Entries of given validation and training errors."""
    return [
        HistoryEntry(
            stage=stage,
            step=every * (k + 1),
            train_loss=1.0,
            train_error=train,
            validation_error=validation,
        )
        for k, (validation, train) in enumerate(errors)
    ]


def _told(problem: Any, stage: str = "vae") -> list[str]:
    return problem.loop().run([problem.stage(stage)]).warnings


# Real trainings, small.


def test_a_training_on_three_runs_overfits(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(
        make_settings(60, model=WIDE, stage=STEEP, optimizer="adamw"), validation=(4, 5, 6, 7)
    )
    problem.data.rows["train"] = np.arange(3)
    (warning,) = _told(problem)
    assert warning.startswith("vae: overfitting")
    for change in (
        "more runs",
        "training.augmentation.flips",
        "training.vae.weight_decay",
        "smaller networks",
    ):
        assert change in warning


def test_a_training_that_cannot_move_does_not_converge(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    (warning,) = _told(
        make_problem(make_settings(4, stage={"learning_rate": 1e-12}, validate_every=1))
    )
    assert warning.startswith("vae: no convergence")
    assert "training.vae.learning_rate (a third of it)" in warning


def test_a_budget_that_is_too_small_is_told(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    """Validated on the training runs themselves: what happens elsewhere would only add noise."""
    stage = {"learning_rate": 0.003, "final_learning_rate": 0.99, "warmup": 0.0}
    settings = make_settings(20, model=WIDE, stage=stage, optimizer="adamw", validate_every=5)
    (warning,) = _told(make_problem(settings, validation=()))
    assert warning.startswith("vae: stopped too early")
    assert "training.vae.steps (or epochs) than 20" in warning


def test_a_training_that_is_long_enough_has_nothing_to_tell(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    settings = make_settings(140, stage=STEEP, optimizer="adamw")
    assert _told(make_problem(settings, validation=())) == []


# Histories as they were measured, shortened.


@pytest.mark.parametrize(
    "errors",
    [
        [(0.70, 0.75), (0.13, 0.12), (0.0128, 0.013), (0.0095, 0.0098), (0.0092, 0.0095)],
        [(0.62, 0.6), (0.10, 0.07), (0.050, 0.026), (0.0435, 0.0215), (0.0432, 0.0213)],
        [(0.30, 0.30), (0.30, 0.29), (0.30, 0.29), (0.29, 0.29)],  # noise that nothing can learn
    ],
)
def test_good_trainings_have_nothing_to_tell(errors: list[tuple[float, float]]) -> None:
    assert stage_warnings(_history(*errors)) == []


def test_overfitting_is_told_once_while_it_begins() -> None:
    history = _history((0.9, 0.8), (0.6, 0.15), (0.5, 0.2), (0.46, 0.012))
    lines = [overfitting_begins(history[: k + 1]) for k in range(4)]
    assert [line is not None for line in lines] == [False, True, False, False]
    assert "at step 20" in str(lines[1])
    assert "4.0 times" in str(lines[1])


def test_overfitting_counts_at_the_weights_that_are_kept() -> None:
    """Entries after the best validation do no harm."""
    assert overfitted(_history((0.5, 0.45), (0.2, 0.1), (0.4, 0.001))) is None


def test_errors_of_latents_are_squares() -> None:
    errors = (0.04, 0.01)
    assert overfitted(_history(errors, stage="end_to_end")) is not None
    assert overfitted(_history(errors, stage="conditioner")) is None


def test_small_errors_are_no_overfitting() -> None:
    assert overfitted(_history((0.009, 0.0))) is None
    assert "inf" in str(overfitted(_history((0.5, 0.0))))


def test_runs_that_are_learned_without_use_for_others_point_at_the_data() -> None:
    warning = not_converged(_history((1.0, 0.9), (1.02, 0.1), (0.97, 0.05)))
    assert warning is not None
    assert "belongs to its run" in warning
    assert "check" in warning


def test_nothing_better_after_the_first_validation_points_at_the_learning_rate() -> None:
    assert "learning_rate" in str(not_converged(_history((0.4, 0.5), (0.6, 0.7), (0.5, 0.6))))
    assert not_converged(_history((0.4, 0.5), (0.6, 0.3), (0.5, 0.1))) is None


@pytest.mark.parametrize(
    "errors",
    [
        [(0.5, 0.5), (0.4, 0.4), (0.3, 0.3), (0.29, 0.29)],  # no longer falling
        [(0.5, 0.4), (0.4, 0.2), (0.3, 0.1), (0.2, 0.08)],  # more steps would overfit
        [(0.5, 0.5), (0.1, 0.1), (0.06, 0.06), (0.04, 0.04)],  # good enough
        [(0.5, 0.5)],
    ],
)
def test_not_every_end_comes_too_early(errors: list[tuple[float, float]]) -> None:
    assert stopped_too_early(_history(*errors)) is None


_ERRORS = st.floats(0.0, 1e30)


@given(
    st.lists(st.tuples(_ERRORS, _ERRORS), min_size=1, max_size=8),
    st.sampled_from(["vae", "conditioner"]),
)
def test_every_history_can_be_judged(errors: list[tuple[float, float]], stage: str) -> None:
    history = _history(*errors, stage=stage)
    overfitting_begins(history)
    warnings = stage_warnings(history)
    assert all(warning.startswith(f"{stage}: ") and warning.isprintable() for warning in warnings)


def test_no_validation_shows_nothing() -> None:
    assert overfitting_begins([]) is None
