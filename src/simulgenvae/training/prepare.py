"""Preparation of a training: reduction of the fields, their coefficients, scale of the inputs.

They are made from the data, taken from a trained model, or read from the file that an interrupted
training left.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from simulgenvae.baselines.logarithms import choose_logarithms
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.split import MIRRORED_VALIDATION
from simulgenvae.data.symmetry import with_mirrored
from simulgenvae.distributed import collectives
from simulgenvae.reduction import (
    LazyStates,
    Monitor,
    ReducedRuns,
    Reduction,
    RunReader,
    candidates,
    restore_reduction,
    runs_in,
    stays_on_disk,
)
from simulgenvae.training.earlier_preparation import describe_runs
from simulgenvae.training.identity import TrainingIdentity, check_identity
from simulgenvae.training.memory.require import require_fitting_memory, require_training_memory
from simulgenvae.training.performance import worker_count
from simulgenvae.utils.damage import explain_damage
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import Settings
    from simulgenvae.training.plan import TrainingPlan
    from simulgenvae.training.warm_start import WarmStart

logger = logging.getLogger(__name__)

BYTES_FOR_SCALER = 2**28
"""Bytes of coefficients from which the scale of the parameters is chosen. Where all have more, some
timesteps are left out."""


@dataclass(frozen=True)
class Prepared:
    """Everything that a training needs before its first step."""

    reduction: Reduction
    coefficients: NDArray[np.float32] | LazyStates
    """Coefficients of all runs, `[N, T, r]`."""
    scaler: ConditionScaler


def prepared_file(folder: Path) -> Path:
    """Return the file in the folder of checkpoints that holds a preparation."""
    return folder / "prepared.safetensors"


def add_mirrored(
    dataset: Dataset, rows: dict[str, NDArray[np.intp]], settings: Settings
) -> tuple[Dataset, dict[str, NDArray[np.intp]]]:
    """Return the dataset with mirrored runs after its own, and the rows of both.

    Training runs are mirrored and, for a refit, validation runs.

    Without an axis in ``training.augmentation.flips`` they are returned unchanged; what ``auto``
    stands for must have been found before (``training/symmetry/``).

    Raises
    ------
    UserError
        When the mesh or the variables are not symmetric.
    """
    augmentation = settings.training.augmentation
    if not augmentation.axes:
        return dataset, rows
    of_train = len(rows["train"])
    mirrored = np.concatenate([rows["train"], rows["validation"]])
    both = with_mirrored(dataset, mirrored, augmentation.axes, augmentation.odd)
    # All runs along the first mirror, then all along the next one.
    new = np.arange(len(dataset.ids), len(both.ids)).reshape(-1, len(mirrored))
    train = np.concatenate([rows["train"], new[:, :of_train].ravel()])
    return both, rows | {"train": train, MIRRORED_VALIDATION: new[:, of_train:].ravel()}


def prepare(
    plan: TrainingPlan,
    watch: Monitor,
    *,
    start: WarmStart | None = None,
    earlier: ReducedRuns | None = None,
) -> Prepared:
    """Prepare a training from its data, and from a trained model where it starts with one.

    Parameters
    ----------
    plan
        The training.
    watch
        Observer of the passes over the fields, which may stop them.
    start
        Trained parts, whose reduction and scale of the inputs are used.
    earlier
        Modes and coefficients that other runs are added to; the runs of these are not read.

    Raises
    ------
    UserError
        When something does not fit into the memory, or nothing varies in the training runs.
    """
    dataset = plan.dataset
    settings = plan.settings
    on_disk = stays_on_disk(dataset, settings)
    workers = worker_count(settings.training.performance)
    if start is not None:
        # The networks of the start belong to its coefficients and to its scale of the inputs.
        require_training_memory(plan, start.reduction)
        coefficients = runs_in(dataset, start.reduction, workers, on_disk=on_disk)
        return Prepared(start.reduction, coefficients, start.condition_scaler)
    train = plan.rows["train"]
    learned = plan.learned_rows
    require_fitting_memory(dataset, len(learned), settings)
    runs = RunReader(dataset, learned, workers, watch, earlier)
    reduction, coefficients = _reduce(plan, runs, on_disk=on_disk)
    scaler = _fit_scaler(dataset.conditions, coefficients, train)
    return Prepared(reduction, coefficients, scaler)


def _reduce(
    plan: TrainingPlan, runs: RunReader, *, on_disk: bool
) -> tuple[Reduction, NDArray[np.float32] | LazyStates]:
    """Return the reduction and the coefficients of all runs."""
    for candidate in candidates(runs, plan.settings.reduction, on_disk=on_disk):
        # The number of coefficients is known here, and computing them takes long: a training that
        # does not fit into the memory is refused before.
        require_training_memory(plan, candidate.reduction)
        result = candidate.project()
        if result is not None:
            return result
    raise AssertionError("the last candidate is always accepted")


def restore(
    file: Path, dataset: Dataset, settings: Settings, identity: TrainingIdentity
) -> Prepared:
    """Read back the preparation of an interrupted training.

    Raises
    ------
    UserError
        When the file is missing, damaged or of another training.
    """
    tensors, about = read_tensors(file)
    check_identity(file, about, identity)
    coefficients: NDArray[np.float32] | LazyStates | None = None
    with explain_damage(file):
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        reduction = restore_reduction(settings.reduction.method, arrays)
        scaler = ConditionScaler.model_validate(about["condition_scaler"])
        if _keeps_coefficients(settings):
            coefficients = arrays["coefficients"]
            expected = (*dataset.shape[:2], reduction.rank)
            if coefficients.shape != expected or coefficients.dtype != np.float32:
                raise ValueError(f"coefficients {coefficients.shape} of type {coefficients.dtype}")
    if coefficients is None:
        workers = worker_count(settings.training.performance)
        on_disk = stays_on_disk(dataset, settings)
        coefficients = runs_in(dataset, reduction, workers, on_disk=on_disk)
    return Prepared(reduction, coefficients, scaler)


def save(file: Path, prepared: Prepared, plan: TrainingPlan, identity: TrainingIdentity) -> None:
    """Write a preparation to a file, for :func:`restore` and :func:`earlier_modes`."""
    dataset = plan.dataset
    settings = plan.settings
    if not collectives.is_rank0():
        return
    arrays = prepared.reduction.arrays()
    if _keeps_coefficients(settings) and not isinstance(prepared.coefficients, LazyStates):
        arrays["coefficients"] = prepared.coefficients
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    # The study may grow: with these, a later preparation adds runs instead of starting again.
    learned = [dataset.ids[row] for row in plan.learned_rows]
    more, facts = describe_runs(prepared.reduction, dataset, learned)
    scaler = prepared.scaler.model_dump(mode="json")
    about = {"identity": identity.to_json(), "condition_scaler": scaler, **facts}
    write_tensors(file, tensors | more, about)


def _keeps_coefficients(settings: Settings) -> bool:
    # Without a reduction, coefficients are scaled fields, which are computed from the dataset
    # faster than a copy of it is read.
    return settings.reduction.method == "pod"


def _fit_scaler(
    conditions: Conditions,
    coefficients: NDArray[np.float32] | LazyStates,
    rows: NDArray[np.intp],
) -> ConditionScaler:
    """Return the scale of the parameters of the training runs, some of them as logarithms.

    Parameters
    ----------
    conditions
        Conditions of all runs.
    coefficients
        Coefficients of all runs, `[N, T, r]`.
    rows
        Rows of the training runs.
    """
    _, timesteps, rank = coefficients.shape
    shown = max(1, BYTES_FOR_SCALER // (4 * len(rows) * rank))
    stride = math.ceil(timesteps / shown)
    # Run by run: where coefficients are on disk, all together may not fit into the memory.
    seen = [np.asarray(coefficients[rows[[k]]][0, ::stride]) for k in range(len(rows))]
    train = conditions.select(rows)
    logarithms = choose_logarithms(train, np.stack(seen), others=conditions)
    scaler = ConditionScaler.fit(train, logarithms)
    for name, below in zip(scaler.names, scaler.linear_below, strict=True):
        if below > 0 and collectives.is_rank0():
            logger.info(
                "%s is read as asinh(%s / %.3g): it spans decades, and is linear below that value",
                name,
                name,
                below,
            )
    return scaler
