"""Which parameters are read as logarithms, on responses that are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.baselines.logarithms import choose_logarithms
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images

NAMES = ("viscosity", "load")


def designs(runs: int = 30, low: float = 1.0, high: float = 50.0) -> Conditions:
    """Of two positive parameters that span the same range, evenly."""
    table = np.random.default_rng(0).uniform(low, high, (runs, 2))
    return Conditions(tuple(map(str, range(runs))), NAMES, table)


def responses(
    first: Callable[[np.ndarray], np.ndarray],
    second: Callable[[np.ndarray], np.ndarray],
    conditions: Conditions,
) -> np.ndarray:
    """Return coefficients ``[n, 4, 3]``: a part for each of the two parameters."""
    t, k = np.linspace(0.0, 1.0, 4)[None, :, None], np.arange(3)[None, None, :]
    one, two = (
        part(column)[:, None, None]
        for part, column in zip((first, second), conditions.table.T, strict=True)
    )
    return (np.sin(one + t + k) + two * np.cos(k - t)).astype(np.float32)


def test_the_parameter_whose_logarithm_matters_is_found() -> None:
    conditions = designs()
    answers = responses(lambda p: 1.5 * np.log(p), lambda p: p / 25, conditions)
    assert choose_logarithms(conditions, answers) == ("viscosity",)
    answers = responses(lambda p: p / 25, lambda p: np.sin(2 * np.log(p)), conditions)
    assert choose_logarithms(conditions, answers) == ("load",)


def test_parameters_that_matter_as_they_are_stay_so() -> None:
    conditions = designs()
    assert (
        choose_logarithms(conditions, responses(lambda p: p / 12, lambda p: p / 25, conditions))
        == ()
    )


@pytest.mark.parametrize(("low", "high"), [(-1.0, 50.0), (0.0, 50.0), (30.0, 50.0)])
def test_no_logarithms_of_values_that_have_none_or_hardly_differ(low: float, high: float) -> None:
    conditions = designs(low=low, high=high)
    conditions.table[0] = low
    logarithm = responses(lambda p: np.log(p + 1.5), lambda p: np.log(p + 1.5), conditions)
    assert choose_logarithms(conditions, logarithm) == ()


def test_runs_that_are_all_the_same_and_pictures_alone() -> None:
    assert choose_logarithms(designs(), np.ones((30, 4, 3), np.float32)) == ()
    pixels = np.random.default_rng(0).integers(0, 255, (5, 4, 4, 1), dtype=np.uint8)
    images = Conditions.of_images(tuple("abcde"), Images(pixels, ImageFormat(4, 4, 1, 4)))
    assert choose_logarithms(images, np.random.default_rng(0).random((5, 2, 3), np.float32)) == ()


def test_a_parameter_that_is_constant_in_the_subset_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a switch that few of many runs have set."""
    monkeypatch.setattr("simulgenvae.baselines.logarithms._CHOOSING_RUNS", 6)
    conditions = designs(12)
    conditions.table[:, 1] = 1.0
    seen = np.random.default_rng(0).permutation(12)[:6]
    conditions.table[next(row for row in range(12) if row not in seen), 1] = 5.0
    answers = responses(np.log, lambda p: p, conditions)
    assert set(choose_logarithms(conditions, answers)) <= set(NAMES)


def test_the_scaler_reads_what_was_chosen() -> None:
    conditions = designs()
    assert ConditionScaler.fit(conditions, ("load",)).logarithm == (False, True)
    assert ConditionScaler.fit(conditions, ()).logarithm == (False, False)
    assert ConditionScaler.fit(conditions).logarithm == (True, True)


def test_modes_with_little_energy_decide_where_they_have_the_errors() -> None:
    """The evidence of the large modes is for the parameter itself."""
    table = np.sort(np.random.default_rng(0).uniform(1.0, 50.0, (24, 1)), axis=0)
    conditions = Conditions(tuple(map(str, range(24))), ("inflow",), table)
    part = table / 25
    large = [part, 0.3 * part**2, 0.1 * part**3, np.sin(2 * part)]
    waves = 0.01 * np.sin(6 * np.log(table))
    answers = np.stack([*large, waves], axis=2).astype(np.float32)
    assert choose_logarithms(conditions, answers) == ("inflow",)
