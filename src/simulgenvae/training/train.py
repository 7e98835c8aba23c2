"""From a dataset to trained networks: reduce, scale, run the stages."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.data.symmetry import with_mirrored
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.models.conditioner.conditioner import conditioner_kind
from simulgenvae.models.networks import Networks, network_inputs, unit_times
from simulgenvae.reduction import LazyStates, Reduction
from simulgenvae.settings import Settings
from simulgenvae.training.acceleration import acceleration
from simulgenvae.training.budget import batch_size
from simulgenvae.training.checkpoint import Checkpoint, Progress, last_file, load_checkpoint
from simulgenvae.training.data import TrainingData
from simulgenvae.training.earlier_preparation import earlier_modes
from simulgenvae.training.identity import TrainingIdentity, differences
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.loop import Loop
from simulgenvae.training.memory import require_training_memory
from simulgenvae.training.node_shards import join_node_layers, shard_node_layers, whole
from simulgenvae.training.performance import prepare_networks
from simulgenvae.training.placement import placed
from simulgenvae.training.preparation_watch import watched
from simulgenvae.training.prepare import prepare
from simulgenvae.training.stages import Stage, StageSpec, stage_specs
from simulgenvae.training.warm_start import WarmStart
from simulgenvae.utils.progress import progress_off

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What training leaves: networks on the CPU and everything that belongs to them."""

    members: tuple[Networks, ...]
    """Trained one after another from new weights, each on all training runs; one where the last
    stage fine-tunes."""
    reduction: Reduction
    condition_scaler: ConditionScaler
    coefficients: NDArray[np.float32] | LazyStates
    """Of all runs, mirrored training runs last, ``[N, T, r]``."""
    conditions: Conditions
    """Of the same runs."""
    rows: dict[str, NDArray[np.intp]]
    """Of the parts of the split."""
    progress: Progress


def train(
    dataset: Dataset,
    split: Split,
    settings: Settings,
    *,
    stages: Sequence[str],
    folder: Path | None = None,
    tensorboard: Path | None = None,
    resume: bool = False,
    start: WarmStart | None = None,
) -> Trained:
    """Train the networks of one surrogate, alone or as one of several ranks.

    Each rank reads its part of the runs and computes its part of every batch; all end with the
    same. The first one writes files.

    Parameters
    ----------
    dataset, split, settings
        The study.
    stages
        Which stages run, in this order.
    folder
        Where checkpoints go; None keeps none.
    tensorboard
        Where TensorBoard files go; None writes none.
    resume
        Go on from ``folder/last.safetensors``.
    start
        Trained parts to begin with.

    Raises
    ------
    UserError
        Settings that do not fit the data, a checkpoint of another training, NaN losses; ranks that
        do not train the same, or one that is lost.
    Interrupted
        After Ctrl-C, when the state has been saved.
    """
    specs = stage_specs(stages)
    rows = split.rows(dataset.ids)
    scaler = check_trainable(dataset.conditions, split, settings, stages)
    device = choose_device(settings.training.device)
    if not collectives.is_rank0():
        tensorboard = None
    identity = TrainingIdentity(
        settings, dataset.fingerprint, stages, split.train, split.validation
    )
    checkpoint = _checkpoint(folder, identity) if resume else None
    done = None if checkpoint is None else checkpoint.progress.model_dump(mode="json")
    collectives.require_same(identity.to_json() | {"checkpoint": done}, differences)
    augmentation = settings.training.augmentation
    if augmentation.flips:
        runs = len(dataset.ids)
        dataset = with_mirrored(dataset, rows["train"], augmentation.flips, augmentation.odd)
        rows["train"] = np.concatenate([rows["train"], np.arange(runs, len(dataset.ids))])
    shown = nullcontext() if collectives.is_rank0() else progress_off()
    with torch.random.fork_rng(), shown, TrainingLog(tensorboard) as log:
        torch.manual_seed(settings.training.seed)
        prepared = folder / "prepared.safetensors" if folder is not None else None
        fits = partial(
            require_training_memory,
            dataset,
            rows,
            settings,
            scaler,
            make_stages=partial(_stages, specs, settings, started=start is not None),
            device=device,
            checkpoints=folder is not None,
        )
        before = None
        if prepared is not None and checkpoint is None and start is None and not augmentation.flips:
            before = earlier_modes(prepared, dataset, rows, settings, log.message)
        if before is not None:
            log.message(
                f"{len(before.rows)} runs keep their modes, {len(dataset.ids) - len(before.rows)} "
                "are added"
            )
        with watched(
            log, folder, identity, settings.training.checkpoint_seconds, resume=resume
        ) as watch:
            reduction, coefficients, scaler = prepare(
                dataset, rows, settings, identity, prepared, checkpoint, start, fits, watch, before
            )
        times = torch.from_numpy(unit_times(dataset.times, dataset.times)).to(device)
        known, inputs = placed(
            coefficients, network_inputs(dataset.conditions, scaler), settings, device
        )
        data = TrainingData(known, inputs, times, rows)
        networks = Networks(settings, data.coefficient_std, data.times, scaler).to(device)
        prepare_networks(networks, settings.training.performance)
        if start is not None:
            networks.load_state_dict(start.weights, strict=False)
        if settings.training.performance.shard_nodes:
            shard_node_layers(networks)
        running = _stages(specs, settings, reduction, networks, data, started=start is not None)
        running += running[-1].further_members()
        loop = Loop(networks, data, folder, identity, log, settings.training.seed)
        progress = loop.run(running, checkpoint)
    # The last stage and those of further members: each ended with the weights of one member.
    results = [whole(loop.results[stage.label]) for stage in running[len(specs) - 1 :]]
    join_node_layers(networks)
    members = _members(networks.cpu(), results)
    return Trained(members, reduction, scaler, coefficients, dataset.conditions, rows, progress)


