from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.models.decoders import base as decoders
from simulgenvae.models.training_record import HistoryEntry
from simulgenvae.settings import Settings
from simulgenvae.training.checkpoint import load_checkpoint
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.stages import base as stages
from tests.training.conftest import MakeProblem

IDENTITY = TrainingIdentity(Settings(), "waves", ("vae",), (), ())
NOISE = {"mixup": 0.4, "field_noise": 0.05, "parameter_noise": 0.05}
STAGES = ("vae", "conditioner", "end_to_end")
ROUNDING, HALF_ROUNDING = 1e-5, 1e-2
"""Relative differences of losses and weights after some steps: sums over runs are rounded in
another order, and Muon rounds gradients to half precision, where the last bit is 0.4 %."""


@pytest.fixture
def train(make_problem: MakeProblem, make_settings: Callable[..., Any]) -> Callable[..., Any]:
    """Trains all stages on nine runs in batches of four, the last one of each epoch of one run."""

    def run(
        folder: Path | None = None, **settings: Any
    ) -> tuple[list[HistoryEntry], dict[str, np.ndarray]]:
        stage = {"batch_size": 4, "steps": 7, "learning_rate": 2e-3}
        asked = make_settings(stage=stage, validate_every=1, augmentation=NOISE, **settings)
        asked = asked.model_copy(
            update={"conditioner": asked.conditioner.model_copy(update={"dropout": 0.2})}
        )
        problem = make_problem(asked)
        loop = problem.loop(folder)
        history = loop.run([problem.stage(name) for name in STAGES]).history
        return history, {
            name: value.numpy() for name, value in loop.context.networks.state_dict().items()
        }

    return run


@pytest.mark.parametrize(
    ("settings", "tolerance", "compared"),
    [
        # The conditioner's errors are in units of each latent's variance. Of latents that hold
        # nothing yet, that is what the rounding of half precision makes it.
        ({}, HALF_ROUNDING, {"vae", "end_to_end"}),
        ({"optimizer": "adamw", "loss": "mae"}, ROUNDING, {"vae", "conditioner", "end_to_end"}),
        (
            {"optimizer": "adamw", "model": {"decoder": "field", "field_width": 16}},
            ROUNDING,
            {"vae", "conditioner", "end_to_end"},
        ),
    ],
    ids=["muon", "adamw", "field"],
)
def test_ranks_learn_what_one_process_does(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    tolerance: float,
    compared: set[str],
    train: Callable[..., Any],
    run_ranks: Callable[..., Any],
) -> None:
    # Fewer than there are: nodes and times are drawn.
    monkeypatch.setattr(decoders, "POINTS_PER_STEP", 5)
    monkeypatch.setattr(stages, "FIELD_TIMES_PER_STEP", 3)
    history, weights = train(**settings)
    for count in (2, 4):
        for found, learned in run_ranks(count, lambda: train(**settings)):
            assert [entry.step for entry in found] == [entry.step for entry in history]
            pairs = zip(found, history, strict=True)
            for entry, expected in (pair for pair in pairs if pair[0].stage in compared):
                for name in ("train_loss", "validation_error", "train_error"):
                    assert getattr(entry, name) == pytest.approx(
                        getattr(expected, name), rel=tolerance
                    ), (
                        count,
                        entry,
                        expected,
                    )
            for name, value in weights.items():
                np.testing.assert_allclose(
                    learned[name], value, rtol=0, atol=tolerance * max(1, np.abs(value).max())
                )


def test_ranks_end_with_the_same_bits(
    train: Callable[..., Any], run_ranks: Callable[..., Any]
) -> None:
    (_, first), *others = run_ranks(3, train)
    assert all(
        np.array_equal(learned[name], value)
        for _, learned in others
        for name, value in first.items()
    )


def test_one_rank_writes_what_a_single_process_can_go_on_from(
    tmp_path: Path, train: Callable[..., Any], run_ranks: Callable[..., Any]
) -> None:
    run_ranks(2, lambda: train(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [f"{name}.safetensors" for name in ("best", "last", *STAGES)]
    )
    checkpoint = load_checkpoint(tmp_path / "last.safetensors", IDENTITY)
    assert checkpoint.progress.stage == len(STAGES)
    assert all(torch.isfinite(value).all() for value in checkpoint.networks.values())
