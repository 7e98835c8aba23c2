"""Fields ↔ coefficients: scaling, POD, and exact bookkeeping of what was lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction.base import Decoder, Reduction
from simulgenvae.reduction.encode import encode_runs
from simulgenvae.reduction.identity import Identity
from simulgenvae.reduction.incremental import EarlierModes, Seen
from simulgenvae.reduction.lazy import LazyStates, stays_on_disk
from simulgenvae.reduction.moments import field_statistics
from simulgenvae.reduction.monitor import UNWATCHED, Monitor
from simulgenvae.reduction.pod import Pod
from simulgenvae.reduction.state import StateMap
from simulgenvae.settings import ReductionSettings

__all__ = [
    "Decoder",
    "EarlierModes",
    "Identity",
    "LazyStates",
    "Monitor",
    "Pod",
    "Reduction",
    "Seen",
    "encode_runs",
    "reduce_runs",
    "restore_reduction",
    "runs_in",
    "stays_on_disk",
]


def reduce_runs(
    dataset: Dataset,
    rows: NDArray[np.intp],
    settings: ReductionSettings,
    workers: int = 0,
    fits: Callable[[Reduction], None] = lambda _: None,
    watch: Monitor = UNWATCHED,
    *,
    on_disk: bool = False,
    known: EarlierModes | None = None,
) -> tuple[Reduction, NDArray[np.float32] | LazyStates]:
    """Reduction fitted on the runs ``rows`` (the training runs) alone, and the coefficients of all
    runs, ``[N, T, r]``.

    ``workers`` threads read ahead. ``fits`` is called before coefficients are computed, with a
    reduction of about the final rank, and may raise UserError. ``watch`` follows the passes of POD,
    and may keep and stop them. Without a reduction, coefficients may stay ``on_disk``. Runs whose
    modes are ``known`` are not read: others are added to them.

    Raises UserError when nothing varies in the training runs.
    """
    if settings.method == "pod":
        return Pod.fit(dataset, rows, settings, workers, fits, watch, known)
    statistics = field_statistics(dataset, rows, workers)
    statistics.require_variation()
    direct = Identity(StateMap.fit(statistics, settings))
    fits(direct)
    return direct, runs_in(dataset, direct, workers, on_disk=on_disk)


def restore_reduction(method: str, arrays: dict[str, NDArray[np.generic]]) -> Reduction:
    """Reduction from a model file; raises KeyError when an array is missing."""
    return Identity.from_arrays(arrays) if method == "none" else Pod.from_arrays(arrays)


def runs_in(
    dataset: Dataset, reduction: Reduction, workers: int = 0, *, on_disk: bool = False
) -> NDArray[np.float32] | LazyStates:
    """:func:`encode_runs`, or what computes them when they are asked for."""
    return LazyStates(dataset, reduction) if on_disk else encode_runs(dataset, reduction, workers)
