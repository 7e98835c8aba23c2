"""The registry of stages: what others read of it, and a stage added from outside the package."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from torch import Tensor, nn

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StageSettings
from simulgenvae.surrogate.fit import fit
from simulgenvae.training.batch import Batch
from simulgenvae.training.stages import (
    STAGES,
    Stage,
    StageSpec,
    default_stages,
    register,
    spec_of,
    stage_specs,
)
from simulgenvae.training.stages.losses import relative_errors
from tests.conftest import MakeSettings


class ToyStage(Stage):
    """Conditioner that learns decoded fields while the VAE is frozen."""

    name = "toy"

    @classmethod
    def needs_vae(cls, settings: Settings) -> bool:
        return True

    @property
    def learning_modules(self) -> list[nn.Module]:
        return [self.networks.conditioner]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        mean = self.networks.conditioner(batch.conditions).mean
        latents = self.networks.vae.latents_from_flat(mean)
        return {"loss": batch.shard.mean(self.decoded_loss(latents, batch.coefficients))}

    def validation_error(self, batch: Batch) -> Tensor:
        mean = self.networks.conditioner(batch.conditions).mean
        decoded = self.networks.vae.decode(self.networks.vae.latents_from_flat(mean))
        return relative_errors(decoded - batch.coefficients, self.data)


TOY = StageSpec("toy", ToyStage, number=10, title="Toy", settings=StageSettings(steps=7))


@pytest.fixture
def toy() -> Iterator[None]:
    register(TOY)
    yield
    del STAGES["toy"]


@pytest.mark.usefixtures("toy")
def test_a_stage_from_outside_is_trained_by_its_name(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    surrogate = fit(waves, make_settings(steps=4), stages=["vae", "toy"])
    last = surrogate.info.history[-1]
    assert (last.stage, last.step) == ("toy", 7)
    assert surrogate.ensemble is not None
    assert np.isfinite(surrogate.predict(waves.conditions.select([0]))["fields"]).all()


@pytest.mark.usefixtures("toy")
def test_a_stage_from_outside_that_needs_a_vae_is_refused_without_one(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    with pytest.raises(UserError, match="trained VAE"):
        fit(waves, make_settings(), stages=["toy"])


def test_stages_are_known_by_their_names_and_numbers() -> None:
    assert all(name == spec.name == spec.stage_class.name for name, spec in STAGES.items())
    assert len({spec.number for spec in STAGES.values()}) == len(STAGES)
    assert all(spec.title for spec in STAGES.values())
    with pytest.raises(UserError, match="--stage vea: there is no such stage"):
        stage_specs(["vae", "vea"])


def test_every_stage_of_the_package_has_settings_of_its_name() -> None:
    assert tuple(STAGES) == Settings().training.stage_names()
    for name, spec in STAGES.items():
        assert spec.own_settings(Settings()) is getattr(Settings().training, name)
    own = dataclasses.replace(TOY, name="loss")
    assert own.own_settings(Settings()) is own.settings, "a setting of this name is no group"


def test_further_stages_have_the_descriptor_of_the_first() -> None:
    assert spec_of("end_to_end_12") is spec_of("end_to_end") is STAGES["end_to_end"]
    with pytest.raises(KeyError):
        spec_of("toy")


@pytest.mark.parametrize(
    ("end_to_end", "stages"),
    [
        ({}, ["end_to_end"]),
        ({"from_scratch": False}, ["vae", "conditioner", "end_to_end"]),
        ({"decoder": "frozen"}, ["vae", "conditioner", "end_to_end"]),
        ({"enabled": False}, ["vae", "conditioner"]),
    ],
)
def test_a_whole_training_has_no_stage_whose_networks_are_forgotten(
    end_to_end: dict[str, object], stages: list[str]
) -> None:
    settings = Settings.model_validate({"training": {"end_to_end": end_to_end}})
    assert default_stages(settings) == stages