def _members(
    networks: Networks, results: Sequence[dict[str, torch.Tensor]]
) -> tuple[Networks, ...]:
    """Return networks with the weights that the stage of each member ended with."""
    members = [networks, *(copy.deepcopy(networks) for _ in results[1:])]
    for member, weights in zip(members, results, strict=True):
        member.load_state_dict(weights)
    return tuple(member.eval() for member in members)


def check_trainable(
    conditions: Conditions, split: Split, settings: Settings, stages: Sequence[str]
) -> ConditionScaler:
    """All that can be refused before fields are read and anything is written; returns the fitted
    scaler.

    Raises
    ------
    UserError
        For a batch size larger than the training set, a constant parameter, a conditioner for other
        conditions, or a device that is not there.
    """
    acceleration(settings.training.performance, choose_device(settings.training.device), 0)
    conditioner_kind(settings.conditioner, conditions.image_format)
    for spec in stage_specs(stages):
        batch_size(spec.name, spec.schedule(settings), len(split.train))
    return ConditionScaler.fit(conditions.select(split.rows(conditions.ids)["train"]))


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """The device to train on; UserError when a GPU is asked for and there is none."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "training.device is cuda, but torch finds no GPU: use device = auto or cpu."
        )
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def _checkpoint(folder: Path | None, identity: TrainingIdentity) -> Checkpoint | None:
    """The last checkpoint; None, and said so, when the run was stopped before it wrote one."""
    assert folder is not None, "resuming needs a folder of checkpoints"
    path = last_file(folder)
    if not path.exists():
        if collectives.is_rank0():
            logger.info("No checkpoint in %s: training starts from the beginning.", folder)
        return None
    return load_checkpoint(path, identity)


def _stages(
    specs: Sequence[StageSpec],
    settings: Settings,
    reduction: Reduction,
    networks: Networks,
    data: TrainingData,
    *,
    started: bool,
) -> list[Stage]:
    """Make the stages of a training, which ``started`` from trained networks or did not."""
    stages: list[Stage] = []
    for spec in specs:
        continues = started or len(stages) > 0
        stages.append(spec.stage.make(networks, data, settings, reduction, continues=continues))
    return stages
