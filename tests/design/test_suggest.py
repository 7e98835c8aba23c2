"""Suggested designs: their places, their distances, and the expected errors they follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import GREY, ImageFormat
from simulgenvae.design.candidates import candidate_designs
from simulgenvae.design.choose import choose
from simulgenvae.design.suggest import expected_squares_of, length_scales, suggest
from simulgenvae.errors import UserError
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.settings import Settings
from simulgenvae.surrogate.ensemble import CoefficientPrediction
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings


@dataclass(frozen=True)
class Uncertain:
    """Ensemble of two predictions that are ``bump(design)`` away from a flat mean."""

    rank: int
    bump: Callable[[np.ndarray], np.ndarray]
    times: np.ndarray
    calibration: None = None
    pod_gp: None = None

    def predict(
        self, conditions: Conditions, times: np.ndarray, *, latent_samples: int = 0, seed: int = 0
    ) -> CoefficientPrediction:
        mean = np.ones((len(conditions), len(times), self.rank), np.float32)
        apart = self.bump(conditions.table)[:, None, None].astype(np.float32)
        return CoefficientPrediction(
            mean, np.stack([mean - apart, mean + apart]), None, 0.0, widening=np.ones(len(mean))
        )


@pytest.fixture(scope="module")
def data(make_waves: Callable[..., Dataset]) -> Dataset:
    return make_waves(runs=9, variables=2)


@pytest.fixture(scope="module")
def trained(data: Dataset, make_settings: MakeSettings) -> Surrogate:
    exact = {"reduction": {"method": "none"}}
    return fit(
        data,
        Settings.model_validate(
            make_settings(4, end_to_end={"members": 2}).model_dump(exclude_unset=True) | exact
        ),
    )


def uncertain(trained: Surrogate, bump: Callable[[np.ndarray], np.ndarray]) -> Surrogate:
    return replace(trained, ensemble=Uncertain(trained.reduction.rank, bump, trained.times))  # type: ignore[arg-type]


def scaled(trained: Surrogate, designs: Conditions) -> np.ndarray:
    assert trained.ensemble is not None
    return trained.condition_scaler.transform(designs) / length_scales(trained.ensemble, 2)


@pytest.mark.parametrize("count", [1, 10, 40])
def test_designs_lie_in_the_trained_range_and_keep_their_distance(
    trained: Surrogate, data: Dataset, count: int
) -> None:
    found = suggest(trained, data.conditions, count)
    scaler, known = trained.condition_scaler, scaled(trained, data.conditions)
    assert len(found.designs) == len(found.errors) == count
    assert (found.designs.table >= scaler.lower).all()
    assert (found.designs.table <= scaler.upper).all()
    training = known[trained.split.rows(data.ids)["train"]]
    nearest = np.sort(cdist(training, training), axis=1)[:, 1]
    least = 0.5 * np.median(nearest) * np.sqrt(len(training) / (len(training) + count))
    chosen = scaled(trained, found.designs)
    assert cdist(chosen, known).min() >= least * (1 - 1e-9)
    assert count == 1 or pdist(chosen).min() >= least * (1 - 1e-9)


def test_the_seed_decides(trained: Surrogate, data: Dataset) -> None:
    first, again, other = (suggest(trained, data.conditions, 5, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.designs.table, again.designs.table)
    np.testing.assert_array_equal(first.errors, again.errors)
    assert not np.array_equal(first.designs.table, other.designs.table)


def test_designs_are_asked_for_where_the_predictions_differ(
    trained: Surrogate, data: Dataset
) -> None:
    surrogate = uncertain(trained, lambda table: np.where(table[:, 0] > 1.2, 0.5, 0.01))
    found = suggest(surrogate, data.conditions, 4)
    assert (found.designs.table[:, 0] > 1.1).all()
    assert (
        found.errors.mean()
        > 5
        * suggest(
            uncertain(trained, lambda table: 0.01 + 0 * table[:, 0]), data.conditions, 4
        ).errors.mean()
    )


def test_designs_spread_where_the_predictions_differ_alike(
    trained: Surrogate, data: Dataset
) -> None:
    found = suggest(uncertain(trained, lambda table: 0.1 + 0 * table[:, 0]), data.conditions, 16)
    lower, upper = (
        np.array(trained.condition_scaler.lower),
        np.array(trained.condition_scaler.upper),
    )
    halves = (found.designs.table > (lower + upper) / 2) @ [1, 2]
    assert set(halves) == {0, 1, 2, 3}


@given(st.integers(0, 1000), st.integers(1, 12))
@settings(max_examples=20)
def test_choices_follow_the_variance_and_not_its_unit(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    x, known, variance = generator.random((80, 2)), generator.random((6, 2)), generator.random(80)
    chosen = choose(variance, x, known, known, count)
    assert len(set(chosen)) == count
    assert chosen == choose(1e6 * variance, x, known, known, count)


def test_each_choice_lowers_the_mean_variance_the_most() -> None:
    """On a line with known ends the middle says most, and what is more uncertain comes first."""
    x, known = np.linspace(0, 1, 51)[:, None], np.array([[0.0], [1.0]])
    flat = np.ones(51)
    assert choose(flat, x, known, known, 1) == [25]
    right = np.where(x[:, 0] > 0.6, 9.0, 1.0)
    assert x[choose(right, x, known, known, 1)[0], 0] > 0.6
    first, second = x[choose(right, x, known, known, 2), 0]
    assert abs(first - second) > 0.1


def test_nothing_is_chosen_twice_near_validation_runs(trained: Surrogate, data: Dataset) -> None:
    found = suggest(trained, data.conditions, 6)
    again = Conditions(
        (*data.ids, *found.designs.ids),
        data.conditions.names,
        np.concatenate([data.conditions.table, found.designs.table]),
    )
    more = suggest(trained, again, 6)
    assert more.designs.ids[0] == "suggest_007"
    assert cdist(scaled(trained, more.designs), scaled(trained, found.designs)).min() > 1e-6


def test_expected_squares_are_those_of_the_decoded_fields(
    trained: Surrogate, data: Dataset
) -> None:
    designs = data.conditions.select([0, 5])
    squares, sizes = expected_squares_of(trained.ensemble, trained.reduction, designs)
    prediction = trained.predict(designs, samples=16)
    rows = trained.split.rows(data.ids)
    learned = np.concatenate([rows[split] for split in trained.info.learned_splits])
    scale = VariableScale.fit(data.run(int(row)) for row in learned)
    for row in range(2):
        std = prediction["std"].values[row] / scale.spread
        size = (prediction["fields"].values[row] - scale.mean) / scale.spread
        assert squares[row] == pytest.approx(np.square(std).sum(), rel=1e-3)
        assert sizes[row] == pytest.approx(np.square(size).sum(), rel=1e-3)


def test_many_designs_are_predicted_in_parts(
    trained: Surrogate, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = expected_squares_of(trained.ensemble, trained.reduction, data.conditions)
    monkeypatch.setattr(
        "simulgenvae.design.suggest._BATCH_VALUES",
        5 * 16 * len(data.times) * trained.reduction.rank,
    )
    np.testing.assert_allclose(
        expected_squares_of(trained.ensemble, trained.reduction, data.conditions), whole, rtol=1e-4
    )


def test_a_parameter_that_changes_nothing_is_long(trained: Surrogate) -> None:
    table = np.random.default_rng(0).random((12, 2))
    designs = known_designs(idle=table[:, 0].tolist(), busy=table[:, 1].tolist())
    coefficients = np.stack([np.sin(5 * table[:, 1]), np.cos(5 * table[:, 1])], -1)[:, None].astype(
        np.float32
    )
    linear = PodGaussianProcesses.fit(
        designs, ConditionScaler.fit(designs), coefficients, np.zeros(1)
    )
    assert trained.ensemble is not None
    idle, busy = length_scales(replace(trained.ensemble, pod_gp=linear), 2)
    assert idle > 5 * busy
    np.testing.assert_array_equal(
        length_scales(replace(trained.ensemble, pod_gp=None), 2), [1.0, 1.0]
    )


def known_designs(**columns: list[float]) -> Conditions:
    table = np.column_stack(list(columns.values()))
    return Conditions(tuple(f"run{k}" for k in range(len(table))), tuple(columns), table)


def test_candidates_fill_the_domain_evenly() -> None:
    known = known_designs(load=[1.5, 900.5, 30.0], depth=[-1.0, 2.5, 0.3], plies=[2.0, 9.0, 5.0])
    scaler = ConditionScaler.fit(known)
    assert scaler.logarithm == (True, False, False)
    found = candidate_designs(scaler, known, 200, ranges={"depth": (-4.0, 0.5)})
    load, depth, plies = found.table.T
    assert load.min() >= 1.5
    assert load.max() <= 900.5
    assert np.median(np.log(load)) == pytest.approx(np.log(np.sqrt(1.5 * 900.5)), abs=0.2)
    assert depth.min() < -3.9
    assert 0.4 < depth.max() <= 0.5
    assert set(plies) == set(range(2, 10))


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        ({"width": (0.0, 1.0)}, "no parameter 'width': the study has load, depth"),
        ({"depth": (1.0, 1.0)}, "range of depth is 1 to 1"),
        ({"depth": (0.0, np.inf)}, "range of depth is 0 to inf"),
        ({"load": (0.0, 1.0)}, "range of load starts at 0"),
    ],
)
def test_ranges_that_are_none_are_refused(
    ranges: dict[str, tuple[float, float]], text: str
) -> None:
    known = known_designs(load=[1.5, 900.5], depth=[-1.0, 2.5])
    with pytest.raises(UserError, match=text):
        candidate_designs(ConditionScaler.fit(known), known, 8, ranges=ranges)


def test_what_cannot_be_done_is_refused(trained: Surrogate, data: Dataset) -> None:
    with pytest.raises(UserError, match=r"Only \d+ of the 200 candidates are far enough"):
        suggest(trained, data.conditions, 200, candidates=200)
    with pytest.raises(UserError, match="ask for 1 to 8"):
        suggest(trained, data.conditions, 9, candidates=8)
    with pytest.raises(UserError, match="--stage conditioner"):
        suggest(replace(trained, ensemble=None), data.conditions, 2)
    images = trained.condition_scaler.model_copy(update={"images": ImageFormat(16, 16, GREY, 16)})
    with pytest.raises(UserError, match="have images"):
        suggest(replace(trained, condition_scaler=images), data.conditions, 2)


def test_candidates_have_each_value_of_a_category_and_each_decade() -> None:
    decades = np.array([0.0, 1e-6, 1e-4, 1e-2, 1.0, 1e2])
    table = np.column_stack([decades, [0, 1, 0, 1, 0, 1]])
    solved = Conditions(tuple("abcdef"), ("k", "material"), table, levels=((), ("Al", "Cu")))
    scaler = ConditionScaler.fit(solved)
    found = candidate_designs(scaler, solved, 64, ranges={})
    assert [row[1] for row in found.values()].count("Al") == 32
    assert (found.table[:, 0] >= 0).all()
    assert (found.table[:, 0] <= 1e2).all()
    assert 20 < np.sum(found.table[:, 0] < 1e-2) < 44
    with pytest.raises(UserError, match=r"material is a category .Al, Cu., which has no range"):
        candidate_designs(scaler, solved, 64, ranges={"material": (0, 1)})
