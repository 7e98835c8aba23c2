"""Training of the networks of a surrogate: reduce the fields, scale the inputs, run the stages."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from simulgenvae.distributed import collectives
from simulgenvae.models.networks import Networks, network_inputs
from simulgenvae.models.unit_times import unit_times
from simulgenvae.reduction.joint_norms import JointNorms
from simulgenvae.training.budget import report_reduced_batches
from simulgenvae.training.checkpoint import Checkpoint, Progress, last_file, load_checkpoint
from simulgenvae.training.data import TrainingData
from simulgenvae.training.device import describe_device
from simulgenvae.training.diagnosis import training_warnings
from simulgenvae.training.earlier_preparation import earlier_modes
from simulgenvae.training.identity import TrainingIdentity, differences
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.loop import Loop
from simulgenvae.training.make_plan import check_trainable, make_plan
from simulgenvae.training.members import NetworkFactory
from simulgenvae.training.node_shards import gather_whole, join_node_layers, shard_node_layers
from simulgenvae.training.phases import READING, training_phases
from simulgenvae.training.placement import place_data
from simulgenvae.training.preparation_watch import watch_preparation
from simulgenvae.training.prepare import (
    Prepared,
    prepare,
    prepared_file,
    restore,
    save,
)
from simulgenvae.training.stages import make_stages
from simulgenvae.training.stages.ensemble import EnsembleNetworks, ensemble_stages
from simulgenvae.training.symmetry import Symmetry, find_symmetry
from simulgenvae.utils.formatting import count
from simulgenvae.utils.progress import progress_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.reduction import LazyStates, ReducedRuns, Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.training.plan import TrainingPlan
    from simulgenvae.training.warm_start import WarmStart

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """Result of a training: networks on the CPU, and everything that belongs to them."""

    members: tuple[Networks, ...]
    """Networks of the ensemble as the validation runs chose them, the one with an encoder first; by
    default one where the last stage fine-tunes."""
    refitted: tuple[Networks, ...]
    """Networks of ``members`` after they learned from the validation runs too; empty where they did
    not."""
    reduction: Reduction
    condition_scaler: ConditionScaler
    coefficients: NDArray[np.float32] | LazyStates
    """Coefficients of all runs, mirrored training runs last, `[N, T, r]`."""
    conditions: Conditions
    """Conditions of these runs."""
    rows: dict[str, NDArray[np.intp]]
    """Rows of each part of the split in these runs."""
    progress: Progress
    settings: Settings
    """Settings with the axes of symmetry that were found."""
    symmetry: tuple[str, ...]
    """A line about each axis of symmetry that was looked at."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about how the stages learned, one for each cause."""
        return tuple(training_warnings(self.progress.history, self.progress.nothing_kept))


