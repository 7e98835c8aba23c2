from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from simulgenvae.errors import UserError
from simulgenvae.training.guards import MOST_SKIPPED, longest_gradient, require_finite_loss
from simulgenvae.utils.tensor_file import read_tensors
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


def test_exploding_losses_stop_with_advice_and_keep_the_checkpoint(
    make_problem: MakeProblem, make_settings: MakeSettings, tmp_path: Path
) -> None:
    settings = make_settings(
        steps=50, stage={"learning_rate": 1e20}, optimizer="adamw", skip_gradient=1e30
    )
    problem = make_problem(settings)
    with pytest.raises(UserError, match=r"stage vae became NaN or infinite at step \d+") as caught:
        problem.loop(tmp_path).run([problem.stage("vae")])
    assert "training.vae.learning_rate" in str(caught.value)
    assert all(
        value.isfinite().all() for value in read_tensors(tmp_path / "last.safetensors")[0].values()
    )


def test_a_validation_error_that_is_no_number_stops_with_advice(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings())
    coefficients = problem.data.coefficients
    assert isinstance(coefficients, torch.Tensor)
    coefficients[9] = 1e30
    with pytest.raises(UserError, match="validation error of stage vae is NaN or infinite"):
        problem.loop().run([problem.stage("vae")])


def test_the_terms_that_are_no_numbers_are_named(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    stage = make_problem(make_settings()).stage("vae")
    nan, one = math.nan, 1.0
    require_finite_loss(stage, 7, {"loss": one, "kl": nan})  # of which the loss knows nothing
    with pytest.raises(UserError, match=r"at step 7 \(in: kl, latents\)"):
        require_finite_loss(stage, 7, {"loss": nan, "kl": nan, "fields": one, "latents": math.inf})
    with pytest.raises(UserError, match=r"\(in: their sum\)"):
        require_finite_loss(stage, 7, {"loss": nan, "kl": one})


def test_a_training_whose_every_step_is_skipped_stops_with_advice(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(steps=MOST_SKIPPED + 50, skip_gradient=1e-12))
    with pytest.raises(
        UserError, match=rf"{MOST_SKIPPED} steps running, the last at step {MOST_SKIPPED}:"
    ) as caught:
        problem.loop().run([problem.stage("vae")])
    assert "(training.skip_gradient: 1e-12)" in str(caught.value)
    assert "training.vae.learning_rate" in str(caught.value)


@pytest.mark.parametrize(
    ("first", "longest"),
    [(1e-3, 1e3), (1.0, 1e3), (1250.0, 1.25e6), (math.inf, 1e3), (math.nan, 1e3)],
)
def test_long_gradients_are_usual_where_the_first_one_is_long(first: float, longest: float) -> None:
    assert float(longest_gradient(1e3, torch.tensor(first))) == pytest.approx(longest)
