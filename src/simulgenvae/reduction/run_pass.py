"""Passes over the runs of a data set: which runs are read, how, and who follows the reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.monitor import UNWATCHED, Monitor

if TYPE_CHECKING:
    from simulgenvae.reduction.incremental import ReducedRuns


@dataclass(frozen=True, eq=False)
class RunPass:
    """Arguments of every pass over the runs, from the caller to the innermost loop.

    Attributes
    ----------
    dataset
        Fields of all N runs.
    training_rows
        Rows of the training runs, to which a reduction is fitted.
    workers
        Threads that read the next block while one is worked on; 0 for none.
    monitor
        Follows the passes, and may keep their state or stop them.
    reduced
        Runs that an earlier reduction has already reduced. They are not read: their coefficients
        replace their fields.
    """

    dataset: Dataset
    training_rows: NDArray[np.intp]
    workers: int = 0
    monitor: Monitor = UNWATCHED
    reduced: ReducedRuns | None = None

    @property
    def rows_to_read(self) -> NDArray[np.intp]:
        """Rows of all runs that must be read, in ascending order."""
        rows = np.arange(len(self.dataset.ids))
        return rows if self.reduced is None else np.setdiff1d(rows, self.reduced.rows)

    @property
    def training_rows_to_read(self) -> NDArray[np.intp]:
        """Rows of the training runs that must be read, in ascending order."""
        return np.intersect1d(self.training_rows, self.rows_to_read)

    def blocks(self, rows: Iterable[int]) -> Iterator[tuple[NDArray[np.intp], Tensor]]:
        """Yield the snapshots of some of ``rows`` at a time, in their order.

        Yields the rows ``[k]`` and their snapshots one below the other, ``[k·T, M·V]`` float32. The
        caller may change a block, until it takes the next one. Raises UserError where a run cannot
        be read.
        """
        for some, snapshots in read_blocks(self.dataset, rows, self.workers):
            yield some, torch.from_numpy(snapshots).flatten(1)

    def monitored_blocks(
        self, name: str, rows: NDArray[np.intp], state: dict[str, Tensor]
    ) -> Iterator[tuple[NDArray[np.intp], Tensor]]:
        """Yield this rank's part of ``rows`` as :meth:`blocks` does, while the monitor follows.

        Parameters
        ----------
        name
            Name of the pass, shown to the user and under which its state is kept.
        rows
            Rows that all ranks read together.
        state
            Everything the pass has found so far, as tensors that the caller changes in place. A
            pass that was interrupted continues after the runs that its restored state has counted.
        """
        own = collectives.local_rows(rows)
        done = self.monitor.resume(name, len(own), state)
        for some, block in self.blocks(own[done:]):
            yield some, block
            # The caller has worked on the block when it asks for the next one, so that the state
            # holds these runs now.
            done += len(some)
            self.monitor.advance(name, done)