def train(
    dataset: Dataset,
    split: Split,
    settings: Settings,
    *,
    stages: Sequence[str],
    folder: Path | None = None,
    log: TrainingLog | None = None,
    resume: bool = False,
    start: WarmStart | None = None,
    prepared: Prepared | None = None,
    symmetry: Symmetry | None = None,
) -> Trained:
    """Train the networks of one surrogate, as the only process or as one of several ranks.

    Each rank reads its part of the runs and computes its part of every batch. All ranks end with
    the same networks; the first one writes files.

    Parameters
    ----------
    dataset, split, settings
        The study.
    stages
        Names of the stages that run, in this order.
    folder
        Folder of checkpoints; None keeps none.
    log
        Progress, which has been entered; by default a new one that writes no TensorBoard files.
    resume
        Whether to continue from the checkpoint in ``folder``.
    start
        Trained parts to start with.
    prepared
        Reduction, coefficients and scale of the inputs; made from the data when not given.
    symmetry
        Axes of symmetry that were found before; looked for in the data when not given.

    Raises
    ------
    UserError
        When settings do not fit the data, a checkpoint is of another training, losses become NaN,
        or ranks do not train the same or one is lost.
    Interrupted
        After Ctrl-C, when the state has been saved.
    """
    check_trainable(dataset.conditions, split, settings, stages)
    # What is trained, stored and resumed has the axes that were found; the study keeps `auto`.
    symmetry = symmetry or find_symmetry(dataset, split.rows(dataset.ids)["train"], settings)
    settings = symmetry.in_settings(settings)
    identity = TrainingIdentity(
        settings, dataset.fingerprint, stages, split.train, split.validation
    )
    plan = make_plan(
        dataset,
        split,
        settings,
        stages,
        continues=start is not None,
        checkpoints=folder is not None,
    )
    checkpoint = _checkpoint(folder, identity) if resume else None
    done = None if checkpoint is None else checkpoint.progress.model_dump(mode="json")
    # Ranks that train different things would wait for each other without end.
    collectives.require_same(identity.to_json() | {"checkpoint": done}, differences)
    first = collectives.is_rank0()
    if first:
        report_reduced_batches(plan.specs, settings, len(plan.rows["train"]))
    # The caller's random numbers are not changed by a training.
    with torch.random.fork_rng(), training_log() if log is None else nullcontext(log) as log:
        log.plan(training_phases(plan, prepared=prepared is not None))
        for line in opening(plan, split, log.phase_count, searched=prepared is not None):
            log.message(line)
        for remark in symmetry.remarks:
            log.message(remark)
        # This seed is for the new weights; each stage sets another seed.
        torch.manual_seed(settings.training.seed)
        if prepared is None:
            prepared = prepare_or_restore(
                plan, identity, folder, checkpoint, start, log, resume=resume
            )
        elif folder is not None:
            save(prepared_file(folder), prepared, plan, identity)
        factory = network_factory(plan, prepared)
        data = factory.data
        networks = first_networks(factory, start)
        running = make_stages(
            plan.specs, networks, data, settings, prepared.reduction, continues=plan.continues
        )
        # The ensemble's other members are trained after the last stage, one by one.
        last = running.pop()
        members = [last, *last.further_stages(factory)]
        running += ensemble_stages(members, refits=plan.refits)
        loop = Loop(networks, data, folder, identity, log, settings.training.seed)
        progress = loop.run(running, checkpoint)
    # The last stage and those that follow for the ensemble each ended with weights of their own.
    ended = running[len(plan.specs) - 1 :]
    results = [gather_whole(loop.results[stage.label]) for stage in ended]
    join_node_layers(networks)
    found = EnsembleNetworks.of(ended, _copies([stage.networks for stage in ended], results))
    return Trained(
        members=found.members,
        refitted=found.refitted,
        reduction=prepared.reduction,
        condition_scaler=prepared.scaler,
        coefficients=prepared.coefficients,
        conditions=plan.dataset.conditions,
        rows=dict(plan.rows),
        progress=progress,
        settings=settings,
        symmetry=symmetry.remarks,
    )


@contextmanager
def training_log(
    tensorboard: Path | None = None, begun: Callable[[], None] | None = None
) -> Iterator[TrainingLog]:
    """Open a log of a training; only that of the first rank shows and writes anything.

    Parameters
    ----------
    tensorboard
        Folder of TensorBoard files; None writes none.
    begun
        Function that the first rank calls when the data have been read and training begins.
    """
    first = collectives.is_rank0()
    with (
        nullcontext() if first else progress_off(),
        TrainingLog(tensorboard if first else None, begun=begun if first else None) as log,
    ):
        yield log


def opening(plan: TrainingPlan, split: Split, phases: int, *, searched: bool) -> tuple[str, str]:
    """Return lines that say what is trained, where, and what the errors are.

    ``searched`` says whether a search came before, which has named the device.
    """
    runs = [
        count(len(split.train), "training run"),
        count(len(split.validation), "validation run"),
        f"{count(len(split.test), 'test run')} that nothing learns from",
    ]
    where = "" if searched else f" on {describe_device(plan.device)}"
    measured = "validation" if split.validation else "training"
    return (
        f"Training{where}, in {count(phases, 'phase')}: {', '.join(runs)}",
        f"Errors are relative L2 errors of the {measured} runs, measured as in the report",
    )


