"""Small trainings and their ensembles: of three networks alike, and with a neural field."""

from __future__ import annotations

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.settings import Settings
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.build import build_ensemble
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.train import Trained, train
from tests.conftest import MakeSettings


@pytest.fixture(scope="session")
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(6, end_to_end={"members": 3})


@pytest.fixture(scope="session")
def trained(waves: Dataset, settings: Settings) -> Trained:
    """Eight runs to train on, two to validate."""
    split = Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])
    return train(waves, split, settings, stages=["vae", "conditioner", "end_to_end"])


@pytest.fixture(scope="session")
def ensemble(trained: Trained, waves: Dataset, settings: Settings) -> Ensemble:
    return build_ensemble(trained, waves, settings)


@pytest.fixture(scope="session")
def alike(waves: Dataset, settings: Settings) -> Surrogate:
    """Return a surrogate of three networks alike: that of ``ensemble``."""
    split = Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])
    return fit(waves, settings, split=split, stages=["vae", "conditioner", "end_to_end"])


@pytest.fixture(scope="session")
def with_field(waves: Dataset, settings: Settings) -> Surrogate:
    """Return a surrogate of networks with the usual decoder and a neural field."""
    split = Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])
    return fit(waves, settings, split=split, stages=["end_to_end"])
