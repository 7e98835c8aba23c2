"""Batches, guards, validation and choice of weights.

What is about whole trainings is in test_train.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.reduction.joint_norms import JointNorms
from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.checkpoint import load_checkpoint
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.stages.base import Stage
from simulgenvae.training.stages.conditioner import ConditionerStage
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.vae import VaeStage
from simulgenvae.utils.formatting import percent
from simulgenvae.utils.progress import progress_on
from simulgenvae.utils.tensor_file import read_tensors
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


class Recorded(VaeStage):
    """A stage that remembers its batches."""

    seen: list[list[int]]

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        self.seen = [*getattr(self, "seen", []), batch.rows.tolist()]
        return super().losses(batch, kl_weight)


@pytest.mark.parametrize(("size", "per_epoch"), [(1, 9), (4, 3), (9, 1)])
def test_batches_of_an_epoch_cover_every_training_run_once(
    make_problem: MakeProblem, make_settings: MakeSettings, size: int, per_epoch: int
) -> None:
    problem = make_problem(make_settings(stage={"epochs": 3, "batch_size": size}))
    stage = problem.stage("vae", Recorded)
    assert isinstance(stage, Recorded)
    problem.loop().run([stage])
    assert len(stage.seen) == 3 * per_epoch
    epochs = [stage.seen[k : k + per_epoch] for k in range(0, len(stage.seen), per_epoch)]
    orders = [[row for batch in epoch for row in batch] for epoch in epochs]
    assert all(sorted(order) == list(range(9)) for order in orders)
    assert all(len(batch) <= size for batch in stage.seen)
    assert len(set(map(tuple, orders))) == 3, "another order every epoch"


def test_a_default_batch_larger_than_the_training_set_is_reduced(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(steps=3))
    stage = problem.stage("vae", Recorded)
    assert isinstance(stage, Recorded)
    problem.loop().run([stage])
    assert [sorted(rows) for rows in stage.seen] == [list(range(9))] * 3


def test_steps_with_exploding_gradients_are_skipped_and_counted(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(steps=7, skip_gradient=1e-12))
    before = {name: value.clone() for name, value in problem.networks.state_dict().items()}
    progress = problem.loop().run([problem.stage("vae"), problem.stage("conditioner")])
    assert progress.skipped == 14
    assert all(
        torch.equal(value, before[name]) for name, value in problem.networks.state_dict().items()
    )


def _scaled(kind: type[Stage], scales: list[float]) -> type[Stage]:
    """Return a stage whose losses are multiplied by one number after the other."""

    class Scaled(kind):  # type: ignore[valid-type, misc]  # the base is chosen at runtime
        def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
            scale = scales.pop(0)
            terms = super().losses(batch, kl_weight)
            return {name: scale * term for name, term in terms.items()}

    return Scaled


def test_a_loss_of_any_scale_is_learned_from_and_what_explodes_is_skipped(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    """Conditioners of smooth studies begin with gradients of a length above 1000."""
    problem = make_problem(make_settings(steps=4))
    stage = _scaled(type(problem.stage("vae")), [1e6, 1e6, 1e13, 1e6])
    progress = problem.loop().run([problem.stage("vae", stage)])
    assert progress.gradient_at_start is not None
    assert progress.gradient_at_start > problem.settings.training.skip_gradient
    assert progress.skipped == 1


def test_training_stops_early_when_patience_is_over(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    """Nothing is learned, so that only the first validation is an improvement."""
    settings = make_settings(
        steps=100, stage={"patience": 3}, skip_gradient=1e-12, validate_every=2
    )
    progress = (
        (problem := make_problem(settings))
        .loop()
        .run([problem.stage("vae"), problem.stage("conditioner")])
    )
    assert [each.stage for each in progress.history] == ["vae"] * 4 + ["conditioner"] * 4
    assert [each.step for each in progress.history[:4]] == [2, 4, 6, 8]


def test_without_patience_the_whole_budget_is_used_and_the_end_is_validated(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    settings = make_settings(steps=25, skip_gradient=1e-12)
    progress = (problem := make_problem(settings)).loop().run([problem.stage("vae")])
    assert [each.step for each in progress.history] == [10, 20, 25]


@pytest.mark.parametrize("name", ["vae", "conditioner", "end_to_end"])
def test_the_weights_of_the_best_validation_are_used(
    make_problem: MakeProblem, make_settings: MakeSettings, tmp_path: Path, name: str
) -> None:
    """They are not the last, because the last steps climb the loss."""
    rates = {"learning_rate": 0.01, "final_learning_rate": 0.99, "warmup": 0.0}
    settings = make_settings(
        steps=16, stage=rates, validate_every=1, optimizer="adamw", skip_gradient=1e30
    )
    problem = make_problem(settings)
    kind = type(problem.stage(name))

    class Climbing(kind):  # type: ignore[valid-type, misc]  # the base is chosen at runtime
        calls = 0

        def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
            self.calls += 1
            terms = super().losses(batch, kl_weight)
            return terms if self.calls <= 6 else {"loss": -100 * terms["loss"]}

    stage = problem.stage(name, Climbing)
    history = problem.loop(tmp_path).run([stage]).history
    errors = [each.validation_error for each in history]
    assert min(errors) < errors[-1], "otherwise this test shows nothing"
    rows = torch.from_numpy(problem.data.validation_rows)
    batch = plain_batch(problem.data, rows)
    problem.networks.eval()
    with torch.no_grad():
        assert float(stage.validation_error(batch).mean()) == pytest.approx(min(errors), rel=1e-5)
    kept, _ = read_tensors(tmp_path / f"{name}.safetensors")
    assert all(
        torch.equal(value, kept[key]) for key, value in problem.networks.state_dict().items()
    )


def test_a_stage_changes_only_what_it_trains(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings())
    for name, frozen in (("vae", "conditioner."), ("conditioner", "vae.")):
        before = {key: value.clone() for key, value in problem.networks.state_dict().items()}
        problem.loop().run([problem.stage(name)])
        after = problem.networks.state_dict()
        assert all(torch.equal(after[key], before[key]) for key in before if key.startswith(frozen))
        assert any(
            not torch.equal(after[key], before[key]) for key in before if not key.startswith(frozen)
        )


def test_training_loss_of_the_history_is_the_mean_since_the_last_validation(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    class Scripted(VaeStage):
        value = 0.0

        def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
            Scripted.value += 1.0
            loss = super().losses(batch, kl_weight)["loss"]
            return {"loss": loss - loss.detach() + Scripted.value}

    problem = make_problem(make_settings(steps=6, validate_every=3))
    history = problem.loop().run([problem.stage("vae", Scripted)]).history
    assert [each.train_loss for each in history] == pytest.approx([2.0, 5.0])


def test_the_training_error_of_the_history_is_the_validation_error_of_training_runs(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(steps=6, validate_every=6))
    stage = problem.stage("vae")
    entry = problem.loop().run([stage]).history[-1]
    problem.networks.eval()
    with torch.no_grad():
        errors = [
            float(stage.validation_error(plain_batch(problem.data, torch.from_numpy(rows))).mean())
            for rows in (problem.data.train_error_rows, problem.data.rows["validation"])
        ]
    assert [entry.train_error, entry.validation_error] == pytest.approx(errors, rel=1e-5)


def test_the_error_of_a_finished_stage_is_shown_by_the_measure_of_the_report(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings(steps=4, validate_every=2))
    data = replace(problem.data, norms=JointNorms(problem.reduction))
    problem = replace(problem, data=data)
    text = io.StringIO()
    loop = problem.loop()
    with progress_on(Console(file=text, width=200)):
        loop.context.log = TrainingLog(None)
    stage = problem.stage("end_to_end")
    history = loop.run([stage]).history
    best = min(history, key=lambda each: each.validation_error)
    assert best.joint_error is not None
    assert f"is trained: error {percent(best.joint_error)}" in text.getvalue()
    # The fields of the report: all of the deviation from the mean of the variable counts.
    rows = problem.data.rows["validation"]
    batch = plain_batch(problem.data, torch.from_numpy(rows))
    problem.networks.eval()
    with torch.no_grad():
        latents = problem.networks.vae.latents_from_flat(
            problem.networks.conditioner(batch.conditions).mean
        )
        predicted = problem.networks.vae.decode(latents, problem.data.times).numpy()
    truth = np.stack([problem.dataset.run(int(row)) for row in rows])
    training = np.stack([problem.dataset.run(int(row)) for row in problem.data.rows["train"]])
    errors = np.linalg.norm((problem.reduction.decode(predicted) - truth).reshape(2, -1), axis=1)
    sizes = np.linalg.norm((truth - training.mean()).reshape(2, -1), axis=1)
    assert best.joint_error == pytest.approx((errors / sizes).mean(), rel=0.01)


def test_running_out_of_memory_says_what_to_change(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    class Huge(VaeStage):
        def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
            torch.empty(2**60)
            raise AssertionError("there is that much memory?")

    problem = make_problem(make_settings())
    with pytest.raises(UserError, match=r"stage vae ran out of memory.*training\.vae\.batch_size"):
        problem.loop().run([problem.stage("vae", Huge)])


@pytest.mark.parametrize(
    ("at", "optimizer"), [(1, "muon"), (5, "adamw"), (8, "muon"), (12, "muon")]
)
@pytest.mark.parametrize("kind", [VaeStage, ConditionerStage, EndToEndStage])
def test_ctrl_c_and_resuming_is_bit_for_bit_uninterrupted(
    make_problem: MakeProblem,
    make_settings: MakeSettings,
    pressing_ctrl_c: Callable[..., type[Stage]],
    tmp_path: Path,
    kind: type[Stage],
    at: int,
    optimizer: str,
) -> None:
    """Each stage by itself after another one, with early stopping, dropout and a sampled loss."""
    settings = make_settings(
        12,
        stage={"batch_size": 4, "patience": 4},
        validate_every=2,
        loss="mae",
        optimizer=optimizer,
    )
    dropout = settings.conditioner.model_copy(update={"dropout": 0.3})
    settings = settings.model_copy(update={"conditioner": dropout})

    whole, cut, again = (make_problem(settings) for _ in range(3))
    progress = whole.loop().run([whole.stage("vae"), whole.stage(kind.name, kind)])
    with pytest.raises(Interrupted, match="--resume"):
        cut.loop(tmp_path).run([cut.stage("vae"), cut.stage(kind.name, pressing_ctrl_c(kind, at))])
    checkpoint = load_checkpoint(tmp_path / "last.safetensors", cut.identity)
    assert (checkpoint.progress.stage, checkpoint.progress.step) == (1, at)
    torch.manual_seed(12345)
    resumed = again.loop(tmp_path).run(
        [again.stage("vae"), again.stage(kind.name, kind)], checkpoint
    )
    assert resumed == progress
    weights = again.networks.state_dict()
    for name, value in whole.networks.state_dict().items():
        assert torch.equal(value, weights[name]), name