def _checkpoint(folder: Path | None, identity: TrainingIdentity) -> Checkpoint | None:
    """Return the last checkpoint; None where the training was stopped before it wrote one."""
    assert folder is not None, "resuming needs a folder of checkpoints"
    path = last_file(folder)
    if not path.exists():
        if collectives.is_rank0():
            logger.info("No checkpoint in %s: training starts from the beginning.", folder)
        return None
    return load_checkpoint(path, identity)


def prepare_or_restore(
    plan: TrainingPlan,
    identity: TrainingIdentity,
    folder: Path | None,
    checkpoint: Checkpoint | None,
    start: WarmStart | None,
    log: TrainingLog,
    *,
    resume: bool,
) -> Prepared:
    """Return the preparation that a checkpoint belongs to, or a new one, which is saved."""
    file = None if folder is None else prepared_file(folder)
    seconds = plan.settings.training.checkpoint_seconds
    earlier = None
    if file is not None and checkpoint is None and start is None:
        earlier = _earlier_modes(file, plan, log)
    with watch_preparation(log, folder, identity, seconds, resume=resume) as watch:
        if checkpoint is not None and file is not None:
            return restore(file, plan.dataset, plan.settings, identity)
        log.start_phase(READING, 1)
        prepared = prepare(plan, watch, start=start, earlier=earlier)
        if file is not None:
            save(file, prepared, plan, identity)
    return prepared


def _earlier_modes(file: Path, plan: TrainingPlan, log: TrainingLog) -> ReducedRuns | None:
    """Return modes of an earlier preparation that runs can be added to, and say that they are."""
    # Mirrored runs depend on the mesh too, which digests of runs do not cover.
    if plan.settings.training.augmentation.axes:
        return None
    earlier = earlier_modes(file, plan.dataset, plan.learned_rows, plan.settings, log.message)
    if earlier is not None:
        added = len(plan.dataset.ids) - len(earlier.rows)
        kept = count(len(earlier.rows), "run")
        log.message(f"{kept} were reduced before; {added or 'none'} are added")
    return earlier


def network_factory(plan: TrainingPlan, prepared: Prepared) -> NetworkFactory:
    """Return the data where training reads them, with what makes networks for them."""
    settings = plan.settings
    dataset = plan.dataset
    times = torch.from_numpy(unit_times(dataset.times, dataset.times)).to(plan.device)
    inputs = network_inputs(dataset.conditions, prepared.scaler)
    coefficients, inputs = place_data(prepared.coefficients, inputs, settings, plan.device)
    norms = JointNorms(prepared.reduction)
    data = TrainingData(coefficients, inputs, times, dict(plan.rows), norms)
    coords = dataset.mesh.coords
    return NetworkFactory(
        settings, data, prepared.scaler, coords, prepared.reduction, dataset.distances
    )


def first_networks(factory: NetworkFactory, start: WarmStart | None) -> Networks:
    """Return the networks of the first member, on the device."""
    own = factory.settings.model.decoder
    networks = factory.networks(own if start is None else start.decoder)
    if start is not None:
        # It may lack the conditioner, which then keeps its new weights.
        networks.load_state_dict(start.weights, strict=False)
    if factory.settings.training.performance.shard_nodes:
        shard_node_layers(networks)
    return networks


def _copies(
    networks: Sequence[Networks], results: Sequence[dict[str, torch.Tensor]]
) -> list[Networks]:
    """Return one network for each stage, on the CPU, with the weights that the stage ended with.

    ``networks`` are those of the stages, where several may share one.
    """
    found: list[Networks] = []
    for shared, weights in zip(networks, results, strict=True):
        # The first use keeps the original: a copy is made only for those after it.
        used = any(shared is each for each in found)
        own = deepcopy(shared) if used else shared.cpu()
        own.load_state_dict(weights)
        found.append(own.eval())
    return found
