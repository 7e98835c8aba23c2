"""Estimates of the memory that training takes.

Activations are counted, not guessed: a step of each stage runs on tensors that have shapes and no
memory, so that the count follows every network and every setting. Tested in
tests/training/test_memory.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch._subclasses.fake_tensor import FakeTensorMode

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import runs_of_block
from simulgenvae.distributed import collectives
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
from simulgenvae.training.stages import Stage, StageSpec, make_stages

FLOAT = 4
"""Bytes of a number in single precision."""
FEWER_MODES = "a smaller reduction.max_rank or larger reduction.tolerance"
NODE_SHARDS = (
    "training.performance.shard_nodes = true with several GPUs, or a reduction (reduction.method "
    "= pod)"
)
SMALLER_NETWORKS = "smaller networks (model.width, model.filters, reduction.max_rank)"
FEWER_TIMES = "fewer timesteps (data.first_timesteps)"


class MemoryPart(NamedTuple):
    """One use of memory."""

    name: str
    size: int
    """Bytes."""
    advice: str
    """Settings that make it smaller."""


class Phase(NamedTuple):
    """What is in memory at the same time."""

    what: str
    """Name of the phase, as the subject of a message."""
    parts: list[MemoryPart]
    on_gpu: bool = False
    """Whether the memory is that of the GPU."""


@dataclass(frozen=True)
class TrainingPlan:
    """Everything about a training that its memory depends on, except the reduction."""

    dataset: Dataset
    rows: Mapping[str, NDArray[np.intp]]
    """Rows of each part of the split."""
    settings: Settings
    scaler: ConditionScaler
    specs: Sequence[StageSpec]
    """Stages that are trained."""
    continues: bool
    """Whether the training starts with trained networks."""
    device: torch.device
    checkpoints: bool
    """Whether checkpoints are written, which takes a copy of all that they hold."""


@dataclass(frozen=True)
class StageMemory:
    """Memory of networks, and of a step of each stage beside them; a validation takes less."""

    weights: int
    """Bytes of all weights."""
    node_weights: int
    """Bytes of the weights between nodes and channels; 0 with a reduction."""
    steps: list[MemoryPart]


def most_modes(shape: tuple[int, ...], training_runs: int, settings: Settings) -> int:
    """Return the largest number of modes that a decomposition of fields `[N, T, M, V]` holds."""
    _, timesteps, nodes, variables = shape
    return min(
        settings.reduction.max_rank + OVERSAMPLING, nodes * variables, training_runs * timesteps
    )


def fitting_phase(shape: tuple[int, ...], training_runs: int, settings: Settings) -> Phase:
    """Return what is in memory while the reduction of fields `[N, T, M, V]` is fitted."""
    parts = [_runs_being_read(shape, settings)]
    if settings.reduction.method == "pod":
        # The decomposition holds its sketch [M·V, k], and orthonormalising copies that.
        sketch = math.prod(shape[2:]) * most_modes(shape, training_runs, settings)
        advice = "a smaller reduction.max_rank"
        parts.append(MemoryPart("fitting of the modes", 5 * FLOAT * sketch, advice))
    return Phase("Reducing the fields", parts)


def _runs_being_read(shape: tuple[int, ...], settings: Settings) -> MemoryPart:
    """Return the memory of the blocks of runs that are read, and of what one of them becomes."""
    blocks = 2 + (worker_count(settings.training.performance) > 0)
    size = blocks * FLOAT * runs_of_block(shape) * math.prod(shape[1:])
    advice = f"training.performance.workers = 0 or {FEWER_TIMES}"
    return MemoryPart("runs being read", size, advice)


def training_phases(plan: TrainingPlan, reduction: Reduction) -> list[Phase]:
    """Return what is in memory in each phase of a training, from the reduction's fit on."""
    dataset = plan.dataset
    settings = plan.settings
    runs, timesteps, *_ = dataset.shape
    on_disk = stays_on_disk(dataset, settings)
    memory = stage_memory(plan, reduction, ahead=on_disk)
    modes = sum(array.nbytes for array in reduction.arrays().values())
    size = 0 if on_disk else FLOAT * runs * timesteps * reduction.rank
    coefficients = MemoryPart("coefficients", size, f"{FEWER_MODES}, or {FEWER_TIMES}")
    preparing = [coefficients, _runs_being_read(dataset.shape, settings)]
    saving = [coefficients]
    if settings.reduction.method == "pod":
        preparing.append(coefficients._replace(name="their rotation to the modes"))
    if plan.checkpoints:
        # Without a reduction, coefficients are the fields, which need not be kept.
        kept = size if settings.reduction.method == "pod" else 0
        preparing.append(MemoryPart("their copy for the checkpoint", kept + modes, FEWER_MODES))
        copies = MemoryPart("copies for the checkpoint", 4 * memory.weights, SMALLER_NETWORKS)
        saving.append(copies)
    learning = _learning(memory, settings)
    if plan.device.type == "cpu":
        gradients = MemoryPart("gradients", memory.weights, SMALLER_NETWORKS)
        phases = [preparing, [*saving, *learning, gradients]]
        phases += [[coefficients, *learning, step] for step in memory.steps]
        return [Phase("Training", parts) for parts in phases]
    learning += _data_on_gpu(plan, coefficients)
    learning.append(MemoryPart("modes", len(memory.steps) * modes, FEWER_MODES))
    on_gpu = [Phase("Training on the GPU", [*learning, step], on_gpu=True) for step in memory.steps]
    return [Phase("Training", preparing), Phase("Training", saving), *on_gpu]


