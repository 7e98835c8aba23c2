"""Decoder that is a function of position and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.deployment import write_model
from simulgenvae.deployment.write import TOLERANCE
from simulgenvae.errors import UserError
from simulgenvae.models.decoders import base, neural_field
from simulgenvae.models.decoders.neural_field import NeuralFieldDecoder
from simulgenvae.models.field_points import FieldPoints
from simulgenvae.models.latents import Latents
from simulgenvae.models.vae import HierarchicalVae
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.settings.schema import ModelSettings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

NODES, VARIABLES, RANK, TIMES = 40, 2, 5, 6
SMALL: dict[str, Any] = {
    "decoder": "field",
    "field_width": 16,
    "filters": (8, 6, 4),
    "latent_dim": 3,
    "hierarchical_dim": 2,
    "time_features": 4,
}


@pytest.fixture
def points() -> FieldPoints:
    random = np.random.default_rng(0)
    rows = np.linalg.qr(random.normal(size=(NODES * VARIABLES, RANK)))[0].astype(np.float32)
    positions = torch.from_numpy(random.uniform(-1, 1, (NODES, 2)).astype(np.float32))
    return FieldPoints(
        positions,
        torch.from_numpy(rows).reshape(NODES, VARIABLES, RANK),
        positions,
        torch.from_numpy(np.ascontiguousarray(rows.T)),
        NODES,
    )


@pytest.fixture
def vae(points: FieldPoints) -> HierarchicalVae:
    torch.manual_seed(0)
    return HierarchicalVae(
        ModelSettings(**SMALL), torch.ones(RANK), torch.linspace(0, 1, TIMES), points
    ).eval()


@pytest.fixture
def latents() -> Latents:
    return Latents(torch.randn(3, 3), torch.randn(3, 2, 2))


@torch.no_grad()
def test_coefficients_are_the_fit_of_the_states_in_any_number_of_parts(
    vae: HierarchicalVae, latents: Latents, points: FieldPoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = vae.decoder(latents, vae.times, torch.arange(NODES)[None])
    assert states.shape == (3, TIMES, NODES, VARIABLES)
    expected = states.flatten(-2) @ points.fit.T
    torch.testing.assert_close(vae.decode(latents), expected)
    monkeypatch.setattr(neural_field, "EVALUATED_TOGETHER", 7 * 3 * TIMES)
    torch.testing.assert_close(vae.decode(latents), expected)
    with torch.enable_grad():
        torch.testing.assert_close(vae.decode(latents), expected)


@torch.no_grad()
def test_states_are_as_large_as_those_of_the_runs(points: FieldPoints, latents: Latents) -> None:
    """However little these differ from each other, training starts with an error near 1."""
    std = torch.full((RANK,), 1e-3)
    vae = HierarchicalVae(ModelSettings(**SMALL), std, torch.linspace(0, 1, TIMES), points)
    states = vae.decoder(latents, vae.times, torch.arange(NODES)[None])
    truth = (torch.randn(1000, RANK) * std) @ points.rows.flatten(0, 1).T
    assert 0.02 < states.std() / truth.std() < 5


@torch.no_grad()
def test_the_error_at_random_points_is_unbiased(
    vae: HierarchicalVae, latents: Latents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "POINTS_PER_STEP", 10)
    truth = torch.randn(3, TIMES, RANK)
    states = vae.decoder(latents, vae.times, torch.arange(NODES)[None]).flatten(-2)
    rows = vae.decoder.get_buffer("rows").flatten(0, 1)
    exact = (states - truth @ rows.T).square().sum(-1)
    vae.train()
    draws = torch.stack([vae.error(latents, truth, vae.times) for _ in range(300)])
    estimates = draws.square().sum(-1)
    assert draws.shape == (300, 3, TIMES, 10 * VARIABLES)
    spread = estimates.std(0) / len(draws) ** 0.5
    assert ((estimates.mean(0) - exact).abs() < 5 * spread).all()


@torch.no_grad()
def test_errors_are_measured_at_the_same_points_each_time(
    vae: HierarchicalVae, latents: Latents
) -> None:
    truth = torch.randn(3, TIMES, RANK)
    first, second = (vae.error(latents, truth, vae.times) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_every_latent_and_every_weight_has_an_effect(
    vae: HierarchicalVae, latents: Latents
) -> None:
    z, h = latents.z.requires_grad_(), latents.h.requires_grad_()
    vae.decoder(Latents(z, h), vae.times, torch.arange(4)[None]).square().sum().backward()
    inputs = (z, h, *vae.decoder.parameters())
    assert all(value.grad is not None and value.grad.any() for value in inputs)


def test_runs_have_their_own_times(vae: HierarchicalVae, latents: Latents) -> None:
    times = torch.rand(3, 4)
    together = vae.decode(latents, times)
    for run in range(3):
        own = Latents(latents.z[run : run + 1], latents.h[run : run + 1])
        torch.testing.assert_close(vae.decode(own, times[run])[0], together[run])


def test_it_learns_is_saved_read_and_exported(
    make_waves: Callable[..., Dataset], make_settings: Callable[..., Settings], tmp_path: Any
) -> None:
    waves = make_waves(variables=2)
    settings = make_settings(
        120, {"decoder": "field", "field_width": 32}, end_to_end={"learning_rate": 0.01}
    )
    study = StudyFolder(tmp_path)
    trained = fit(waves, settings, study=study)
    assert isinstance(trained.networks.vae.decoder, NeuralFieldDecoder)
    errors = [entry.train_error for entry in trained.info.history]
    assert errors[-1] < 0.5 * errors[0]
    times = np.array([0.0, 0.33])
    expected = trained.predict(waves.conditions, times=times)["fields"]
    found = Surrogate.load(study).predict(waves.conditions, times=times)["fields"]
    np.testing.assert_array_equal(found, expected)
    assert write_model(trained, tmp_path / "model.pt2") < TOLERANCE


def test_nodes_without_positions_are_refused(
    waves: Dataset, make_settings: Callable[..., Settings]
) -> None:
    without = Dataset.from_arrays(
        np.stack([waves.run(run) for run in range(12)]), waves.conditions, times=waves.times
    )
    with pytest.raises(UserError, match="a function of position, and this study has no node pos"):
        fit(without, make_settings(2, {"decoder": "field"}))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"reduction": {"method": "none"}}, r"needs reduction\.method = pod"),
        ({"training": {"loss": "mae"}}, "learns from mean squares only"),
        ({"training": {"end_to_end": {"loss": "huber"}}}, "learns from mean squares only"),
    ],
)
def test_what_a_field_cannot_learn_from_is_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings.model_validate({"model": {"decoder": "field"}, **other})
