"""Choices for a device, and what becomes of choices that fail there.

What they change is in ``test_performance.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.settings import PerformanceSettings
from simulgenvae.training.acceleration import Acceleration, acceleration, keep_working, losses_for
from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.stages.vae import VaeStage
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem

CPU, GPU = torch.device("cpu"), torch.device("cuda")
PLAIN = Acceleration(mixed_precision=False, compile=False, cuda_graphs=False)


class _Wrong(VaeStage):
    """Finds something else in half precision."""

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        factor = 1.2 if torch.is_autocast_enabled("cpu") else 1.0
        return {name: factor * term for name, term in super().losses(batch, kl_weight).items()}


class _Failing(VaeStage):
    """Has no half precision."""

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("no such kernel\nfor this device")
        return super().losses(batch, kl_weight)


@pytest.fixture
def ready(make_problem: MakeProblem, make_settings: MakeSettings) -> Callable[..., VaeStage]:
    def make(kind: type[VaeStage] = VaeStage) -> VaeStage:
        stage = make_problem(make_settings(model={"width": 384})).stage("vae", kind)
        assert isinstance(stage, VaeStage)
        stage.networks.train()
        return stage

    return make


def test_a_processor_computes_plainly_unless_it_is_asked() -> None:
    assert acceleration(PerformanceSettings(), CPU, 10**6) == PLAIN
    asked = PerformanceSettings(mixed_precision=True, compile=True)
    assert acceleration(asked, CPU, 0) == Acceleration(
        mixed_precision=True, compile=True, cuda_graphs=False
    )


def test_a_gpu_is_used_as_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "triton")
    assert acceleration(PerformanceSettings(), GPU, 10**6) == Acceleration(True, True, True)
    assert acceleration(PerformanceSettings(), GPU, 100) == Acceleration(True, False, False)
    assert acceleration(PerformanceSettings(cuda_graphs=True), GPU, 100) == Acceleration(
        True, True, True
    )
    assert acceleration(PerformanceSettings(cuda_graphs=False), GPU, 10**6) == Acceleration(
        True, True, False
    )
    assert (
        acceleration(PerformanceSettings(mixed_precision=False, compile=False), GPU, 10**6) == PLAIN
    )


def test_graphs_need_a_gpu_and_compilation() -> None:
    with pytest.raises(UserError, match="cuda_graphs needs a GPU"):
        acceleration(PerformanceSettings(cuda_graphs=True), CPU, 0)
    with pytest.raises(ValueError, match="cuda_graphs needs compile"):
        PerformanceSettings(compile=False, cuda_graphs=True)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (VaeStage, None),
        (
            _Wrong,
            "VAE: without training.performance.mixed_precision, with which it changes a loss or "
            "its gradient by 20 %",
        ),
        (
            _Failing,
            "VAE: without training.performance.mixed_precision, with which it fails here "
            "(RuntimeError: no such kernel)",
        ),
    ],
)
def test_a_choice_is_proven_first(
    ready: Callable[..., VaeStage], kind: type[VaeStage], message: str | None
) -> None:
    stage, half = ready(kind), PLAIN._replace(mixed_precision=True)
    said: list[str] = []
    before = {name: value.clone() for name, value in stage.networks.state_dict().items()}
    torch.manual_seed(3)
    used = keep_working(stage, half, ["mixed_precision"], lambda: _batch(stage), said.append)
    assert said == ([] if message is None else [message])
    assert used == (half if message is None else PLAIN)
    # Nothing is left of the comparison.
    drawn = torch.rand(())
    torch.manual_seed(3)
    assert torch.rand(()) == drawn
    assert all(
        torch.equal(value, before[name]) for name, value in stage.networks.state_dict().items()
    )
    assert all(parameter.grad is None for parameter in stage.networks.parameters())


def test_what_was_asked_for_is_not_taken_away(ready: Callable[..., VaeStage]) -> None:
    stage = ready(_Failing)
    said: list[str] = []
    losses = losses_for(
        stage, PerformanceSettings(mixed_precision=True), lambda: _batch(stage), 1, said.append
    )
    assert said == ["VAE: mixed_precision"]
    with pytest.raises(RuntimeError, match="no such kernel"):
        losses(_batch(stage), 1.0)


def test_a_compiler_that_fails_is_done_without(
    ready: Callable[..., VaeStage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(torch, "compile", missing)
    said: list[str] = []
    stage, used = ready(), PLAIN._replace(mixed_precision=True, compile=True)
    left = keep_working(
        stage, used, ["compile", "mixed_precision"], lambda: _batch(stage), said.append
    )
    assert left == PLAIN._replace(mixed_precision=True)
    assert said == [
        "VAE: without training.performance.compile, with which it fails here (RuntimeError)"
    ]


def _batch(stage: VaeStage) -> Batch:
    return plain_batch(stage.data, torch.arange(4))
