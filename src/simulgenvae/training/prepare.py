"""What training needs before the first step: the reduction of the fields, their coefficients, the
scale of the inputs.

It is made from the data, taken from a trained model, or read back from the file that an interrupted
training left.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.baselines.logarithms import choose_logarithms
from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.distributed import collectives
from simulgenvae.reduction import (
    EarlierModes,
    LazyStates,
    Monitor,
    Reduction,
    reduce_runs,
    restore_reduction,
    runs_in,
    stays_on_disk,
)
from simulgenvae.settings import Settings
from simulgenvae.training.checkpoint import Checkpoint, restoring
from simulgenvae.training.earlier_preparation import described
from simulgenvae.training.identity import TrainingIdentity, check_identity
from simulgenvae.training.memory import require_fitting_memory
from simulgenvae.training.performance import worker_count
from simulgenvae.training.warm_start import WarmStart
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

SEEN = 2**28
"""Bytes of coefficients that are looked at to choose how parameters are read: fewer timesteps where
all have more."""


def prepare(
    dataset: Dataset,
    rows: dict[str, NDArray[np.intp]],
    settings: Settings,
    identity: TrainingIdentity,
    file: Path | None,
    checkpoint: Checkpoint | None,
    start: WarmStart | None,
    fits: Callable[[Reduction], None],
    watch: Monitor,
    known: EarlierModes | None = None,
) -> tuple[Reduction, NDArray[np.float32] | LazyStates, ConditionScaler]:
    """Reduction, coefficients ``[N, T, r]`` of all runs, and scaler; those of the interrupted run
    when one is resumed.

    ``fits`` raises UserError where training with a reduction would not fit into the memory;
    ``watch`` follows the reduction of the fields. Runs that are ``known`` are not read.
    """
    on_disk, workers = stays_on_disk(dataset, settings), worker_count(settings.training.performance)
    # Without a reduction they are the fields, which are there already.
    kept = settings.reduction.method == "pod"
    coefficients: NDArray[np.float32] | LazyStates
    if checkpoint is not None and file is not None:
        tensors, about = read_tensors(file)
        check_identity(file, about, identity)
        with restoring(file):
            arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
            reduction = restore_reduction(settings.reduction.method, arrays)
            scaler = ConditionScaler.model_validate(about["condition_scaler"])
            if kept:
                coefficients = arrays["coefficients"]
                if (
                    coefficients.shape != (*dataset.shape[:2], reduction.rank)
                    or coefficients.dtype != np.float32
                ):
                    raise ValueError(
                        f"coefficients {coefficients.shape} of type {coefficients.dtype}"
                    )
        if not kept:
            coefficients = runs_in(dataset, reduction, workers, on_disk=on_disk)
        return reduction, coefficients, scaler
    if start is not None:
        reduction, scaler = start.reduction, start.condition_scaler
        fits(reduction)
        coefficients = runs_in(dataset, reduction, workers, on_disk=on_disk)
    else:
        require_fitting_memory(dataset, len(rows["train"]), settings)
        reduction, coefficients = reduce_runs(
            dataset,
            rows["train"],
            settings.reduction,
            workers,
            fits,
            watch,
            on_disk=on_disk,
            known=known,
        )
        scaler = _scaler(dataset.conditions.select(rows["train"]), coefficients, rows["train"])
    if file is not None and collectives.is_rank0():
        arrays = reduction.arrays()
        if kept and not isinstance(coefficients, LazyStates):
            arrays["coefficients"] = coefficients
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        more, facts = described(reduction, dataset)
        about = {
            "identity": identity.to_json(),
            "condition_scaler": scaler.model_dump(mode="json"),
            **facts,
        }
        write_tensors(file, tensors | more, about)
    return reduction, coefficients, scaler


def _scaler(
    known: Conditions, coefficients: NDArray[np.float32] | LazyStates, rows: NDArray[np.intp]
) -> ConditionScaler:
    """How the parameters of the training runs are read, some of them as logarithms."""
    _, steps, rank = coefficients.shape
    stride = math.ceil(steps / max(1, SEEN // (4 * len(rows) * rank)))
    seen = np.stack(
        [np.asarray(coefficients[rows[[place]]][0, ::stride]) for place in range(len(rows))]
    )
    return ConditionScaler.fit(known, choose_logarithms(known, seen))
