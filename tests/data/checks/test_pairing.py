from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.checks.pairing import FEWEST, check_pairing, mantel
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images

RUNS = 24
IDS = tuple(f"r{k}" for k in range(RUNS))


def _designs(kind: str, order: np.ndarray) -> Conditions:
    """Return designs of one number, as a parameter, an image's bar or both, in another order."""
    value = np.random.default_rng(0).uniform(0.2, 0.8, RUNS)[order]
    table = np.zeros((RUNS, 0)) if kind == "images" else value[:, None]
    pixels = (np.linspace(0, 1, 64) < value[:, None])[:, None, :, None] * np.full((64, 1, 1), 255)
    images = (
        None if kind == "table" else Images(pixels.astype(np.uint8), ImageFormat(64, 64, 1, 64))
    )
    return Conditions(IDS, ("p",) * table.shape[1], table, images)


def _samples() -> np.ndarray:
    """Fields that depend on the number, and on chance."""
    random = np.random.default_rng(0)
    value = random.uniform(0.2, 0.8, RUNS)
    fields = np.tanh(20 * (np.linspace(0, 1, 50) - value[:, None]))
    return (fields + 0.1 * random.normal(size=fields.shape)).astype(np.float32)


@pytest.mark.parametrize("kind", ["table", "images", "both"])
def test_designs_in_the_order_of_the_runs_pass(kind: str) -> None:
    assert list(check_pairing(_designs(kind, np.arange(RUNS)), _samples())) == []


@pytest.mark.parametrize("kind", ["table", "images", "both"])
def test_designs_in_another_order_are_noticed(kind: str) -> None:
    (finding,) = check_pairing(
        _designs(kind, np.random.default_rng(3).permutation(RUNS)), _samples()
    )
    assert finding.severity == "warning"
    assert "belongs to its run" in finding.message


def test_too_few_runs_constant_fields_and_nan_say_nothing() -> None:
    mixed = _designs("table", np.random.default_rng(3).permutation(RUNS))
    few = np.arange(FEWEST - 1)
    assert list(check_pairing(mixed.select(few), _samples()[few])) == []
    assert list(check_pairing(mixed, np.ones((RUNS, 50), np.float32))) == []
    assert list(check_pairing(mixed, np.full((RUNS, 50), np.nan, np.float32))) == []


@given(st.integers(0, 1000))
def test_mantel_of_the_same_distances_is_one_and_no_order_fits_as_well(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(15, 2))
    correlation, share = mantel(points, 7 * points[:, ::-1] + 3, np.random.default_rng(0))
    assert correlation == pytest.approx(1.0)
    assert share == pytest.approx(1 / 200)
