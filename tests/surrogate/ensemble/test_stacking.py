"""Weights of the parts of an ensemble: small errors, and means where these say little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from simulgenvae.data.dataset import Dataset
from simulgenvae.surrogate.ensemble import Ensemble, SeparatePredictions
from simulgenvae.surrogate.ensemble.stacking import (
    DRAWS,
    STEPS,
    best_weights,
    stacked,
)
from simulgenvae.training.train import Trained

RNG = np.random.default_rng(0)
TRUTH, NOISE, OTHER = RNG.normal(size=(3, 5, 4, 3)).astype(np.float32)
SIZES = np.linalg.norm(TRUTH.reshape(5, -1), axis=1)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (TRUTH, TRUTH + NOISE, 0.0),
        (TRUTH + NOISE, TRUTH, 1.0),
        (TRUTH + NOISE, TRUTH - NOISE, 0.5),
        (TRUTH + NOISE, TRUTH - 3 * NOISE, 0.25),
        (TRUTH + NOISE, TRUTH + 2 * NOISE, 0.0),
        (TRUTH + NOISE, TRUTH + NOISE, 0.5),
    ],
)
def test_weights_of_two_constructed_errors(
    first: np.ndarray, second: np.ndarray, expected: float
) -> None:
    np.testing.assert_allclose(
        best_weights([first, second], TRUTH, SIZES), [1 - expected, expected]
    )


def test_weights_of_three_constructed_errors() -> None:
    """Their errors cancel with the weights 1/2, 1/4 and 1/4."""
    parts = [TRUTH - NOISE - OTHER, TRUTH + 2 * NOISE, TRUTH + 2 * OTHER]
    np.testing.assert_allclose(best_weights(parts, TRUTH, SIZES), [0.5, 0.25, 0.25])
    assert best_weights([TRUTH], TRUTH, SIZES) == 1


def example(seed: int, count: int, size: float) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return predictions of four runs, the runs, and their sizes."""
    rng = np.random.default_rng(seed)
    truth, *parts = rng.normal(size=(1 + count, 4, 3, 2)).astype(np.float32)
    parts[-1] *= size
    return parts, truth, rng.uniform(0.5, 2.0, 4)


@examples(max_examples=40)
@given(seed=st.integers(0, 999), size=st.floats(0.1, 10.0))
def test_weights_are_the_mean_of_the_best_ones_for_other_counts_of_the_runs(
    seed: int, size: float
) -> None:
    (first, second), truth, sizes = example(seed, 2, size)
    tried = np.arange(STEPS + 1) / STEPS
    mixed = first + tried[:, None, None, None] * (second - first) - truth
    errors = np.linalg.norm(mixed.reshape(len(tried), 4, -1), axis=2) / sizes
    # The same distribution by another way: exponential variables over their sum.
    counts = np.random.default_rng(1).exponential(size=(2000, 4))
    best = tried[(counts @ errors.T).argmin(axis=1)]
    found = best_weights([first, second], truth, sizes)
    near = 4 * best.std() / np.sqrt(DRAWS) + 1 / STEPS
    assert found == pytest.approx([1 - best.mean(), best.mean()], abs=near)


@examples(max_examples=40)
@given(seed=st.integers(0, 999), count=st.integers(2, 3), size=st.floats(0.1, 10.0))
def test_the_order_of_the_parts_does_not_matter(seed: int, count: int, size: float) -> None:
    parts, truth, sizes = example(seed, count, size)
    found = best_weights(parts, truth, sizes)
    assert found.sum() == pytest.approx(1.0)
    assert (found >= 0).all()
    np.testing.assert_allclose(best_weights(parts[::-1], truth, sizes), found[::-1])


def test_a_part_that_one_of_five_runs_needs_has_a_small_weight() -> None:
    good, needed = TRUTH.copy(), TRUTH + NOISE
    good[0] += 2 * NOISE[0]
    needed[0] = TRUTH[0]
    assert 0 < best_weights([good, needed], TRUTH, SIZES)[1] < 0.3


@examples(max_examples=40)
@given(seed=st.integers(0, 999), size=st.floats(0.1, 10.0))
def test_larger_errors_elsewhere_say_nothing(seed: int, size: float) -> None:
    """Runs that are left out may be extrapolated."""
    parts, truth, sizes = example(seed, 2, size)
    errors = np.linalg.norm((parts[-1] - truth).reshape(4, -1), axis=1) / sizes
    np.testing.assert_array_equal(
        best_weights(parts, truth, sizes, 9 * errors), best_weights(parts, truth, sizes)
    )


