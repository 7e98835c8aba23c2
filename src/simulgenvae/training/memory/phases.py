"""Estimate of the memory that each phase of a training takes.

Tested in tests/training/memory/test_memory.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.data.read_ahead import runs_of_block
from simulgenvae.distributed import collectives
from simulgenvae.reduction import Reduction, stays_on_disk
from simulgenvae.reduction.pilot import OVERSAMPLING
from simulgenvae.training.memory.stage_memory import FLOAT, MemoryPart, StageMemory, stage_memory
from simulgenvae.training.performance import worker_count

if TYPE_CHECKING:
    from simulgenvae.settings import Settings
    from simulgenvae.training.plan import TrainingPlan

# Advice that several parts share.
FEWER_MODES = "a smaller reduction.max_rank or larger reduction.tolerance"
NODE_SHARDS = (
    "training.performance.shard_nodes = true with several GPUs, or a reduction (reduction.method "
    "= pod)"
)
SMALLER_NETWORKS = "smaller networks (model.width, model.filters, reduction.max_rank)"
FEWER_TIMES = "fewer timesteps (data.first_timesteps)"


class Phase(NamedTuple):
    """Uses of memory at the same time."""

    what: str
    """Name of the phase, as the subject of a message."""
    parts: list[MemoryPart]
    on_gpu: bool = False
    """True if the memory is that of the GPU."""


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
    # One block is read, one is computed with, and one waits where threads read ahead.
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
        # On the CPU everything shares one memory: data, networks, gradients and activations.
        gradients = MemoryPart("gradients", memory.weights, SMALLER_NETWORKS)
        phases = [preparing, [*saving, *learning, gradients]]
        phases += [[coefficients, *learning, step] for step in memory.steps]
        return [Phase("Training", parts) for parts in phases]
    # Each stage holds the modes once, in its loss of fields.
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
