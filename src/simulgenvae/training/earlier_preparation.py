"""Modes and coefficients of a study's last preparation, where a new one can add runs to them.

Reducing the fields takes long, and a study that has grown by some runs need not start again: the
file of the last preparation is kept, and says which runs it was made from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.reduction import FitSummary, Pod, ReducedRuns, Reduction
from simulgenvae.reduction.node_statistics import NodeStatistics
from simulgenvae.utils.damage import explain_damage
from simulgenvae.utils.tensor_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import Settings

_STATISTICS = ("minimum", "maximum", "mean", "variance")


class PreparedRuns(BaseModel):
    """Description of the runs that a preparation was made from."""

    digests: dict[str, str]
    """Digest of each run's fields, by the run's id."""
    learned: list[str] | None = None
    """Ids of the runs that the modes were found from; None, in files of earlier versions, for the
    training runs."""
    samples: int
    """Number of values that the statistics of each node and variable were computed from."""
    left_out: float
    """Energy of the fields that the modes leave out."""


def describe_runs(
    reduction: Reduction, dataset: Dataset, learned: list[str]
) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Return the tensors and the description that :func:`earlier_modes` needs in the file.

    ``learned`` are the ids of the runs that the modes were found from.
    Both are empty where runs cannot be added later: without POD, and where the dataset does not
    hold digests of its runs.
    """
    if not isinstance(reduction, Pod) or reduction.summary is None or not _can_be_extended(dataset):
        return {}, {}
    statistics, left_out = reduction.summary
    tensors = {f"seen.{name}": torch.from_numpy(getattr(statistics, name)) for name in _STATISTICS}
    digests = dict(zip(dataset.ids, dataset.digests, strict=True))
    runs = PreparedRuns(
        digests=digests, learned=learned, samples=statistics.samples, left_out=left_out
    )
    return tensors, runs.model_dump()


def earlier_modes(
    file: Path,
    dataset: Dataset,
    rows: NDArray[np.intp],
    settings: Settings,
    message: Callable[[str], None],
) -> ReducedRuns | None:
    """Return what the preparation in ``file`` found, if this one can add its other runs to it.

    It can where all runs of the file are in ``dataset`` with the same fields and in the same parts
    of the split, are to be reduced with the same settings, and there are at most as many new
    training runs as old ones.

    Parameters
    ----------
    file
        File of the last preparation; it need not exist.
    dataset, settings
        The study.
    rows
        Rows of the runs that modes are to be found from.
    message
        Function that shows why a damaged file is not used.
    """
    if not file.exists() or not _can_be_extended(dataset):
        return None
    try:
        tensors, about = read_tensors(file)
        with explain_damage(file):
            if not about.get("digests"):
                return None
            runs = PreparedRuns.model_validate(about)
            identity = about["identity"]
            same = identity["settings"]["reduction"] == settings.reduction.model_dump(mode="json")
            learned = set(runs.learned or identity["training runs"])
            if not same or not _can_grow(runs, learned, dataset, rows):
                return None
            return _read(tensors, runs, dataset)
    except UserError as error:
        # The file is only a short cut. It is replaced at the end of the new preparation.
        message(f"note: the last preparation is not used, and all runs are reduced afresh: {error}")
        return None


def _can_be_extended(dataset: Dataset) -> bool:
    """Return whether runs of the dataset are known again, and states do not depend on all runs."""
    # With other geometries, nodes have other weights in a state.
    return dataset.keeps_nodes and len(dataset.digests) == len(dataset.ids)


def _can_grow(
    runs: PreparedRuns, learned: set[str], dataset: Dataset, rows: NDArray[np.intp]
) -> bool:
    """Return whether the study has the same runs, and not too many new ones to learn from.

    ``learned`` are the ids of the runs that the modes were found from.
    """
    present = dict(zip(dataset.ids, dataset.digests, strict=True))
    # A run that is gone or has other fields may have shaped the modes.
    if not runs.digests.items() <= present.items():
        return False
    # With many more new runs than old ones, the old modes save little work.
    wanted = {dataset.ids[row] for row in rows}
    return wanted & runs.digests.keys() == learned and len(wanted) <= 2 * len(learned)


def _read(tensors: dict[str, Tensor], runs: PreparedRuns, dataset: Dataset) -> ReducedRuns:
    """Return the content of the file; LookupError or ValueError where it does not fit."""
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    pod = Pod.from_arrays(arrays)
    coefficients = arrays["coefficients"]
    expected = (len(runs.digests), dataset.shape[1], pod.rank)
    if pod.field_shape != dataset.shape[2:] or coefficients.shape != expected:
        raise ValueError(f"coefficients {coefficients.shape} of fields {pod.field_shape}")
    parts = {name: arrays[f"seen.{name}"].astype(np.float64) for name in _STATISTICS}
    for part in parts.values():
        if part.shape != pod.field_shape or not np.isfinite(part).all():
            raise ValueError("statistics of other fields")
    summary = FitSummary(NodeStatistics(**parts, samples=runs.samples), runs.left_out)
    place = {name: row for row, name in enumerate(dataset.ids)}
    read = np.array([place[name] for name in runs.digests], np.intp)
    return ReducedRuns(pod.state_map, pod.basis, summary, coefficients, read)
