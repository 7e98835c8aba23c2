"""Fitting of a reduction in two phases, and both phases at once.

Tested in tests/reduction/test_reduction.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.reduction.encode import runs_in
from simulgenvae.reduction.identity import Identity
from simulgenvae.reduction.monitor import UNWATCHED, Monitor
from simulgenvae.reduction.node_statistics import node_statistics
from simulgenvae.reduction.pod import Pod
from simulgenvae.reduction.run_reader import RunReader
from simulgenvae.reduction.state_map import StateMap

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction.base import Candidate, Reduction
    from simulgenvae.reduction.incremental import ReducedRuns
    from simulgenvae.reduction.lazy import LazyStates
    from simulgenvae.settings import ReductionSettings


def candidates(
    runs: RunReader, settings: ReductionSettings, *, on_disk: bool = False
) -> Iterator[Candidate]:
    """Yield candidates for a reduction that is fitted to the training runs, each one better.

    Parameters
    ----------
    runs
        Runs of the study, and how they are read. The reduction is fitted to its training runs, and
        all runs are projected.
    settings
        Method, scaling and tolerance.
    on_disk
        Whether coefficients may stay on disk where there is no reduction.

    Raises
    ------
    UserError
        When nothing varies in the training runs, or a run cannot be read.
    """
    if settings.method == "pod":
        yield from Pod.candidates(runs, settings)
        return
    statistics = node_statistics(runs)
    statistics.require_variation()
    state_map = StateMap.fit(statistics, settings, runs.dataset.offsets, runs.node_weights)
    yield _IdentityCandidate(runs, Identity(state_map), on_disk)


@dataclass(frozen=True, eq=False)
class _IdentityCandidate:
    """The identity, which is final as soon as it is found."""

    runs: RunReader
    reduction: Identity
    on_disk: bool

    def project(self) -> tuple[Identity, NDArray[np.float32] | LazyStates]:
        """Return the identity, and the states of all runs."""
        states = runs_in(self.runs.dataset, self.reduction, self.runs.workers, on_disk=self.on_disk)
        return self.reduction, states


def reduce_runs(
    dataset: Dataset,
    training_rows: NDArray[np.intp],
    settings: ReductionSettings,
    *,
    workers: int = 0,
    monitor: Monitor = UNWATCHED,
    earlier: ReducedRuns | None = None,
    on_disk: bool = False,
) -> tuple[Reduction, NDArray[np.float32] | LazyStates]:
    """Return a reduction fitted to the training runs only, and the coefficients of all runs.

    The arguments are described at :class:`RunReader` and :func:`candidates`; coefficients are
    ``[N, T, r]``. Raises UserError as :func:`candidates` does.
    """
    runs = RunReader(dataset, training_rows, workers, monitor, earlier)
    for candidate in candidates(runs, settings, on_disk=on_disk):
        result = candidate.project()
        if result is not None:
            return result
    raise AssertionError("the last candidate is always accepted")
