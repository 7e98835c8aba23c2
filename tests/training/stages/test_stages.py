from __future__ import annotations

import pytest
import torch
from torch import nn

from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.stages.end_to_end import EndToEndStage
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem, Problem

NAMES = ["vae", "conditioner", "end_to_end"]
LOSSES = ["mse", "mae", "smooth_l1", "huber"]


def _batch(problem: Problem, rows: list[int]) -> Batch:
    index = torch.tensor(rows)
    return plain_batch(problem.data, index)


def _reached(module: nn.Module) -> set[str]:
    return {name for name, p in module.named_parameters() if p.grad is not None and p.grad.any()}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
@pytest.mark.parametrize("name", NAMES)
def test_every_stage_has_a_finite_loss_and_error(
    make_problem: MakeProblem, make_settings: MakeSettings, name: str, decoder: str, loss: str
) -> None:
    problem = make_problem(make_settings(model={"decoder": decoder}, loss=loss))
    stage = problem.stage(name)
    for rows in ([0], [1, 2, 3, 4, 5]):
        terms = stage.losses(_batch(problem, rows), 1.0)
        assert all(term.ndim == 0 and term.isfinite() for term in terms.values())
        assert terms["loss"].requires_grad
    with torch.no_grad():
        error = stage.validation_error(_batch(problem, [9, 10]))
    assert error.shape == (() if name == "conditioner" else (2,))
    assert (error > 0).all()


@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
def test_end_to_end_gradients_reach_conditioner_and_decoder(
    make_problem: MakeProblem, make_settings: MakeSettings, decoder: str
) -> None:
    """The error of the predicted field alone must teach both."""
    problem = make_problem(make_settings(model={"decoder": decoder}))
    stage = problem.stage("end_to_end")
    stage.losses(_batch(problem, list(range(9))), 1.0)["prediction"].backward()
    networks = problem.networks
    assert _reached(networks.vae.decoder) == {
        name for name, _ in networks.vae.decoder.named_parameters()
    }
    of_the_mean = {
        name
        for name, _ in networks.conditioner.named_parameters()
        if not name.startswith("log_std.")
    }
    assert _reached(networks.conditioner) == of_the_mean
    assert _reached(networks.vae.encoder) == set()


def test_the_loss_of_networks_that_go_on_teaches_all_three(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings())
    stage = problem.stage("end_to_end")
    assert isinstance(stage, EndToEndStage)
    stage.fine_tunes = True
    stage.losses(_batch(problem, list(range(9))), 1.0)["loss"].backward()
    for part in (
        problem.networks.vae.encoder,
        problem.networks.vae.decoder,
        problem.networks.conditioner,
    ):
        assert _reached(part)


def test_the_conditioner_stage_leaves_the_vae_alone(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings())
    stage = problem.stage("conditioner")
    stage.losses(_batch(problem, [0, 1]), 1.0)["loss"].backward()
    assert _reached(problem.networks.vae) == set()
    assert _reached(problem.networks.conditioner) == {
        n for n, _ in problem.networks.conditioner.named_parameters()
    }
    assert stage.learning_modules == [problem.networks.conditioner]


def test_the_conditioner_stage_aims_at_posterior_means(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    """Targets depend neither on the batch, nor on noise, nor on training mode."""
    problem = make_problem(make_settings())
    first, second = problem.stage("conditioner"), problem.stage("conditioner")
    problem.networks.train()
    one = first.losses(_batch(problem, [3]), 1.0)["latents"]
    assert problem.networks.vae.training
    problem.networks.eval()
    second.losses(_batch(problem, [0, 1]), 1.0)
    torch.testing.assert_close(second.losses(_batch(problem, [3]), 1.0)["latents"], one)


def test_the_kl_weight_acts_on_the_vae(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(alpha=2.0))
    stage, batch = problem.stage("vae"), _batch(problem, [0, 1, 2])
    losses = []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        terms = stage.losses(batch, weight)
        losses.append(terms["loss"])
    divergence = sum(term for name, term in terms.items() if name.startswith("kl/"))
    torch.testing.assert_close(losses[1] - losses[0], divergence / 2.0)
    torch.testing.assert_close(losses[0], terms["reconstruction"])


@pytest.mark.parametrize("name", ["vae", "end_to_end"])
def test_the_error_is_the_mean_over_runs_relative_to_the_training_deviation(
    make_problem: MakeProblem, make_settings: MakeSettings, name: str
) -> None:
    """The decoder gives the mean field for every run."""
    problem = make_problem(make_settings())
    output = problem.networks.vae.decoder.get_submodule("output")
    nn.init.zeros_(output.get_parameter("weight"))
    nn.init.zeros_(output.get_parameter("bias"))
    energy = problem.data.coefficients.double().square().sum((1, 2))
    expected = (energy[9:11] / energy[:9].mean()).sqrt().mean()
    error = problem.stage(name).validation_error(_batch(problem, [9, 10]))
    assert error.mean().item() == pytest.approx(expected.item(), rel=1e-5)
