"""Inputs of networks from conditions and times, and networks with new weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import COLOUR, ImageFormat, Images
from simulgenvae.models.networks import Networks, network_inputs
from simulgenvae.models.unit_times import unit_times
from simulgenvae.settings import Settings


@pytest.mark.parametrize(
    ("times", "trained", "expected"),
    [
        ([2.0, 3.0, 6.0], [2.0, 3.0, 6.0], [0.0, 0.25, 1.0]),
        ([4.0], [2.0, 6.0], [0.5]),
        ([7.0], [7.0], [0.0]),
    ],
)
def test_the_trained_span_becomes_zero_to_one(
    times: list[float], trained: list[float], expected: list[float]
) -> None:
    mapped = unit_times(np.array(times), np.array(trained))
    assert mapped.dtype == np.float32
    assert mapped.tolist() == expected


def test_images_are_read_with_channels_before_rows() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, COLOUR), np.uint8)
    conditions = Conditions(
        ("a", "b", "c"),
        ("p",),
        np.array([[1.0], [2.0], [3.0]]),
        Images(pixels, ImageFormat(8, 8, COLOUR, 8)),
    )
    inputs = network_inputs(conditions, ConditionScaler.fit(conditions))
    assert inputs.table.dtype == torch.float32
    assert inputs.table.mean() == pytest.approx(0.0, abs=1e-6)
    assert inputs.images.shape == (3, COLOUR, 8, 8)
    assert inputs.images[1, 2, 3, 4] == pixels[1, 3, 4, 2]


def test_new_weights_fit_the_same_networks() -> None:
    settings = Settings.model_validate(
        {"model": {"filters": (8, 4), "width": 16}, "conditioner": {"filters": (8,)}}
    )
    known = Conditions(("a", "b"), ("p",), np.array([[1.0], [2.0]]))
    scaler = ConditionScaler.fit(known)
    networks = Networks(settings, torch.ones(3), torch.linspace(0, 1, 5), scaler)
    before = networks.state_dict()
    new = networks.new_weights()
    assert {name: value.shape for name, value in new.items()} == {
        name: value.shape for name, value in before.items()
    }
    assert not torch.equal(new["conditioner.mean.weight"], before["conditioner.mean.weight"])
