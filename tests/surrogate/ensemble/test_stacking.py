"""Weights of the parts of an ensemble: small errors, and equal parts where these say little."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from simulgenvae.data.dataset import Dataset
from simulgenvae.surrogate.ensemble import Ensemble, SeparatePredictions
from simulgenvae.surrogate.ensemble.stacking import STANDARD_ERRORS, STEPS, best_weights, stacked
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


@examples(max_examples=40)
@given(seed=st.integers(0, 999), count=st.integers(2, 3), size=st.floats(0.1, 10.0))
def test_weights_are_the_most_equal_ones_that_are_not_clearly_worse(
    seed: int, count: int, size: float
) -> None:
    rng = np.random.default_rng(seed)
    truth, *parts = rng.normal(size=(1 + count, 4, 3, 2)).astype(np.float32)
    parts[-1] *= size
    sizes = rng.uniform(0.5, 2.0, 4)

    def errors(weights: np.ndarray) -> np.ndarray:
        mixed = np.tensordot(weights, np.stack(parts), 1) - truth
        return np.asarray(np.linalg.norm(mixed.reshape(4, -1), axis=1) / sizes)

    steps = np.arange(STEPS + 1)
    tried = np.array(list(itertools.product(steps, repeat=count - 1)))
    tried = tried[tried.sum(axis=1) <= STEPS]
    tried = np.column_stack([tried, STEPS - tried.sum(axis=1)]) / STEPS
    best = min(map(errors, tried), key=np.mean)

    def clearly_worse(weights: np.ndarray) -> bool:
        worse = errors(weights) - best
        allowed = STANDARD_ERRORS * worse.std(ddof=1) / np.sqrt(len(worse))
        return bool(worse.mean() > allowed * (1 + 1e-4) + 1e-6)

    found = best_weights(parts, truth, sizes)
    assert found.sum() == pytest.approx(1.0)
    assert not clearly_worse(found)
    spare = 1e-4 + np.square(found).sum()
    more_equal = [each for each in tried if np.square(each).sum() < spare - 2e-4]
    closest = min(more_equal, key=lambda each: errors(each).mean(), default=None)
    if closest is not None:
        worse = errors(closest) - best
        allowed = STANDARD_ERRORS * worse.std(ddof=1) / np.sqrt(len(worse))
        assert worse.mean() > allowed * (1 - 1e-4) - 1e-6


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