def _learning(memory: StageMemory, settings: Settings) -> list[MemoryPart]:
    """Return the memory of networks that learn: weights, best weights and two moments.

    Gradients are counted in the steps.
    """
    ranks = collectives.world_size()
    others = memory.weights - memory.node_weights
    parts = [MemoryPart("networks", 4 * others, SMALLER_NETWORKS)]
    if not settings.training.performance.shard_nodes or ranks == 1:
        parts.append(MemoryPart("node-sized weights", 4 * memory.node_weights, NODE_SHARDS))
        return parts
    held = math.ceil(4 * memory.node_weights / ranks)
    parts.append(MemoryPart("parts of node-sized weights", held, "more processes"))
    name = "these weights while they are used"
    parts.append(MemoryPart(name, memory.node_weights, SMALLER_NETWORKS))
    return parts


def _data_on_gpu(plan: TrainingPlan, coefficients: MemoryPart) -> list[MemoryPart]:
    """Return the memory of the data that are held on the GPU."""
    if not plan.settings.training.performance.data_on_device:
        return []
    advice = off_gpu(plan.settings)
    images = plan.dataset.conditions.images
    pixels = 0 if images is None else images.pixels.nbytes
    return [coefficients._replace(advice=advice), MemoryPart("images", pixels, advice)]


def off_gpu(settings: Settings) -> str:
    """Return the settings that keep the data of a training off the GPU."""
    memory = "training.performance.data_on_device = false"
    # With a reduction all coefficients are in memory: there is nothing to read batch by batch.
    if settings.data.load_all and settings.reduction.method == "none":
        return (
            f"{memory}, or data.load_all = false (--load_all 0), which leaves runs of more than "
            "2 GB on disk"
        )
    return memory


def stage_memory(plan: TrainingPlan, reduction: Reduction, *, ahead: bool = False) -> StageMemory:
    """Return the memory of the networks and of a step of each stage.

    Parameters
    ----------
    plan, reduction
        The training.
    ahead
        Whether the next batch is read during a step.
    """
    settings = plan.settings
    performance = settings.training.performance
    timesteps = plan.dataset.shape[1]
    data = _one_run(timesteps, reduction.rank, plan.scaler)
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    with fake:
        networks = Networks(
            settings, torch.ones(reduction.rank), torch.ones(timesteps), plan.scaler
        )
        # The memory order changes no size, and tensors without memory cannot take another.
        prepare_networks(networks, performance.model_copy(update={"channels_last": False}))
    stages = make_stages(plan.specs, networks, data, settings, reduction, continues=plan.continues)
    steps = []
    for stage in stages:
        batch = batch_size(stage.name, stage.schedule, len(plan.rows["train"]))
        size = math.ceil(batch / collectives.world_size())
        with fake:
            mixed = acceleration(performance, plan.device, 0).mixed_precision
            need = _step_memory(stage, networks, data, size, mixed=mixed)
        if ahead:
            need += FLOAT * size * timesteps * reduction.rank
        name = f"a step of stage {stage.name} on {size} runs"
        steps.append(MemoryPart(name, need, step_advice(stage)))
    nodes = node_layers(networks) if settings.reduction.method == "none" else []
    return StageMemory(
        weights=sum(parameter.nbytes for parameter in networks.parameters()),
        node_weights=sum(layer.weight.nbytes for layer in nodes),
        steps=steps,
    )


def _one_run(timesteps: int, rank: int, scaler: ConditionScaler) -> TrainingData:
    """Return data of a single run: batches of any size are made of it, and only shapes matter."""
    images = None
    if scaler.images is not None:
        side = scaler.images.size
        images = torch.zeros(1, scaler.images.channels, side, side, dtype=torch.uint8)
    only = np.zeros(1, np.intp)
    return TrainingData(
        torch.zeros(1, timesteps, rank),
        Inputs(torch.zeros(1, len(scaler.names)), images),
        torch.zeros(timesteps),
        {"train": only, "validation": only, "test": only[:0]},
    )


def _step_memory(
    stage: Stage, networks: Networks, data: TrainingData, runs: int, *, mixed: bool
) -> int:
    """Return the bytes of activations and gradients in a step on a number of runs.

    ``mixed`` says whether the loss is computed with mixed precision. The noise and mixup of a batch
    are small in comparison and are left out.
    """
    networks.requires_grad_(False)
    for module in stage.trained:
        module.requires_grad_(True)
    networks.train()
    memory = PeakMemory(networks)
    with memory:
        with precision(mixed, data.device):
            batch = plain_batch(data, torch.zeros(runs, dtype=torch.long))
            loss = stage.losses(batch, 1.0)["loss"]
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    networks.zero_grad()
    return memory.peak


def step_advice(stage: Stage) -> str:
    """Return the settings that make a step of a stage take less memory."""
    changes = [f"a smaller training.{stage.name}.batch_size"]
    if not stage.settings.training.performance.gradient_checkpointing:
        changes.append("training.performance.gradient_checkpointing = true")
    if stage.data.conditions.images is not None:
        changes.append("a smaller data.image_size")
    return ", ".join(changes)
