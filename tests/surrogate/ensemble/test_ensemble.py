"""How the predictions of members and Gaussian processes are put together."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.baselines.deviation_scale import DeviationScale
from simulgenvae.data.dataset import Dataset
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.coefficient_prediction import principal_deviations
from simulgenvae.surrogate.ensemble.spread import VARIANCE_FLOOR
from simulgenvae.training.train import Trained


def means(ensemble: Ensemble, waves: Dataset) -> np.ndarray:
    """Means of each member by itself, ``[K, N, T, r]``."""
    first = ensemble.members[:1]
    one = replace(ensemble, members=first, member_weights=(1.0,), gp_weight=0.0)
    alone = [replace(one, members=(member,)) for member in ensemble.members]
    return np.stack([each.predict(waves.conditions, waves.times).mean for each in alone])


def test_members_differ(ensemble: Ensemble, waves: Dataset) -> None:
    each = means(ensemble, waves)
    assert each.shape[0] == 3
    apart = [np.abs(each[i] - each[j]).max() for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(apart) > 1e-3


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_prediction_is_the_mixture(ensemble: Ensemble, waves: Dataset, weight: float) -> None:
    networks = means(ensemble, waves).mean(axis=0)
    linear = ensemble.pod_gp.predict(waves.conditions, waves.times)
    prediction = replace(ensemble, gp_weight=weight).predict(waves.conditions, waves.times)
    np.testing.assert_allclose(
        prediction.mean, (1 - weight) * networks + weight * linear, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_networks_and_processes_predict_separately(
    ensemble: Ensemble, waves: Dataset, weight: float
) -> None:
    """Whatever their weight is."""
    found = replace(ensemble, gp_weight=weight).predict_separately(waves.conditions, waves.times)
    np.testing.assert_array_equal(found.member_predictions, means(ensemble, waves))
    np.testing.assert_allclose(
        found.networks, means(ensemble, waves).mean(axis=0), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_array_equal(
        found.gaussian_processes, ensemble.pod_gp.predict(waves.conditions, waves.times)
    )
    alone = replace(ensemble, pod_gp=None, gp_weight=0.0).predict_separately(
        waves.conditions, waves.times
    )
    assert alone.gaussian_processes is None
    unasked = ensemble.predict_separately(waves.conditions, waves.times, gaussian_processes=False)
    assert unasked.gaussian_processes is None


def test_members_are_the_samples(ensemble: Ensemble, waves: Dataset) -> None:
    prediction = replace(ensemble, gp_weight=0.0).predict(waves.conditions, waves.times)
    np.testing.assert_allclose(prediction.samples, means(ensemble, waves), rtol=1e-5, atol=1e-5)
    assert prediction.gp_offset is None


def test_where_the_processes_have_a_weight_they_are_drawn_from(
    ensemble: Ensemble, waves: Dataset
) -> None:
    one, two = (
        replace(ensemble, gp_weight=0.5).predict(
            waves.conditions, waves.times, latent_samples=2, seed=seed
        )
        for seed in (0, 1)
    )
    assert len(one.samples) % 3 == 0  # all members equally often
    assert not np.array_equal(one.samples, two.samples)
    np.testing.assert_array_equal(one.mean, two.mean)
    linear, networks = (
        ensemble.pod_gp.predict(waves.conditions, waves.times),
        means(ensemble, waves).mean(axis=0),
    )
    np.testing.assert_allclose(one.gp_offset, linear - networks, rtol=1e-4, atol=1e-4)


def test_a_single_network_is_sampled(ensemble: Ensemble, waves: Dataset) -> None:
    alone = replace(ensemble, members=ensemble.members[:1], member_weights=(1.0,), gp_weight=0.0)
    one, again, other = (
        alone.predict(waves.conditions, waves.times, latent_samples=5, seed=seed).samples
        for seed in (0, 0, 1)
    )
    assert one.shape == (5, 12, *one.shape[2:])
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.std(axis=0).max() > 0


def test_samples_do_not_depend_on_how_many_are_decoded_together(
    ensemble: Ensemble, waves: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = replace(ensemble, members=ensemble.members[:1], member_weights=(1.0,), gp_weight=0.0)
    monkeypatch.setattr(
        "simulgenvae.surrogate.ensemble.ensemble.DECODED_LATENTS", 5 * len(waves.ids)
    )
    together = alone.predict(waves.conditions, waves.times, latent_samples=5).samples
    monkeypatch.setattr(
        "simulgenvae.surrogate.ensemble.ensemble.DECODED_LATENTS", 2 * len(waves.ids)
    )
    in_pairs = alone.predict(waves.conditions, waves.times, latent_samples=5).samples
    np.testing.assert_allclose(in_pairs, together, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_single_network_without_latent_samples_has_no_samples(
    ensemble: Ensemble, waves: Dataset, weight: float
) -> None:
    alone = replace(ensemble, members=ensemble.members[:1], member_weights=(1.0,), gp_weight=weight)
    prediction = alone.predict(waves.conditions, waves.times)
    assert prediction.samples.shape == (0, *prediction.mean.shape)
    assert alone.sample_count(0) == 0


@pytest.mark.parametrize(
    ("members", "weight", "samples"), [(3, 0.0, 0), (3, 0.5, 5), (1, 0.0, 5), (1, 0.5, 20)]
)
def test_samples_are_counted(
    ensemble: Ensemble, waves: Dataset, members: int, weight: float, samples: int
) -> None:
    some = replace(
        ensemble,
        members=ensemble.members[:members],
        member_weights=(1 / members,) * members,
        gp_weight=weight,
    )
    prediction = some.predict(waves.conditions, waves.times, latent_samples=samples)
    assert len(prediction.samples) == some.sample_count(samples)


def test_a_design_is_predicted_the_same_by_itself_and_among_others(
    ensemble: Ensemble, waves: Dataset
) -> None:
    mixed = replace(ensemble, gp_weight=0.4)
    together = mixed.predict(waves.conditions, waves.times, latent_samples=2)
    alone = mixed.predict(waves.conditions.select([7]), waves.times, latent_samples=2)
    np.testing.assert_allclose(alone.mean[0], together.mean[7], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(alone.samples[:, 0], together.samples[:, 7], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0])
def test_spread_is_that_of_the_decoded_samples(
    ensemble: Ensemble, trained: Trained, waves: Dataset, weight: float
) -> None:
    """And of the choice between networks and Gaussian processes."""
    prediction = replace(ensemble, gp_weight=weight).predict(
        waves.conditions, waves.times, latent_samples=2
    )

    def decode(coefficients: np.ndarray) -> np.ndarray:
        return trained.reduction.decode(coefficients).astype(np.float64)

    variance = np.var(decode(prediction.samples[:, 4]), axis=0, ddof=1)
    if prediction.gp_offset is not None:
        mean = prediction.mean[4]
        between = decode(mean + prediction.gp_offset[4]) - decode(mean)
        variance += weight * (1 - weight) * between**2
    expected = np.sqrt(variance + VARIANCE_FLOOR * variance.mean(axis=(0, 1)))
    np.testing.assert_allclose(prediction.spread(4, trained.reduction), expected, rtol=1e-4)


def test_few_axes_have_nearly_all_of_the_variance() -> None:
    """Eleven deviations that are combinations of three and a little noise."""
    rng = np.random.default_rng(0)
    few = rng.normal(size=(3, 7, 5))
    deviations = np.tensordot(rng.normal(size=(11, 3)), few, axes=1)
    deviations += 1e-3 * rng.normal(size=deviations.shape)
    found = principal_deviations(deviations.astype(np.float32))
    assert found.shape == (3, 7, 5)
    modes = rng.normal(size=(5, 200))

    def variance(of: np.ndarray) -> np.ndarray:
        return np.square(of @ modes).sum(axis=0)

    whole, kept = variance(deviations), variance(found)
    floor = VARIANCE_FLOOR * whole.mean()
    np.testing.assert_allclose(kept + floor, whole + floor, rtol=2e-3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_single_and_equal_deviations_keep_their_variance(count: int) -> None:
    deviations = np.ones((count, 4, 3), np.float32)
    found = principal_deviations(deviations)
    assert len(found) == min(count, 1)
    np.testing.assert_allclose(np.square(found).sum(0), np.square(deviations).sum(0), rtol=1e-6)
    nothing = principal_deviations(np.zeros((3, 4, 2), np.float32))
    assert nothing.shape == (1, 4, 2)
    assert not nothing.any()


def test_infinite_deviations_stay_as_they_are() -> None:
    """Those of a design far outside of the trained range shall not end the prediction of others."""
    deviations = np.ones((3, 4, 2), np.float32)
    deviations[1, 2, 0] = np.inf
    np.testing.assert_array_equal(principal_deviations(deviations), deviations)


def test_left_out_runs_give_the_widening_of_processes(ensemble: Ensemble) -> None:
    pod_gp = copy.deepcopy(ensemble.pod_gp)
    pod_gp.leading.deviation_scale = DeviationScale(level=0.5, widening=2.0)
    scaled = replace(ensemble, pod_gp=pod_gp)
    assert replace(scaled, gp_weight=1.0).widening_power == 2.0
    assert replace(scaled, gp_weight=0.25).widening_power == 0.25 * 2.0 + 0.75
    assert replace(ensemble, gp_weight=1.0).widening_power == 4.0


@pytest.mark.parametrize(("gp_weight", "factor"), [(0.0, 2.0), (1.0, 16.0)])
def test_the_spread_grows_outside_the_trained_range(
    ensemble: Ensemble, trained: Trained, waves: Dataset, gp_weight: float, factor: float
) -> None:
    ensemble = replace(ensemble, gp_weight=gp_weight)
    inside = ensemble.predict(waves.conditions, waves.times, latent_samples=2)
    np.testing.assert_allclose(inside.widening[trained.rows["train"]], 1.0)
    lower, upper = np.array(ensemble.scaler.lower), np.array(ensemble.scaler.upper)
    # Twice as far from the middle as the ends of the range are.
    table = np.stack([upper + 0.5 * (upper - lower), upper])
    designs = replace(waves.conditions.select([0, 1]), table=table)
    outside = ensemble.predict(designs, waves.times, latent_samples=2)
    np.testing.assert_allclose(outside.widening, [factor, 1.0])
    plain = replace(outside, widening=np.ones(2))
    np.testing.assert_allclose(
        outside.spread(0, trained.reduction),
        factor * plain.spread(0, trained.reduction),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        outside.total_variance(), [factor**2, 1] * plain.total_variance(), rtol=1e-5
    )


def test_a_single_sample_has_no_spread_but_the_least(
    ensemble: Ensemble, trained: Trained, waves: Dataset
) -> None:
    prediction = replace(ensemble, gp_weight=0.0).predict(waves.conditions, waves.times)
    single = replace(prediction, samples=prediction.samples[:1])
    spread = single.spread(0, trained.reduction)
    assert ((spread > 0) & (spread < 1e-18)).all()