@pytest.mark.parametrize("smaller", [0, 1])
def test_small_errors_elsewhere_make_runs_with_small_errors_count(smaller: int) -> None:
    """The last part is good at one of two runs, where half of it is best."""
    first, last = TRUTH[:2] - 8 * NOISE[:2], TRUTH[:2] + 8 * NOISE[:2]
    first[smaller] = TRUTH[smaller] - NOISE[smaller]
    last[smaller] = TRUTH[smaller] + NOISE[smaller]
    first[1 - smaller] = TRUTH[1 - smaller]
    assert best_weights([first, last], TRUTH[:2], SIZES[:2])[1] < 0.15
    usual = np.linalg.norm(NOISE[smaller]) / SIZES[smaller]
    found = best_weights([first, last], TRUTH[:2], SIZES[:2], np.full(9, usual))
    assert found[1] == pytest.approx(0.5, abs=0.05)


def test_runs_that_are_harder_than_most_do_not_take_the_weight_of_the_last_part() -> None:
    """Two of five runs are far from all others, and the last part fails there alone."""
    last = TRUTH + 0.1 * NOISE
    last[:2] += 3 * OTHER[:2]
    other = TRUTH - 0.3 * NOISE
    parts = [other, last]
    usual = np.linalg.norm((last - TRUTH).reshape(5, -1), axis=1)[2:] / SIZES[2:]
    without = best_weights(parts, TRUTH, SIZES)
    assert best_weights(parts, TRUTH, SIZES, np.tile(usual, 20))[1] > without[1] + 0.1


def test_a_single_run_gives_the_weights_of_its_least_error() -> None:
    found = best_weights([TRUTH[:1] + NOISE[:1], TRUTH[:1]], TRUTH[:1], SIZES[:1])
    np.testing.assert_allclose(found, [0, 1])


def test_errors_are_relative_to_the_size_of_each_run() -> None:
    """One large run, on which the first part is better, does not outweigh four small ones."""
    factor = np.array([100, 1, 1, 1, 1], np.float32)[:, None, None]
    good_at_large, good_at_small = TRUTH * factor, TRUTH * factor
    good_at_large[1:] += NOISE[1:]
    good_at_small[0] += 3 * NOISE[0]
    parts = [good_at_large, good_at_small]
    sizes = SIZES * factor[:, 0, 0]
    assert best_weights(parts, TRUTH * factor, sizes)[1] > 0.9


@pytest.fixture
def kinds(ensemble: Ensemble, monkeypatch: pytest.MonkeyPatch) -> Ensemble:
    """Return the ensemble of three members, the last of which is called a field."""
    monkeypatch.setattr(
        type(ensemble.members[0]),
        "decoder_name",
        property(lambda member: "field" if member is ensemble.members[2] else "modulated"),
    )
    return ensemble


@pytest.mark.parametrize(
    ("field", "weights", "members"),
    [
        (TRUTH - NOISE, [0.25, 0.25, 0.5], 3),
        (TRUTH, [0.0, 0.0, 1.0], 3),  # the others show by their difference how certain it is
        (TRUTH + 9 * NOISE, [0.5, 0.5], 2),
    ],
)
def test_members_of_a_kind_share_its_weight(
    kinds: Ensemble, field: np.ndarray, weights: list[float], members: int
) -> None:
    predictions = np.stack([TRUTH + NOISE + OTHER, TRUTH + NOISE - OTHER, field])
    separate = SeparatePredictions(predictions, kinds.member_weights, None)
    found = stacked(kinds, separate, TRUTH, SIZES, gaussian_processes=True)
    np.testing.assert_allclose(found.member_weights, weights)
    assert found.members == kinds.members[:members]
    assert found.gp_weight == 0


def test_networks_have_weights_of_their_own_where_the_processes_have_all(kinds: Ensemble) -> None:
    predictions = np.stack([TRUTH + NOISE, TRUTH + NOISE, TRUTH - NOISE])
    separate = SeparatePredictions(predictions, kinds.member_weights, TRUTH)
    found = stacked(kinds, separate, TRUTH, SIZES, gaussian_processes=True)
    assert found.gp_weight == 1
    np.testing.assert_allclose(found.member_weights, [0.25, 0.25, 0.5])
    without = stacked(kinds, separate, TRUTH, SIZES, gaussian_processes=False)
    assert without.gp_weight == 0


def test_an_ensemble_predicts_with_the_weights(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    weighted = replace(ensemble, member_weights=(0.5, 0.0, 0.5), gp_weight=0.0)
    each = [
        replace(ensemble, members=(member,), member_weights=(1.0,), gp_weight=0.0)
        .predict(waves.conditions, waves.times)
        .mean
        for member in ensemble.members
    ]
    found = weighted.predict(waves.conditions, waves.times).mean
    np.testing.assert_allclose(found, (each[0] + each[2]) / 2, rtol=1e-5, atol=1e-5)
