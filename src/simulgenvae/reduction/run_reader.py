"""Reader of the runs of a data set: which runs are read, how, and who follows the reading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.monitor import UNWATCHED, Monitor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction.incremental import ReducedRuns


LEAST_WEIGHT = 0.03
"""Weight of nodes that no training run has: they count little, but a new design may have them."""


@dataclass(frozen=True, eq=False)
class RunReader:
    """Reader of runs for every pass over them, from the caller to the innermost loop.

    Attributes
    ----------
    dataset
        Fields of all N runs.
    training_rows
        Rows of the training runs, to which a reduction is fitted.
    workers
        Threads that read the next block while one is worked on; 0 for none.
    monitor
        Follows the passes, and may keep what they have found or stop them.
    earlier
        Runs that an earlier reduction has already reduced. They are not read: their coefficients
        replace their fields.
    """

    dataset: Dataset
    training_rows: NDArray[np.intp]
    workers: int = 0
    monitor: Monitor = UNWATCHED
    earlier: ReducedRuns | None = None

    @cached_property
    def node_weights(self) -> NDArray[np.float64] | None:
        """Weights of the nodes in a state, `[M]`; None where every node counts alike.

        Where geometries differ, the square of a node's weight is the part of the training runs that
        have it: elsewhere it only continues their fields.
        """
        if self.dataset.shapes is None:
            return None
        share = self.dataset.inside_share(self.training_rows)
        return None if share is None else np.maximum(np.sqrt(share), LEAST_WEIGHT)

    @property
    def rows_to_read(self) -> NDArray[np.intp]:
        """Rows of all runs that must be read, in ascending order."""
        rows = np.arange(len(self.dataset.ids))
        return rows if self.earlier is None else np.setdiff1d(rows, self.earlier.rows)

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
        for block_rows, snapshots in read_blocks(self.dataset, rows, self.workers):
            yield block_rows, torch.from_numpy(snapshots).flatten(1)

    def monitored_blocks(
        self, name: str, rows: NDArray[np.intp], accumulators: dict[str, Tensor]
    ) -> Iterator[tuple[NDArray[np.intp], Tensor]]:
        """Yield this rank's part of ``rows`` as :meth:`blocks` does, while the monitor follows.

        Parameters
        ----------
        name
            Name of the pass, which is shown to the user, and under which what it has found is kept.
        rows
            Rows that all ranks read together.
        accumulators
            Everything the pass has found so far, as tensors that the caller changes in place. A
            pass that was interrupted continues after the runs that they have counted.
        """
        own = collectives.local_rows(rows)
        done = self.monitor.resume(name, len(own), accumulators)
        for block_rows, block in self.blocks(own[done:]):
            yield block_rows, block
            # The caller has worked on the block when it asks for the next one, so that the
            # accumulators hold these runs now.
            done += len(block_rows)
            self.monitor.advance(name, done)
