"""Network that reads geometries: what it sees, and how it goes with the other conditions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.geometry.distance_modes import DistanceModes
from simulgenvae.models import Conditioner, Inputs
from simulgenvae.models.conditioner.distance import DistanceEncoder
from simulgenvae.models.distance_sizes import FEATURES
from simulgenvae.models.networks import network_inputs
from simulgenvae.settings import ConditionerSettings

RUNS = 30
COLUMNS = 2


def conditions(parameters: int = 1) -> Conditions:
    """Return designs whose last column is small in most of them, and large in some."""
    generator = np.random.default_rng(0)
    table = generator.normal(size=(RUNS, parameters + COLUMNS))
    table[:, -1] *= 0.002 * 10.0 ** generator.integers(0, 3, RUNS)
    names = (*(f"p{number}" for number in range(parameters)), "shape 1", "shape 2")
    return Conditions(tuple(map(str, range(RUNS))), names, table)


def distances(*sides: int) -> DistanceModes:
    generator = np.random.default_rng(1)
    mean = generator.normal(size=sides, scale=0.3)
    basis = generator.normal(size=(COLUMNS, *sides), scale=0.3)
    return DistanceModes(mean.astype(np.float32), basis.astype(np.float32))


@pytest.mark.parametrize("sides", [(64, 40), (17, 32), (32, 20, 9)])
@pytest.mark.parametrize("logarithms", [[], ["shape 2"]])
def test_it_sees_the_images_of_the_coefficients(
    sides: tuple[int, ...], logarithms: list[str]
) -> None:
    designs, images = conditions(), distances(*sides)
    scaler = ConditionScaler.fit(designs, logarithms)
    assert (scaler.linear_below[-1] > 0) == bool(logarithms)
    encoder = DistanceEncoder(images, scaler, 0.0)
    seen = encoder.images(network_inputs(designs, scaler).table[:, -COLUMNS:])
    expected = images.of(designs.table[:, -COLUMNS:])
    assert np.abs(expected).max() == 1
    np.testing.assert_allclose(seen[:, 0], expected, atol=2e-5)
    assert encoder(torch.randn(3, COLUMNS)).shape == (3, FEATURES)


def test_images_that_are_known_are_seen_instead_of_the_coefficients() -> None:
    designs, images = conditions(), distances(32, 20)
    scaler = ConditionScaler.fit(designs, [])
    encoder = DistanceEncoder(images, scaler, 0.0)
    conditioner = Conditioner(ConditionerSettings(), 1 + COLUMNS, None, 7, encoder).eval()
    composed = images.of(designs.table[:, -COLUMNS:])
    known = replace(designs, distances=composed.astype(np.float16))
    found = conditioner(network_inputs(known, scaler)).mean
    expected = conditioner(network_inputs(designs, scaler)).mean
    mirrored = -composed.astype(np.float16)
    other = conditioner(network_inputs(replace(designs, distances=mirrored), scaler)).mean
    # The images are of half precision.
    assert (found - expected).abs().max() < 0.02 * (found - other).abs().max()
    rows = [3, 1]
    some = conditioner(network_inputs(known.select(rows), scaler)).mean
    torch.testing.assert_close(some, found[rows], atol=1e-5, rtol=0.0)


@pytest.mark.parametrize("parameters", [0, 3])
def test_columns_of_a_geometry_are_read_by_nothing_else(parameters: int) -> None:
    designs = conditions(parameters)
    scaler = ConditionScaler.fit(designs, [])
    encoder = DistanceEncoder(distances(32, 32), scaler, 0.0)
    conditioner = Conditioner(ConditionerSettings(), parameters + COLUMNS, None, 7, encoder)
    assert (conditioner.table is None) == (parameters == 0)
    inputs = network_inputs(designs, scaler)
    known = conditioner(inputs).mean
    assert known.shape == (RUNS, 7)
    encoder.basis.zero_()
    # Without the images all geometries are the same one.
    other = inputs.table.clone()
    other[:, -COLUMNS:] = torch.randn(RUNS, COLUMNS)
    assert torch.equal(conditioner(inputs).mean, conditioner(Inputs(other)).mean)
    assert not torch.equal(conditioner(inputs).mean, known)
