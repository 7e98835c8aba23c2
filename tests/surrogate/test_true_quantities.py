"""Quantities of validation runs from their fields: bands know of what the modes leave out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.quantities import read_quantities
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
from simulgenvae.surrogate.ensemble.true_quantities import TrueQuantities
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.measure_held_out import with_true_quantities
from simulgenvae.surrogate.quantities import domain_of, quantity_predictor
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings

LATE = "max(field, times=(0, 0.5))"


@pytest.fixture(scope="module")
def surrogate(waves: Dataset, make_settings: MakeSettings) -> Surrogate:
    """Of a single mode, which leaves out much, with two validation runs and a declared quantity."""
    settings = make_settings(4).model_dump(mode="json")
    settings |= {
        "reduction": settings["reduction"] | {"max_rank": 1},
        "quantities": {"probe": "value(field, node=3, time=0.5)", "wrong": "max(nothing)"},
    }
    split = Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])
    return fit(waves, Settings.model_validate(settings), split=split)


def held_out(surrogate: Surrogate) -> HeldOutPredictions:
    assert surrogate.ensemble is not None
    assert surrogate.ensemble.held_out is not None
    return surrogate.ensemble.held_out


def numbers(surrogate: Surrogate, **texts: str) -> np.ndarray:
    """Return the true values that the calibration of quantities takes, ``[2, Q]``."""
    known = held_out(surrogate).quantities
    assert known is not None
    group = read_quantities(texts, domain_of(surrogate))
    return known.put_into(np.full((2, len(texts)), np.nan), group.quantities)


def test_they_are_those_of_the_runs(surrogate: Surrogate, waves: Dataset) -> None:
    runs = np.stack([waves.run(8), waves.run(9)])[..., 0]
    found = numbers(
        surrogate, peak="max(field)", mean="mean(field)", probe="value(field, node=3, time=0.5)"
    )
    probe = 0.5 * (runs[:, 3, 3] + runs[:, 4, 3])
    np.testing.assert_allclose(found[:, 0], runs.max(axis=(1, 2)))
    np.testing.assert_allclose(found[:, 2], probe, rtol=1e-6)
    assert np.isfinite(found[:, 1]).all()
    # One mode leaves out a part of the maximum.
    decoded = surrogate.reduction.decode(held_out(surrogate).truth)
    assert np.abs(decoded.max(axis=(1, 2, 3)) - found[:, 0]).max() > 0.01
    assert np.isnan(numbers(surrogate, late=LATE)).all()


def test_bands_are_calibrated_on_them(surrogate: Surrogate, waves: Dataset) -> None:
    texts = {"peak": "max(field)"}
    after = quantity_predictor(surrogate, texts).calibration
    ensemble = surrogate.ensemble
    assert ensemble is not None
    without = replace(held_out(surrogate), quantities=None)
    earlier = replace(surrogate, ensemble=replace(ensemble, held_out=without))
    before = quantity_predictor(earlier, texts).calibration
    assert after.std_factor[0] != before.std_factor[0]
    again = with_true_quantities(earlier, waves, texts=texts)
    np.testing.assert_array_equal(
        quantity_predictor(again, texts).calibration.std_factor, after.std_factor
    )


def test_a_quantity_is_known_however_it_is_written(surrogate: Surrogate) -> None:
    spellings = {"a": "max(field)", "b": "max( `field` )", "c": "max(field) < 7"}
    group = read_quantities(spellings | {"late": LATE}, domain_of(surrogate))
    digests = [each.digest for each in group.quantities]
    assert len(set(digests)) == 2
    assert digests[0] != digests[3]
    others = ["min(field)", "max(field, node=3)", "max(field, node=4)", "max(field, time=0.5)"]
    texts = {str(number): text for number, text in enumerate(others)}
    found = {each.digest for each in read_quantities(texts, domain_of(surrogate)).quantities}
    assert len(found | {digests[0]}) == 5


def test_files_keep_them(surrogate: Surrogate, tmp_path: Path) -> None:
    surrogate.save(StudyFolder(tmp_path))
    read = Surrogate.load(StudyFolder(tmp_path))
    texts = {"peak": "max(field)", "mean": "mean(field)"}
    np.testing.assert_array_equal(numbers(read, **texts), numbers(surrogate, **texts))


def test_damaged_ones_are_refused(surrogate: Surrogate) -> None:
    known = held_out(surrogate).quantities
    assert known is not None
    arrays = known.arrays()
    assert TrueQuantities.restore({}, 2) is None
    for name, wrong in (
        ("quantity_values", known.values[:1]),
        ("quantity_values", known.values.astype(np.float32)),
        ("quantity_values", np.full_like(known.values, np.nan)),
        ("quantity_digests", known.digests[:, :3]),
    ):
        with pytest.raises(ValueError, match="quantities of validation runs"):
            TrueQuantities.restore(arrays | {name: wrong}, 2)
