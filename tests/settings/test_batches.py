"""Batches of fewer runs than they were set for."""

from __future__ import annotations

from simulgenvae.settings import Settings
from simulgenvae.settings.batches import batches_up_to


def test_only_batches_that_are_too_large_change() -> None:
    settings = Settings.model_validate(
        {"training": {"end_to_end": {"batch_size": 16}, "vae": {"batch_size": 4}, "seed": 3}}
    )
    found = batches_up_to(settings, 5).training
    assert (found.end_to_end.batch_size, found.vae.batch_size, found.seed) == (5, 4, 3)
    assert settings.training.end_to_end.batch_size == 16
    assert batches_up_to(settings, 64) == settings
