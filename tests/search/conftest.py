from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.search.trainer import TrialTrainer
from simulgenvae.settings import Settings
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.make_plan import make_plan
from simulgenvae.training.train import prepare_or_restore

STAGES = ["end_to_end"]
TINY: dict[str, Any] = {
    "model": {
        "filters": (16, 8),
        "latent_dim": 4,
        "hierarchical_dim": 2,
        "time_features": 4,
        "width": 32,
    },
    "conditioner": {"filters": (16, 16)},
}


def tiny(model: dict[str, Any] | None = None, **end_to_end: Any) -> Settings:
    """Return settings of a tiny model, of which only two settings are left to search."""
    own = {"steps": 9, "members": 1, "second_decoder": "none", **end_to_end}
    own = {key: value for key, value in own.items() if value is not None}
    training = {"device": "cpu", "end_to_end": own}
    return Settings.model_validate(
        {**TINY, "model": TINY["model"] | (model or {}), "training": training}
    )


def split_of(dataset: Dataset, validation: int = 2) -> Split:
    ids = dataset.ids
    return Split(ids[: -validation - 2], ids[-validation - 2 : -2], ids[-2:])


MakeTrainer = Callable[..., TrialTrainer]


@pytest.fixture
def make_trainer(waves: Dataset) -> MakeTrainer:
    def make(
        settings: Settings | None = None, dataset: Dataset = waves, validation: int = 2
    ) -> TrialTrainer:
        settings = settings or tiny()
        split = split_of(dataset, validation)
        identity = TrainingIdentity(
            settings, dataset.fingerprint, STAGES, split.train, split.validation
        )
        plan = make_plan(dataset, split, settings, STAGES, continues=False, checkpoints=False)
        with TrainingLog(None) as log:
            prepared = prepare_or_restore(plan, identity, None, None, None, log, resume=False)
        return TrialTrainer(plan, prepared, identity, len(dataset.ids))

    return make
