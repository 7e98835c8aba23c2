"""Trainings that estimate their memory first."""

from __future__ import annotations

import pytest

from simulgenvae.training import prepare
from simulgenvae.training.memory.require import require_training_memory


@pytest.fixture(autouse=True)
def _memory_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "require_training_memory", require_training_memory)
