from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.distributed.tensor import DTensor

from simulgenvae.distributed import collectives
from simulgenvae.settings import Settings
from simulgenvae.training.checkpoint import load_checkpoint
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.node_shards import (
    clip_gradients,
    gradient_norm,
    join_node_layers,
    node_layers,
    shard_node_layers,
)
from simulgenvae.training.optim.optimizers import Optimizers
from simulgenvae.training.stages import STAGES
from tests.training.conftest import MakeProblem

IDENTITY = TrainingIdentity(Settings(), "waves", ("vae",), (), ())
ROUNDING = 1e-5
"""Relative difference after some steps: sums over runs are rounded in another order."""


@pytest.fixture
def make_direct(
    make_problem: MakeProblem, make_settings: Callable[..., Settings]
) -> Callable[..., Any]:
    """Return a function that makes a problem of 30 nodes, whose fields are not reduced.

    Not every number of ranks divides 30.
    """

    def make(**speed: bool) -> Any:
        stage = {"batch_size": 4, "steps": 12, "learning_rate": 2e-3}
        settings = make_settings(
            stage=stage,
            model={"decoder": "convolutional"},
            optimizer="adamw",
            validate_every=2,
            performance=speed,
        )
        direct = settings.reduction.model_copy(update={"method": "none"})
        return make_problem(settings.model_copy(update={"reduction": direct}))

    return make


@pytest.fixture
def train(
    make_direct: Callable[..., Any], pressing_ctrl_c: Callable[..., Any]
) -> Callable[..., Any]:
    """Train all stages, with parts where there are ranks.

    Return None if a step of the last one, ``stop``, was interrupted.
    """

    def run(folder: Path | None = None, stop: int | None = None, **speed: bool) -> Any:
        problem = make_direct(**speed)
        shard_node_layers(problem.networks)
        loop = problem.loop(folder)
        kind = STAGES["end_to_end"].stage_class
        last = kind if stop is None else pressing_ctrl_c(kind, stop)
        stages = [
            problem.stage("vae"),
            problem.stage("conditioner"),
            problem.stage("end_to_end", last),
        ]
        checkpoint = None
        if folder is not None and (folder / "last.safetensors").exists():
            checkpoint = load_checkpoint(folder / "last.safetensors", IDENTITY)
        try:
            history = loop.run(stages, checkpoint).history
        except Interrupted:
            return None
        join_node_layers(problem.networks)
        return history, {
            name: value.numpy() for name, value in problem.networks.state_dict().items()
        }

    return run


def _assert_same(found: Any, expected: Any) -> None:
    for entry, other in zip(found[0], expected[0], strict=True):
        for name in ("train_loss", "validation_error", "train_error"):
            assert getattr(entry, name) == pytest.approx(getattr(other, name), rel=ROUNDING)
    for name, value in expected[1].items():
        np.testing.assert_allclose(
            found[1][name], value, rtol=0, atol=ROUNDING * max(1, np.abs(value).max())
        )


@pytest.mark.parametrize(
    "speed", [{}, {"gradient_checkpointing": True}], ids=["held", "recomputed"]
)
@pytest.mark.parametrize("count", [2, 4])
def test_ranks_with_parts_learn_what_one_process_does(
    train: Callable[..., Any], run_ranks: Callable[..., Any], count: int, speed: dict[str, bool]
) -> None:
    alone = train(**speed)
    for found in run_ranks(count, lambda: train(**speed)):
        _assert_same(found, alone)


@pytest.mark.parametrize(("wrote", "reads"), [(2, 3), (3, 1), (1, 2)])
def test_a_checkpoint_goes_on_in_any_number_of_ranks(
    train: Callable[..., Any], run_ranks: Callable[..., Any], tmp_path: Path, wrote: int, reads: int
) -> None:
    assert run_ranks(wrote, lambda: train(tmp_path, stop=3)) == [None] * wrote
    progress = load_checkpoint(tmp_path / "last.safetensors", IDENTITY).progress
    assert (progress.stage, progress.step > 0) == (2, True)
    for found in run_ranks(reads, lambda: train(tmp_path)):
        _assert_same(found, train())


def test_each_rank_holds_its_part_of_weights_gradients_and_moments(
    make_direct: Callable[..., Any], run_ranks: Callable[..., Any]
) -> None:
    def work() -> list[tuple[int, ...]]:
        problem = make_direct()
        shard_node_layers(problem.networks)
        layer = problem.networks.vae.encoder.input
        optimizers = Optimizers([problem.networks.vae], "adamw", 0.01)
        layer(torch.ones(1, 30, 8)).sum().backward()
        optimizers.step(1e-3, torch.ones((), dtype=torch.bool))
        moments = [each for each in optimizers.arrays().values() if isinstance(each, DTensor)]
        assert len(moments) == 2
        return [
            tuple(each.to_local().shape) for each in (layer.weight, layer.weight.grad, *moments)
        ]

    first, second, third = run_ranks(3, work)
    assert [first[0], second[0], third[0]] == [(6, 30, 1), (6, 30, 1), (4, 30, 1)], "16 filters"
    assert all(len(set(shapes)) == 1 for shapes in (first, second, third))


@pytest.mark.parametrize("longest", [1e-3, 1e9])
def test_gradients_are_measured_and_scaled_all_together(
    make_direct: Callable[..., Any], run_ranks: Callable[..., Any], longest: float
) -> None:
    def work() -> tuple[float, float]:
        networks = make_direct().networks
        shard_node_layers(networks)
        loss = sum(
            layer(torch.ones(1, layer.in_channels, 8)).square().sum()
            for layer in node_layers(networks)
        )
        loss.backward()
        parameters = list(networks.parameters())
        norm = gradient_norm(parameters)
        clip_gradients(parameters, norm, longest)
        return float(norm), float(gradient_norm(parameters))

    before, after = work()
    assert after == pytest.approx(min(before, longest), rel=1e-4)
    assert collectives.world_size() == 1
    for found in run_ranks(2, work):
        assert found == pytest.approx((before, after), rel=1e-5)


def test_parts_are_for_layers_as_large_as_the_mesh() -> None:
    with pytest.raises(ValidationError, match=r"shard_nodes is for reduction\.method = none"):
        Settings.model_validate({"training": {"performance": {"shard_nodes": True}}})
    direct = {
        "reduction": {"method": "none"},
        "training": {"performance": {"shard_nodes": True, "compile": True}},
    }
    with pytest.raises(ValidationError, match="no place for compile"):
        Settings.model_validate(direct)
