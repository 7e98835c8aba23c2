"""Half precision, translated losses and recorded steps: chosen for the device, and compared with
the plain path."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.settings import PerformanceSettings
from simulgenvae.training.augmentation import Batch
from simulgenvae.training.node_shards import gradient_norm
from simulgenvae.training.performance import same_weights_again
from simulgenvae.training.stages.base import Stage

Losses = Callable[[Batch, float], dict[str, Tensor]]

STEPS_WORTH_COMPILING = 20_000
"""Steps of a stage from which on translating its loss, about a minute's work, is chosen without
being asked for."""
CALLS = 3
"""Of a loss before it is compared: a step is recorded at the second one, and replayed at the
third."""
TOLERANCE, HALF_TOLERANCE = 1e-3, 5e-2
"""Relative difference of loss and gradient norm that rounding may make, in single precision and
with bfloat16."""


class Acceleration(NamedTuple):
    """What of ``training.performance`` is at work in a stage."""

    mixed_precision: bool
    compile: bool
    cuda_graphs: bool

    def __str__(self) -> str:
        return ", ".join(name for name, used in self._asdict().items() if used) or "none"


def acceleration(settings: PerformanceSettings, device: torch.device, steps: int) -> Acceleration:
    """Decide for a stage of so many steps what the settings leave open: all that pays on a GPU,
    nothing elsewhere.

    Raises UserError for what was asked for and the device cannot do.
    """
    gpu = device.type == "cuda"
    if settings.cuda_graphs is True and not gpu:
        raise UserError(
            "training.performance.cuda_graphs needs a GPU: leave it out, or set training.device "
            "= cuda there."
        )
    half = gpu and torch.cuda.is_bf16_supported(including_emulation=False)
    pays = gpu and steps >= STEPS_WORTH_COMPILING and importlib.util.find_spec("triton") is not None
    pays = pays and not settings.shard_nodes
    translate = (
        pays or settings.cuda_graphs is True if settings.compile == "auto" else settings.compile
    )
    return Acceleration(
        half if settings.mixed_precision == "auto" else settings.mixed_precision,
        translate,
        gpu and translate if settings.cuda_graphs == "auto" else settings.cuda_graphs,
    )


def precision(mixed: bool, device: torch.device) -> torch.autocast:
    """Around the computation of a loss, not around its backward pass."""
    return torch.autocast(device.type, torch.bfloat16, enabled=mixed)


def accelerated(losses: Losses, used: Acceleration, device: torch.device) -> Losses:
    """``losses`` computed that way; they draw the random numbers that they would draw as they
    are."""
    function: Callable[..., Any] = losses
    if used.compile:
        function = torch.compile(
            losses, options={"fallback_random": True, "triton.cudagraphs": used.cuda_graphs}
        )

    def run(batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        with precision(used.mixed_precision, device):
            found: dict[str, Tensor] = function(batch, kl_weight)
        return found

    return run


def losses_for(
    stage: Stage,
    settings: PerformanceSettings,
    batch: Callable[[], Batch],
    steps: int,
    message: Callable[[str], None],
) -> Losses:
    """The stage's losses, as fast as the device allows; what was not asked for by name is
    :func:`proven` first."""
    used = acceleration(settings, stage.data.device, steps)
    chosen = [name for name in reversed(Acceleration._fields) if getattr(settings, name) == "auto"]
    used = proven(stage, used, chosen, batch, message)
    if any(used):
        message(f"{stage.label}: {used}")
    return accelerated(stage.losses, used, stage.data.device)


def proven(
    stage: Stage,
    used: Acceleration,
    chosen: Sequence[str],
    batch: Callable[[], Batch],
    message: Callable[[str], None],
) -> Acceleration:
    """``used`` without those of ``chosen``, one after the other, with which a loss or its gradient
    on a batch fails or differs from the plain path's, each with a message. What is learned and
    drawn later does not depend on this."""
    for name in chosen:
        if not getattr(used, name):
            continue
        problems = collectives.all_gather(
            _problem(stage, used, batch())
        )  # all ranks take the same path
        if (problem := next(filter(None, problems), None)) is None:
            break
        used = used._replace(**{name: False})
        message(f"{stage.label}: without training.performance.{name}, with which it {problem}")
    return used


def _problem(stage: Stage, used: Acceleration, batch: Batch) -> str | None:
    """What is wrong with losses and gradients on a batch, or None."""
    device = stage.data.device
    plain = _loss_and_norm(
        stage, accelerated(stage.losses, Acceleration(False, False, False), device), batch, 1
    )
    try:
        found = _loss_and_norm(stage, accelerated(stage.losses, used, device), batch, CALLS)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a compiler may raise anything, and the plain path does not need it
        lines = str(error).strip().splitlines()
        return f"fails here ({type(error).__name__}{': ' + lines[0][:200] if lines else ''})"
    far = float(((found - plain).abs() / plain.abs().clamp(min=1e-12)).max())
    limit = HALF_TOLERANCE if used.mixed_precision else TOLERANCE
    return None if far <= limit else f"changes a loss or its gradient by {100 * far:.2g} %"


def _loss_and_norm(stage: Stage, losses: Losses, batch: Batch, calls: int) -> Tensor:
    """Loss and gradient norm of the last of so many calls, ``[2]``; the stage stays as it was."""
    device, networks = stage.data.device, stage.networks
    parameters = [p for module in stage.trained for p in module.parameters() if p.requires_grad]
    kept = [(buffer, buffer.clone()) for buffer in networks.buffers()]
    for _ in range(calls):
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(0)
            with same_weights_again(stage.trained, stage.settings.training.performance):
                loss = losses(batch, 1.0)["loss"]
                loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        norm = gradient_norm(parameters)
        found = torch.stack([loss.detach().float(), norm.float()])
        networks.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)
    return found
