"""Findings of a check about memory, compared with what training refuses."""

from __future__ import annotations

import numpy as np
import pytest

import simulgenvae.training.memory.require as memory
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images.arrays import ImageFormat, Images
from simulgenvae.data.split import Split, make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.training.memory.findings import memory_findings
from simulgenvae.training.stages import default_stages
from simulgenvae.training.train import train
from tests.conftest import MakeSettings


def _warnings(dataset: Dataset, settings: Settings, split: Split | None = None) -> list[str]:
    split = split or make_split(dataset.ids, settings.data, None)
    findings = memory_findings(dataset, split, settings)
    return [finding.message for finding in findings if finding.severity == "warning"]


@pytest.mark.parametrize("method", ["pod", "none"])
@pytest.mark.parametrize("free", [1_000, 20_000, 60_000, 100_000, 1_000_000, 100_000_000])
def test_a_study_that_is_not_warned_about_is_not_refused(
    waves: Dataset,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    free: int,
) -> None:
    """The networks were left out of the estimate of a check, and the sketch of the modes too."""
    monkeypatch.setattr(memory, "available_memory", lambda: free)
    settings = make_settings(1)
    reduction = settings.reduction.model_copy(update={"method": method})
    settings = settings.model_copy(update={"reduction": reduction})
    split = make_split(waves.ids, settings.data, None)
    warned = _warnings(waves, settings, split)
    if free < 1_000_000:
        with pytest.raises(UserError, match="of memory"):
            train(waves, split, settings, stages=default_stages(settings))
        assert warned
    elif not warned:
        train(waves, split, settings, stages=default_stages(settings))


def test_enough_memory_is_only_told(waves: Dataset, make_settings: MakeSettings) -> None:
    settings = make_settings()
    split = make_split(waves.ids, settings.data, None)
    (finding,) = memory_findings(waves, split, settings)
    assert finding.severity == "info"
    assert "expected memory of training with at most" in finding.message


def test_images_are_counted_in_the_steps(make_settings: MakeSettings) -> None:
    random = np.random.default_rng(0)
    ids = tuple(f"run{k}" for k in range(8))
    fields = random.random((8, 5, 12))
    needs = []
    for side in (16, 64):
        pixels = random.integers(0, 255, (8, side, side, 1), dtype=np.uint8)
        images = Images(pixels, ImageFormat(side, side, 1, side))
        dataset = Dataset.from_arrays(fields, Conditions.of_images(ids, images))
        settings = make_settings(model={"width": 16})
        split = make_split(ids, settings.data, None)
        (finding,) = memory_findings(dataset, split, settings)
        needs.append(float(finding.message.split("about ")[1].split(" MB")[0].replace(",", "")))
    assert needs[1] > 1.5 * needs[0]


def test_a_training_that_is_refused_for_another_reason_is_named(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings()
    reads_images = settings.conditioner.model_copy(update={"kind": "cnn"})
    settings = settings.model_copy(update={"conditioner": reads_images})
    (warning,) = _warnings(waves, settings)
    assert warning.startswith("training would be refused: ")
    assert "images" in warning
