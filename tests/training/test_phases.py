from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.make_plan import make_plan
from simulgenvae.training.phases import CALIBRATION, READING, UNSEEN, training_phases
from simulgenvae.training.train import train
from tests.conftest import MakeSettings


class Recording(TrainingLog):
    """Log that remembers which phases were begun."""

    def __init__(self) -> None:
        super().__init__(None)
        self.begun: list[str] = []

    def start_phase(self, key: str, *arguments: Any, **more: Any) -> None:
        if key not in self.begun:
            self.begun.append(key)
        super().start_phase(key, *arguments, **more)


def _split(dataset: Dataset) -> Split:
    return Split(dataset.ids[:8], dataset.ids[8:10], dataset.ids[10:])


ENSEMBLE = {"members": 3, "refit": True}
FINE_TUNING = {"members": 2, "from_scratch": False}


@pytest.mark.parametrize(
    ("stages", "end_to_end", "names"),
    [
        (
            ["end_to_end"],
            ENSEMBLE,
            [
                "network 1 of 3",
                "network 1 of 3, with the validation runs too",
                "network 2 of 3",
                "network 2 of 3, with the validation runs too",
                "network 3 of 3",
                "network 3 of 3, with the validation runs too",
                "encoder of the VAE",
            ],
        ),
        (
            ["vae", "conditioner", "end_to_end"],
            FINE_TUNING,
            ["VAE", "Conditioner", "network 1 of 2", "network 2 of 2"],
        ),
        (["vae", "conditioner"], {}, ["VAE", "Conditioner"]),
    ],
)
def test_the_plan_has_the_phases_of_the_training_in_their_order(
    waves: Dataset,
    make_settings: MakeSettings,
    stages: list[str],
    end_to_end: dict[str, Any],
    names: list[str],
) -> None:
    settings = make_settings(2, end_to_end=end_to_end)
    split = _split(waves)
    plan = make_plan(waves, split, settings, stages, continues=False, checkpoints=False)
    phases = training_phases(plan)
    with Recording() as log:
        train(waves, split, settings, stages=stages, log=log)
    planned = [phase.key for phase in phases]
    assert planned == [*log.begun, CALIBRATION, UNSEEN]
    ends = ["Gaussian processes and uncertainty", "error on unseen runs"]
    assert [phase.name for phase in phases] == ["reading and reducing the fields", *names, *ends]
    assert sum(phase.share for phase in phases) == pytest.approx(1.0)


def test_a_vae_alone_predicts_nothing_that_could_be_calibrated(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    plan = make_plan(
        waves, _split(waves), make_settings(2), ["vae"], continues=False, checkpoints=False
    )
    assert [phase.key for phase in training_phases(plan)] == [READING, "vae"]
    assert [phase.key for phase in training_phases(plan, prepared=True)] == ["vae"]


def test_more_steps_are_a_larger_share(waves: Dataset, make_settings: MakeSettings) -> None:
    shares = []
    for steps in (10, 100):
        settings = make_settings(steps)
        plan = make_plan(
            waves, _split(waves), settings, ["vae"], continues=False, checkpoints=False
        )
        shares.append(training_phases(plan).before(1))
    assert shares[1] < shares[0] < 1.0


def test_choosing_components_of_images_takes_its_share(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (len(waves.ids), 32, 32, 1), dtype=np.uint8)
    images = Images(pixels, ImageFormat(32, 32, 1, 32))
    known_by_images = replace(waves, conditions=Conditions.of_images(waves.ids, images))
    shares = []
    for dataset in (waves, known_by_images):
        settings = make_settings(1000)
        stages = ["end_to_end"]
        plan = make_plan(
            dataset, _split(dataset), settings, stages, continues=False, checkpoints=False
        )
        found = {phase.key: phase.share for phase in training_phases(plan)}
        shares.append(found[CALIBRATION])
    assert shares[0] < 0.1 < shares[1] < 0.25
