"""Reconstruction by all networks."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.models.networks import Networks
from simulgenvae.models.refinement import refined
from simulgenvae.surrogate.ensemble.reconstruct import latents_of_others, reconstructed
from simulgenvae.surrogate.surrogate import Surrogate


@pytest.fixture
def run(with_field: Surrogate, waves: Dataset) -> torch.Tensor:
    return torch.from_numpy(with_field.reduction.encode(waves.run(2)))


def _of_members(surrogate: Surrogate, *numbers: int) -> Surrogate:
    """Return the surrogate with these members only; the first one gives the latents."""
    ensemble = surrogate.ensemble
    assert ensemble is not None
    assert ensemble.predicted_latents is not None
    few = replace(
        ensemble,
        members=tuple(ensemble.members[number] for number in numbers),
        member_weights=(1 / len(numbers),) * len(numbers),
        predicted_latents=ensemble.predicted_latents[list(numbers)],
    )
    return replace(surrogate, ensemble=few)


def _error(surrogate: Surrogate, run: torch.Tensor) -> float:
    return float(np.linalg.norm(reconstructed(surrogate, run) - run.numpy()))


def test_a_network_that_cannot_make_the_run_does_not_count(
    with_field: Surrogate, run: torch.Tensor
) -> None:
    both = _of_members(with_field, 0, 1)
    assert both.ensemble is not None
    broken = copy.deepcopy(both.ensemble.members[1])
    assert isinstance(broken, Networks)
    with torch.no_grad():
        broken.vae.decoder.get_parameter("output.bias").add_(100)
    ensemble = replace(both.ensemble, members=(both.ensemble.members[0], broken))
    found = reconstructed(replace(both, ensemble=ensemble), run)
    alone = reconstructed(_of_members(with_field, 0), run)
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-5)


def test_the_first_network_alone_is_what_encode_and_decode_give(
    with_field: Surrogate, run: torch.Tensor, waves: Dataset
) -> None:
    found = reconstructed(_of_members(with_field, 0), run)
    alone = with_field.decode(with_field.encode(waves.run(2)))[0]
    np.testing.assert_allclose(with_field.reduction.decode(found), alone, rtol=1e-4, atol=1e-4)


def test_latents_of_training_runs_are_mapped_to_those_of_the_other_networks(
    with_field: Surrogate,
) -> None:
    assert with_field.ensemble is not None
    predicted = with_field.ensemble.predicted_latents
    assert predicted is not None
    for run in range(predicted.shape[1]):
        found = np.concatenate(latents_of_others(predicted, predicted[0, run][None]))
        np.testing.assert_allclose(found, predicted[1:, run], atol=0.02)


def test_latents_of_another_network_are_refined_for_the_run(
    with_field: Surrogate, run: torch.Tensor, waves: Dataset
) -> None:
    """They make the run no worse than those that this network predicts for its design."""
    assert with_field.ensemble is not None
    second = with_field.ensemble.members[1]
    assert isinstance(second, Networks)
    latents = second.predicted_latents(waves.conditions.select([2]), with_field.condition_scaler)
    vae = second.vae
    with torch.inference_mode():
        predicted = vae.decode(vae.latents_from_flat(latents))[0].numpy()
    both = _of_members(with_field, 0, 1)
    assert _error(both, run) <= np.linalg.norm(predicted - run.numpy())


def test_a_model_without_latents_of_all_networks_uses_the_first(
    with_field: Surrogate, run: torch.Tensor
) -> None:
    assert with_field.ensemble is not None
    earlier = replace(with_field, ensemble=replace(with_field.ensemble, predicted_latents=None))
    vae = with_field.networks.vae
    with torch.inference_mode():
        alone = vae.decode(refined(vae, vae.encode(run[None])[0], run))[0].numpy()
    np.testing.assert_array_equal(reconstructed(earlier, run), alone)
