"""Designs chosen by quantities of interest: what counts, and where limits are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from simulgenvae.data.dataset import Dataset
from simulgenvae.design.by_quantity import CandidateQuantities, learnable_variance
from simulgenvae.design.candidates import candidate_designs
from simulgenvae.design.choose import choose
from simulgenvae.design.suggest import suggest
from simulgenvae.errors import UserError
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.quantities import quantity_predictor
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings


@pytest.fixture(scope="module")
def data(make_waves: Callable[..., Dataset]) -> Dataset:
    return make_waves(runs=9, variables=2)


@pytest.fixture(scope="module")
def trained(data: Dataset, make_settings: MakeSettings) -> Surrogate:
    return fit(data, make_settings(4, end_to_end={"members": 2}))


def test_quantities_count_alike_whatever_their_units() -> None:
    std = np.array([[1.0, 2e6], [3.0, 1e6]])
    found = learnable_variance(np.zeros((2, 2)), std, [None, None])
    np.testing.assert_allclose(found, [1 / 5 + 4 / 2.5, 9 / 5 + 1 / 2.5])


def test_a_limit_weighs_by_the_density_there() -> None:
    value = np.array([340.0, 349.0, 351.0, 400.0])
    std = np.array([5.0, 1.0, 2.0, 5.0])
    expected = std**2 * norm.pdf(350.0, value, std)
    found = learnable_variance(value[:, None], std[:, None], [350.0])
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=1e-12)


def test_far_from_the_limit_the_nearest_design_counts() -> None:
    value = np.array([[0.0], [1.0], [2.0]])
    found = learnable_variance(value, np.full((3, 1), 1e-3), [1e6])
    assert found.argmax() == 2
    assert found[0] == 0


def test_designs_that_may_be_on_either_side_come_first() -> None:
    """The value grows along a line and passes the limit at 0.7, where errors are not largest."""
    x = np.linspace(0, 1, 101)[:, None]
    solved = np.linspace(0, 1, 6)[:, None]
    value = 100 * x
    std = np.where(x < 0.4, 12.0, 8.0)
    without, at_limit = (
        choose(learnable_variance(value, std, [limit]), x, solved, solved, 3)
        for limit in (None, 70.0)
    )
    assert x[without[0], 0] < 0.4
    assert abs(value[at_limit[0], 0] - 70.0) < 1.645 * 8.0
    # The next ones are as near as their distance from each other and from solved designs allows.
    assert (np.abs(value[at_limit[1:], 0] - 70.0) < 25).all()


def test_bands_that_hold_a_limit_come_first(trained: Surrogate, data: Dataset) -> None:
    name = data.variables[0]
    peaks = trained.quantities(data.conditions, {"peak": f"max({name})"})["value"]
    limit = float(peaks.median())
    texts = {"peak": f"max({name}) > {limit}", "mean": f"mean({name})"}
    predictor = quantity_predictor(trained, texts)
    pool = candidate_designs(trained.condition_scaler, data.conditions, 40, ranges={})
    found = CandidateQuantities.of(predictor, pool, data.conditions)
    whole = predictor.predict(pool)
    np.testing.assert_allclose(found.candidates.values, whole.values, rtol=1e-4)
    held = found.near_limit()
    assert held is not None
    np.testing.assert_array_equal(held, (whole.lower[:, 0] <= limit) & (limit <= whole.upper[:, 0]))
    x = np.linspace(0, 1, 101)[:, None]
    ends = x[[0, -1]]
    flat = np.ones(101)
    assert choose(flat, x, ends, ends, 1) == [50]
    preferred = x[:, 0] > 0.7
    chosen = choose(flat, x, ends, ends, 2, preferred=preferred)
    assert preferred[chosen[0]]
    # When no preferred one is far enough from the others, the best of the others follows.
    assert not preferred[chosen[1]]
    assert (
        CandidateQuantities.of(
            quantity_predictor(trained, {"mean": f"mean({name})"}), pool, data.conditions
        ).near_limit()
        is None
    )


def test_certain_quantities_say_nothing() -> None:
    with pytest.raises(UserError, match="leave --quantity out"):
        learnable_variance(np.ones((3, 2)), np.zeros((3, 2)), [None, 1.0])
    # One that is certain does not hide another.
    std = np.array([[0.0, 1.0], [0.0, 2.0]])
    np.testing.assert_allclose(learnable_variance(std, std, [3.0, None]), [0.4, 1.6])


def test_suggestions_have_the_quantities_that_are_predicted(
    trained: Surrogate, data: Dataset, tmp_path: Path
) -> None:
    name = data.variables[0]
    (tmp_path / "edge.txt").write_text("0\n1\n")
    texts = {"peak": f"max({name})", "edge": f"mean({name}, nodes='edge.txt') < 0.2"}
    found = suggest(trained, data.conditions, 3, candidates=64, quantities=texts, folder=tmp_path)
    assert found.quantities is not None
    expected = trained.quantities(found.designs, texts, folder=tmp_path)
    for q, (key, limit) in enumerate((("peak", None), ("edge", 0.2))):
        shown = [design[q] for design in found.quantities.designs]
        assert [(each.name, each.limit) for each in shown] == [(key, limit)] * 3
        predicted = expected.sel(quantity=key)
        np.testing.assert_allclose([each.value for each in shown], predicted["value"], rtol=1e-4)
        np.testing.assert_allclose([each.std for each in shown], predicted["std"], rtol=1e-3)
    training = data.conditions.select(trained.split.rows(data.ids)["train"])
    bands = trained.quantities(training, texts, folder=tmp_path)
    half = ((bands["upper"] - bands["lower"]) / 2).mean("run")
    np.testing.assert_allclose(found.quantities.training_half_widths, half, rtol=1e-3)
    plain = suggest(trained, data.conditions, 3, candidates=64)
    assert plain.quantities is None


@pytest.mark.parametrize("upper", [True, False])
def test_suggestions_prefer_designs_near_the_limit(
    trained: Surrogate, data: Dataset, monkeypatch: pytest.MonkeyPatch, upper: bool
) -> None:
    pool = candidate_designs(trained.condition_scaler, data.conditions, 64, ranges={})
    near = (pool.table[:, 0] > np.median(pool.table[:, 0])) == upper
    monkeypatch.setattr(CandidateQuantities, "near_limit", lambda _: near)
    texts = {"peak": f"max({data.variables[0]})"}
    found = suggest(trained, data.conditions, 2, candidates=64, quantities=texts)
    row = int(np.abs(pool.table - found.designs.table[0]).sum(axis=1).argmin())
    assert near[row]
