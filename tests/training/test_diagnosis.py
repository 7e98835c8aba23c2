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
    part_name,
    stage_findings,
    stopped_too_early,
    training_warnings,
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
    return training_warnings(problem.loop().run([problem.stage(stage)]).history)


# Real trainings, small.


def test_a_training_on_three_runs_overfits(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(
        make_settings(60, model=WIDE, stage=STEEP, optimizer="adamw"), validation=(4, 5, 6, 7)
    )
    problem.data.rows["train"] = np.arange(3)
    (warning,) = _told(problem)
    assert warning.startswith("VAE: overfitting. The error of validation runs is ")
    assert warning.endswith("More training runs help most (simulgenvae suggest names the designs).")


def test_a_training_that_cannot_move_does_not_converge(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    (warning,) = _told(
        make_problem(make_settings(4, stage={"learning_rate": 1e-12}, validate_every=1))
    )
    assert warning.startswith("VAE: nothing was learned. ")
    assert warning.endswith("Train longer: --set training.vae.steps=16.")


def test_a_budget_that_is_too_small_is_told(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    """Validated on the training runs themselves: what happens elsewhere would only add noise."""
    stage = {"learning_rate": 0.003, "final_learning_rate": 0.99, "warmup": 0.0}
    settings = make_settings(20, model=WIDE, stage=stage, optimizer="adamw", validate_every=5)
    (warning,) = _told(make_problem(settings, validation=()))
    assert warning.startswith("VAE: stopped too early. ")
    assert warning.endswith("Train longer: --set training.vae.steps=40.")


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
    assert stage_findings(_history(*errors)) == []


def test_the_same_cause_in_several_stages_is_told_once_with_the_worst_of_them() -> None:
    history = []
    for stage, train in (("end_to_end", 0.1), ("end_to_end_2", 0.01), ("end_to_end_3", 0.2)):
        history += _history((0.9, 0.8), (0.4, train), stage=stage)
    (warning,) = training_warnings(history)
    assert warning.startswith("network 1, network 2: overfitting. ")
    assert "40.0 times" in warning


def test_different_causes_are_told_apart_and_a_stage_of_which_nothing_was_kept_is_among_them() -> (
    None
):
    history = _history((0.9, 0.8), (0.4, 0.1), stage="end_to_end")
    kept, overfitting = training_warnings(history, ["end_to_end"])
    assert kept.startswith("network 1: nothing of it was kept. ")
    assert overfitting.startswith("network 1: overfitting. ")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("vae", "VAE"),
        ("conditioner", "Conditioner"),
        ("end_to_end", "network 1"),
        ("end_to_end_12", "network 12"),
        ("end_to_end_encoder", "encoder"),
    ],
)
def test_parts_of_a_training_have_names_for_people(label: str, name: str) -> None:
    assert part_name(label) == name


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
    assert "belongs to its run" in warning.action
    assert "check" in warning.action


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
    warnings = training_warnings(history)
    name = part_name(stage)
    assert all(warning.startswith(f"{name}: ") and warning.isprintable() for warning in warnings)


def test_no_validation_shows_nothing() -> None:
    assert training_warnings([]) == []
