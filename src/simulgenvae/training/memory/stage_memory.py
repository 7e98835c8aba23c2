"""Memory of the networks, and of a step of each stage.

Activations are counted, not guessed: a step of each stage runs on tensors that have shapes and no
memory, so that the count follows every network and every setting. torch takes a second or two to
load and run them: small steps run on tensors of zeros instead. Tested in
tests/training/memory/test_memory.py.
"""

from __future__ import annotations

import itertools
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from simulgenvae.distributed import collectives
from simulgenvae.models import Inputs
from simulgenvae.models.distance_sizes import filters_for
from simulgenvae.models.field_points import FieldPoints
from simulgenvae.models.networks import field_positions
from simulgenvae.settings.networks import CONDITIONERS
from simulgenvae.training.acceleration import acceleration, precision
from simulgenvae.training.batch import plain_batch
from simulgenvae.training.budget import batch_size
from simulgenvae.training.data import TrainingData
from simulgenvae.training.members import NetworkFactory
from simulgenvae.training.memory.peak import PeakMemory
from simulgenvae.training.node_shards import node_layers
from simulgenvae.training.stages import Stage, make_stages
from simulgenvae.training.stages.ensemble import ensemble_stages

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.training.plan import TrainingPlan

FLOAT = 4
"""Bytes of a number in single precision."""
SMALL = 1_000_000
"""Numbers of the largest layer, a few MB, up to which a step on zeros takes less time than loading
what runs it without memory."""


class MemoryPart(NamedTuple):
    """One use of memory."""

    name: str
    size: int
    """Bytes."""
    advice: str
    """Settings that make it smaller."""


@dataclass(frozen=True)
class StageMemory:
    """Memory of networks, and of a step of each stage in addition; a validation takes less."""

    weights: int
    """Bytes of all weights."""
    node_weights: int
    """Bytes of the weights between nodes and channels; 0 with a reduction."""
    steps: list[MemoryPart]


class _SizesOnly(NetworkFactory):
    """Maker of networks of which only the sizes count, from a reduction that may not be fitted."""

    def points(self, settings: Settings) -> FieldPoints | None:
        positions = field_positions(settings, self.coords)
        if positions is None:
            return None
        return FieldPoints.without_values(
            positions, self.reduction.field_shape, self.reduction.rank
        )


def stage_memory(plan: TrainingPlan, reduction: Reduction, *, ahead: bool = False) -> StageMemory:
    """Return the memory of the networks and of a step of each stage.

    Parameters
    ----------
    plan, reduction
        The training.
    ahead
        Whether the next batch is read during a step.
    """
    small = layer_size(plan, reduction) <= SMALL
    # The training shall draw the same random numbers with and without the estimate.
    with torch.random.fork_rng(devices=[]):
        return _stage_memory(plan, reduction, nullcontext() if small else _no_memory(), ahead=ahead)


def layer_size(plan: TrainingPlan, reduction: Reduction) -> int:
    """Return about how many numbers the largest layer has: its weights and values of a batch."""
    settings = plan.settings
    defaults = itertools.chain.from_iterable(each.default_filters for each in CONDITIONERS.values())
    conditioner = settings.conditioner.filters or tuple(defaults)
    widest = max(settings.model.width, *settings.model.filters, *conditioner)
    runs = max(
        batch_size(spec.own_settings(settings), len(plan.rows["train"])) for spec in plan.specs
    )
    images = plan.scaler.images
    pixels = 0 if images is None else images.size**2 * max(images.channels, *conditioner)
    distances = plan.dataset.distances
    if distances is not None:
        sides = distances.mean.shape
        pixels += math.prod(sides) * filters_for(sides)[0]
    values = runs * (plan.dataset.shape[1] * max(reduction.rank, widest) + pixels)
    # Without a reduction the fields are the coefficients, and neural fields hold rows of modes.
    nodes = math.prod(plan.dataset.shape[2:])
    return values + max(widest, nodes) * max(widest, reduction.rank)


def _no_memory() -> AbstractContextManager[object]:
    """Return a block in which tensors have a shape and a type, but no numbers and no memory."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    return FakeTensorMode(allow_non_fake_inputs=True)


def _stage_memory(
    plan: TrainingPlan,
    reduction: Reduction,
    kind: AbstractContextManager[object],
    *,
    ahead: bool,
) -> StageMemory:
    """Return the memory, with networks and steps on the kind of tensors that a block makes."""
    settings = plan.settings
    performance = settings.training.performance
    timesteps = plan.dataset.shape[1]
    data = _one_run(timesteps, reduction.rank, plan.scaler)
    # The memory order changes no size, and tensors without memory cannot take another.
    training = settings.training.model_copy(
        update={"performance": performance.model_copy(update={"channels_last": False})}
    )
    plain = settings.model_copy(update={"training": training})
    coords, distances = plan.dataset.mesh.coords, plan.dataset.distances
    factory = _SizesOnly(plain, data, plan.scaler, coords, reduction, distances)
    # It is computed once and kept: within the mode it would have no numbers.
    _ = data.coefficient_std
    with kind:
        networks = factory.networks(settings.model.decoder)
    stages = make_stages(plan.specs, networks, data, settings, reduction, continues=plan.continues)
    last = stages.pop()
    with kind:
        further = last.further_stages(factory)
    # Members with the same networks take the same memory, and so do their refits.
    other = [stage for stage in further if stage.networks is not networks]
    stages += ensemble_stages([last, *other], refits=False)
    steps = []
    for stage in stages:
        batch = batch_size(stage.own_settings, len(plan.rows["train"]))
        size = math.ceil(batch / collectives.world_size())
        with kind:
            mixed = acceleration(performance, plan.device, 0).mixed_precision
            need = _step_memory(stage, data, size, mixed=mixed)
        if ahead:
            need += FLOAT * size * timesteps * reduction.rank
        name = f"a step of stage {stage.label} on {size} runs"
        steps.append(MemoryPart(name, need, step_advice(stage)))
    nodes = node_layers(networks) if settings.reduction.method == "none" else []
    kinds = {id(stage.networks): stage.networks for stage in stages}
    weights = itertools.chain.from_iterable(each.parameters() for each in kinds.values())
    return StageMemory(
        weights=sum(parameter.nbytes for parameter in weights),
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
        Inputs(torch.zeros(1, len(scaler.columns)), images),
        torch.zeros(timesteps),
        {"train": only, "validation": only, "test": only[:0]},
    )


def _step_memory(stage: Stage, data: TrainingData, runs: int, *, mixed: bool) -> int:
    """Return the bytes of activations and gradients in a step on a number of runs.

    ``mixed`` says whether the loss is computed with mixed precision. The noise and mixup of a batch
    are small in comparison and are left out.
    """
    networks = stage.networks
    # Gradients of frozen modules are not computed, and their activations not kept.
    networks.requires_grad_(False)
    for module in stage.learning_modules:
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
