"""Encoder of a network that predicts already."""

from __future__ import annotations

import pytest
import torch

from simulgenvae.training.batch import plain_batch
from simulgenvae.training.stages.encoder import STEPS, EncoderStage
from simulgenvae.training.stages.end_to_end import EndToEndStage
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


def _stage(make_problem: MakeProblem, make_settings: MakeSettings, decoder: str) -> EncoderStage:
    settings = make_settings(model={"decoder": decoder}, end_to_end={"steps": 60})
    stage = make_problem(settings).stage("end_to_end")
    assert isinstance(stage, EndToEndStage)
    return EncoderStage({stage: stage})


@pytest.mark.parametrize("decoder", ["modulated", "convolutional", "field"])
def test_the_encoder_learns_and_what_predicts_does_not(
    make_problem: MakeProblem, make_settings: MakeSettings, decoder: str
) -> None:
    stage = _stage(make_problem, make_settings, decoder)
    networks = stage.networks
    terms = stage.losses(plain_batch(stage.data, torch.arange(9)), 1.0)
    terms["loss"].backward()
    for module in stage.learning_modules:
        assert any(p.grad is not None and p.grad.any() for p in module.parameters())
    assert not any(p.grad is not None and p.grad.any() for p in networks.vae.decoder.parameters())
    with torch.no_grad():
        error = stage.validation_error(plain_batch(stage.data, torch.tensor([9, 10])))
    assert error.isfinite().all()


def test_the_stage_has_a_label_steps_and_random_numbers_of_its_own(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    stage = _stage(make_problem, make_settings, "modulated")
    assert stage.label == "end_to_end_encoder"
    assert stage.own_settings.steps == STEPS * 60
    assert stage.continues == "end_to_end"
    assert stage.number != stage.chosen.number


def test_training_lowers_the_error_of_reconstructions_and_keeps_predictions(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    settings = make_settings(end_to_end={"steps": 200})
    problem = make_problem(settings)
    first = problem.stage("end_to_end")
    assert isinstance(first, EndToEndStage)
    encoder = EncoderStage({first: first})
    batch = plain_batch(problem.data, torch.from_numpy(problem.data.rows["train"]))
    loop = problem.loop()
    loop.run([first])
    problem.networks.eval()
    with torch.no_grad():
        predicted = problem.networks.conditioner(batch.conditions).mean
        before = float(encoder.reconstruction_errors(batch).mean())
    problem.loop().results["end_to_end"] = loop.results["end_to_end"]
    loop.context.progress.stage = 0
    loop.run([encoder])
    problem.networks.eval()
    with torch.no_grad():
        after = float(encoder.reconstruction_errors(batch).mean())
        assert torch.equal(problem.networks.conditioner(batch.conditions).mean, predicted)
        latents = problem.networks.vae.encode(batch.coefficients)[0].flat()
    assert after < 0.5 * before
    # Else refinement starts where the decoder makes nothing like a run.
    assert (latents - predicted).square().mean() < 0.5 * predicted.var(0).mean()
