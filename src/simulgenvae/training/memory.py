"""What training needs of memory, asked before anything large is allocated.

Activations are counted, not guessed: a step of each stage runs on tensors that have shapes and no
memory, so that the count follows every network and every setting of theirs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch._subclasses.fake_tensor import FakeTensorMode

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import runs_of_block
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.models import Inputs
from simulgenvae.models.networks import Networks
from simulgenvae.reduction import Reduction, stays_on_disk
from simulgenvae.reduction.sketch import OVERSAMPLING
from simulgenvae.settings import Settings
from simulgenvae.training.acceleration import acceleration, precision
from simulgenvae.training.augmentation import plain_batch
from simulgenvae.training.budget import batch_size
from simulgenvae.training.data import TrainingData
from simulgenvae.training.node_shards import node_layers
from simulgenvae.training.peak import PeakMemory
from simulgenvae.training.performance import prepare_networks, worker_count
from simulgenvae.training.stages.base import Stage
from simulgenvae.utils.resources import available_memory, megabytes

MakeStages = Callable[[Reduction, Networks, TrainingData], Sequence[Stage]]
"""Makes the stages of a training."""

WORTH_CHANGING = 0.15
"""Parts with a smaller share of the need are listed without advice."""
FEWER_MODES = "a smaller reduction.max_rank or larger reduction.tolerance"
NODE_SHARDS = "training.performance.shard_nodes = true with several GPUs, or a reduction (reduction.method = pod)"
SMALLER_NETWORKS = "smaller networks (model.width, model.filters, reduction.max_rank)"
FEWER_TIMES = "fewer timesteps (data.first_timesteps)"


class Part(NamedTuple):
    """What ``size`` bytes are for, and what makes them fewer."""

    name: str
    size: int
    advice: str


def require_fitting_memory(dataset: Dataset, training_runs: int, settings: Settings) -> None:
    """Raises UserError when fitting the reduction does not fit into the available memory."""
    require(
        fitting_memory(dataset.shape, training_runs, settings),
        available_memory(),
        "Reducing the fields",
    )


def fitting_memory(shape: tuple[int, ...], training_runs: int, settings: Settings) -> list[Part]:
    """What fitting the reduction of fields ``shape`` [N, T, M, V] takes.

    The decomposition holds its sketch ``[M·V, k]``, and what orthonormalising that copies.
    """
    _, timesteps, nodes, variables = shape
    width = nodes * variables
    parts = [_runs_being_read(shape, settings)]
    if settings.reduction.method == "pod":
        sketch = min(settings.reduction.max_rank + OVERSAMPLING, width, training_runs * timesteps)
        parts.append(
            Part("fitting of the modes", 5 * 4 * width * sketch, "a smaller reduction.max_rank")
        )
    return parts


def _runs_being_read(shape: tuple[int, ...], settings: Settings) -> Part:
    """The blocks of fields ``shape`` [N, T, M, V] that take turns, and what one of them becomes."""
    blocks = 2 + (worker_count(settings.training.performance) > 0)
    size = blocks * 4 * runs_of_block(shape) * math.prod(shape[1:])
    return Part("runs being read", size, f"training.performance.workers = 0 or {FEWER_TIMES}")


def require_training_memory(
    dataset: Dataset,
    rows: Mapping[str, NDArray[np.intp]],
    settings: Settings,
    scaler: ConditionScaler,
    reduction: Reduction,
    *,
    make_stages: MakeStages,
    device: torch.device,
    checkpoints: bool,
) -> None:
    """Raises UserError when training does not fit; asked once the rank is known, before
    coefficients are computed.

    Parameters
    ----------
    dataset, rows, settings, scaler, reduction, make_stages
        What is trained; ``rows`` of each part of the split.
    device
        Where the networks are trained.
    checkpoints
        Whether checkpoints are written, which takes a copy of all that they hold.
    """
    runs, timesteps, *_ = dataset.shape
    modes = sum(array.nbytes for array in reduction.arrays().values())
    on_disk = stays_on_disk(dataset, settings)
    size = 0 if on_disk else 4 * runs * timesteps * reduction.rank
    coefficients = Part("coefficients", size, f"{FEWER_MODES}, or {FEWER_TIMES}")
    preparing = [coefficients, _runs_being_read(dataset.shape, settings)]
    if settings.reduction.method == "pod":
        preparing.append(coefficients._replace(name="their rotation to the modes"))
    weights, between, steps = stage_memory(
        rows, timesteps, settings, scaler, reduction, make_stages, device, ahead=on_disk
    )
    saving = [coefficients]
    if checkpoints:
        kept = (
            size if settings.reduction.method == "pod" else 0
        )  # without a reduction they are the fields
        preparing.append(Part("their copy for the checkpoint", kept + modes, FEWER_MODES))
        saving.append(Part("copies for the checkpoint", 4 * weights, SMALLER_NETWORKS))
    # Weights, two moments and the best weights; gradients are counted in the steps.
    learning = [Part("networks", 4 * (weights - between), SMALLER_NETWORKS)]
    if settings.training.performance.shard_nodes and collectives.world_size() > 1:
        learning.append(
            Part(
                "parts of node-sized weights",
                math.ceil(4 * between / collectives.world_size()),
                "more processes",
            )
        )
        learning.append(Part("these weights while they are used", between, SMALLER_NETWORKS))
    else:
        learning.append(Part("node-sized weights", 4 * between, NODE_SHARDS))
    phases = [preparing, saving]
    if device.type == "cpu":
        gradients = Part("gradients", weights, SMALLER_NETWORKS)
        phases = [
            preparing,
            [*saving, *learning, gradients],
            *([coefficients, *learning, step] for step in steps),
        ]
    free = available_memory()
    for phase in phases:
        require(phase, free, "Training")
    if device.type == "cpu":
        return
    if settings.training.performance.data_on_device:
        images = dataset.conditions.images
        learning.append(coefficients._replace(advice=elsewhere(settings)))
        learning.append(
            Part("pictures", 0 if images is None else images.pixels.nbytes, elsewhere(settings))
        )
    learning.append(Part("modes", len(steps) * modes, FEWER_MODES))
    for step in steps:
        require([*learning, step], torch.cuda.mem_get_info(device)[0], "Training on the GPU")


def elsewhere(settings: Settings) -> str:
    """Return the settings that keep the data of a training off the GPU."""
    memory = "training.performance.data_on_device = false"
    if (
        settings.data.load_all and settings.reduction.method == "none"
    ):  # modes leave nothing to read batch by batch
        return f"{memory}, or data.load_all = false (--load_all 0), which leaves runs of more than 2 GB on disk"
    return memory


def stage_memory(
    rows: Mapping[str, NDArray[np.intp]],
    timesteps: int,
    settings: Settings,
    scaler: ConditionScaler,
    reduction: Reduction,
    make_stages: MakeStages,
    device: torch.device,
    *,
    ahead: bool = False,
) -> tuple[int, int, list[Part]]:
    """Bytes of all weights, those of node-sized ones among them (none with a reduction), and what a
    step of each stage takes beside them on the device, with another batch where one is read
    ``ahead``; a validation takes less."""
    data = _one_run(timesteps, reduction.rank, scaler)
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    with fake:
        networks = Networks(settings, torch.ones(reduction.rank), torch.ones(timesteps), scaler)
        # The memory order changes no size, and tensors without memory cannot take another.
        prepare_networks(
            networks, settings.training.performance.model_copy(update={"channels_last": False})
        )
    stages = make_stages(reduction, networks, data)
    parts = []
    for stage in stages:
        size = math.ceil(
            batch_size(stage.name, stage.schedule, len(rows["train"])) / collectives.world_size()
        )
        with fake:
            mixed = acceleration(settings.training.performance, device, 0).mixed_precision
            step = _step_memory(stage, networks, data, size, mixed=mixed)
            step += 4 * size * timesteps * reduction.rank if ahead else 0
        parts.append(Part(f"a step of stage {stage.name} on {size} runs", step, step_advice(stage)))
    between = node_layers(networks) if settings.reduction.method == "none" else []
    return (
        sum(p.nbytes for p in networks.parameters()),
        sum(layer.weight.nbytes for layer in between),
        parts,
    )


def _one_run(timesteps: int, rank: int, scaler: ConditionScaler) -> TrainingData:
    """A run that stands for all: the shape of a batch needs no more."""
    pictures = None
    if (form := scaler.images) is not None:
        pictures = torch.zeros(1, form.channels, form.size, form.size, dtype=torch.uint8)
    only = np.zeros(1, np.intp)
    return TrainingData(
        torch.zeros(1, timesteps, rank),
        Inputs(torch.zeros(1, len(scaler.names)), pictures),
        torch.zeros(timesteps),
        {"train": only, "validation": only, "test": only[:0]},
    )


def _step_memory(
    stage: Stage, networks: Networks, data: TrainingData, runs: int, *, mixed: bool
) -> int:
    """Bytes of activations and gradients of a step; noise and mixup of a batch are small beside
    them."""
    networks.requires_grad_(False)
    for module in stage.trained:
        module.requires_grad_(True)
    networks.train()
    memory = PeakMemory(networks)
    with memory:
        with precision(mixed, data.device):
            loss = stage.losses(plain_batch(data, torch.zeros(runs, dtype=torch.long)), 1.0)["loss"]
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    networks.zero_grad()
    return memory.peak


def require(parts: Sequence[Part], free: int, what: str) -> None:
    """Raises UserError when ``parts`` together are more than ``free`` bytes."""
    need = sum(part.size for part in parts)
    if need <= free:
        return
    ranked = sorted((part for part in parts if part.size), key=lambda part: -part.size)
    listed = ", ".join(f"{part.name} {megabytes(part.size)}" for part in ranked)
    changes = dict.fromkeys(part.advice for part in ranked if part.size >= WORTH_CHANGING * need)
    raise UserError(
        f"{what} needs about {megabytes(need)} of memory ({listed}), but {megabytes(free)} are "
        f"free. Free some, or try {'; or '.join(changes)}."
    )


def step_advice(stage: Stage) -> str:
    """What makes a step of a stage take less."""
    changes = [f"a smaller training.{stage.name}.batch_size"]
    if not stage.settings.training.performance.gradient_checkpointing:
        changes.append("training.performance.gradient_checkpointing = true")
    if stage.data.conditions.images is not None:
        changes.append("a smaller data.image_size")
    return ", ".join(changes)


_OUT_OF_MEMORY = re.compile(
    r"out of memory|allocate memory|not enough memory|alloc_failed", re.IGNORECASE
)


@contextmanager
def memory_errors(stage: Stage) -> Iterator[None]:
    """Running out of memory in a stage, in the user's words and with what to change."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UserError(
            f"Training stopped: stage {stage.name} ran out of memory ({reason}). Free some, or "
            f"train again with --overwrite and {step_advice(stage)}, or {FEWER_MODES}."
        ) from error
