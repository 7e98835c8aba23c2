"""Faster computation of losses: half precision, compiled code, and recorded GPU steps.

What the settings leave open is chosen for the device, and kept only if losses and gradients agree
with those that are computed plainly.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.training.batch import Batch
from simulgenvae.training.diagnosis import part_name
from simulgenvae.training.node_shards import gradient_norm
from simulgenvae.training.performance import constant_weights
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from simulgenvae.settings import PerformanceSettings
    from simulgenvae.training.stages import Stage

Losses = Callable[[Batch, float], dict[str, Tensor]]
"""Function of a batch and the KL weight that returns the terms of the loss by their names."""

STEPS_WORTH_COMPILING = 20_000
"""Number of steps from which a stage's loss is compiled by default; compiling takes a minute."""
CALLS_TO_REPLAY = 3
"""Number of calls of a loss before it is compared: CUDA graphs record the second one and replay
from the third one on."""
TOLERANCE = 1e-3
"""Relative difference of loss and gradient norm that rounding may make in single precision."""
HALF_TOLERANCE = 5e-2
"""Relative difference of loss and gradient norm that rounding may make with bfloat16."""


class Acceleration(NamedTuple):
    """Means of acceleration that a stage uses; the names are as in ``training.performance``."""

    mixed_precision: bool
    compile: bool
    cuda_graphs: bool

    def __str__(self) -> str:
        return ", ".join(name for name, used in self._asdict().items() if used) or "none"


PLAIN = Acceleration(mixed_precision=False, compile=False, cuda_graphs=False)


def acceleration(settings: PerformanceSettings, device: torch.device, steps: int) -> Acceleration:
    """Return what a stage uses; where the settings are ``auto``, what is faster on the device.

    Parameters
    ----------
    settings
        The settings.
    device
        Device that the stage is trained on.
    steps
        Number of steps of the stage.

    Raises
    ------
    UserError
        When the settings demand what the device cannot do.
    """
    gpu = device.type == "cuda"
    if settings.cuda_graphs is True and not gpu:
        raise UserError(
            "training.performance.cuda_graphs needs a GPU: leave it out, or set training.device "
            "= cuda there."
        )
    if settings.mixed_precision == "auto":
        half = gpu and torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        half = settings.mixed_precision
    if settings.compile == "auto":
        # torch.compile generates GPU code by triton, which not every installation has.
        has_compiler = importlib.util.find_spec("triton") is not None
        pays = gpu and steps >= STEPS_WORTH_COMPILING and has_compiler and not settings.shard_nodes
        compiled = pays or settings.cuda_graphs is True
    else:
        compiled = settings.compile
    graphs = gpu and compiled if settings.cuda_graphs == "auto" else settings.cuda_graphs
    return Acceleration(half, compiled, graphs)


def precision(mixed: bool, device: torch.device) -> torch.autocast:
    """Return the context for the computation of a loss, which must not include the backward pass.

    ``mixed`` says whether matrix products and convolutions are computed in bfloat16.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=mixed)


def accelerated(losses: Losses, used: Acceleration, device: torch.device) -> Losses:
    """Return a function that computes losses with acceleration.

    It draws the same random numbers as ``losses`` does.
    """
    function: Callable[..., Any] = losses
    if used.compile:
        # Compiled code draws other random numbers unless it falls back on torch's.
        function = torch.compile(
            losses, options={"fallback_random": True, "triton.cudagraphs": used.cuda_graphs}
        )

    def run(batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        with precision(used.mixed_precision, device):
            terms: dict[str, Tensor] = function(batch, kl_weight)
        return terms

    return run


def losses_for(
    stage: Stage,
    settings: PerformanceSettings,
    batch: Callable[[], Batch],
    steps: int,
    message: Callable[[str], None],
) -> Losses:
    """Return the losses of a stage, as fast as the device allows.

    Parameters
    ----------
    stage, settings
        The stage, and what accelerates it. What is ``auto`` is compared with the plain losses
        first.
    batch
        Function that returns a batch for the comparison.
    steps
        Number of steps of the stage.
    message
        Function that shows what is used, and what is not and why.
    """
    used = acceleration(settings, stage.data.device, steps)
    # From the last on: CUDA graphs need compiled code, so that they are the first to go.
    chosen = [name for name in reversed(Acceleration._fields) if getattr(settings, name) == "auto"]
    used = keep_working(stage, used, chosen, batch, message)
    if any(used):
        message(f"{part_name(stage.label)}: {used}")
    return accelerated(stage.losses, used, stage.data.device)


def keep_working(
    stage: Stage,
    used: Acceleration,
    chosen: Sequence[str],
    batch: Callable[[], Batch],
    message: Callable[[str], None],
) -> Acceleration:
    """Return an acceleration without what fails or changes losses or gradients on a batch.

    The comparison changes neither weights nor later random numbers.

    Parameters
    ----------
    stage
        Stage whose losses are computed.
    used
        Acceleration to examine.
    chosen
        Fields of it that may be given up, one after another in this order.
    batch
        Function that returns the batch.
    message
        Function that shows what was given up, and why.
    """
    for name in chosen:
        if not getattr(used, name):
            continue
        # All ranks give up what fails on one: their losses must be computed alike.
        problems = collectives.all_gather(_problem(stage, used, batch()))
        problem = next(filter(None, problems), None)
        if problem is None:
            break
        used = used._replace(**{name: False})
        where = part_name(stage.label)
        message(f"{where}: without training.performance.{name}, with which it {problem}")
    return used


def _problem(stage: Stage, used: Acceleration, batch: Batch) -> str | None:
    """Return what is wrong with accelerated losses and gradients on a batch, or None."""
    device = stage.data.device
    plain = _loss_and_norm(stage, accelerated(stage.losses, PLAIN, device), batch, 1)
    try:
        losses = accelerated(stage.losses, used, device)
        fast = _loss_and_norm(stage, losses, batch, CALLS_TO_REPLAY)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a compiler may raise anything, and training works without it
        lines = str(error).strip().splitlines()
        return f"fails here ({type(error).__name__}{': ' + lines[0][:200] if lines else ''})"
    far = float(((fast - plain).abs() / plain.abs().clamp(min=1e-12)).max())
    limit = HALF_TOLERANCE if used.mixed_precision else TOLERANCE
    return (
        None
        # Not `far > limit`: a difference that is not a number is a problem too.
        if far <= limit
        else f"changes a loss or its gradient by {percent(far, digits=2, trailing_zeros=False)}"
    )


def _loss_and_norm(stage: Stage, losses: Losses, batch: Batch, calls: int) -> Tensor:
    """Return loss and gradient norm of the last of several calls, `[2]`; nothing is changed."""
    device = stage.data.device
    networks = stage.networks
    performance = stage.settings.training.performance
    of_modules = (module.parameters() for module in stage.learning_modules)
    learning = itertools.chain.from_iterable(of_modules)
    parameters = [parameter for parameter in learning if parameter.requires_grad]
    # Spectral normalisation refines the estimates in its buffers whenever it is used.
    kept = [(buffer, buffer.clone()) for buffer in networks.buffers()]
    for _ in range(calls):
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(0)
            with constant_weights(stage.learning_modules, performance):
                loss = losses(batch, 1.0)["loss"]
                loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        norm = gradient_norm(parameters)
        loss_and_norm = torch.stack([loss.detach().float(), norm.float()])
        networks.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)
    return loss_and_norm
