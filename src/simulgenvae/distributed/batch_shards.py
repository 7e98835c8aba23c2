"""Batches that several processes share.

Each process computes some runs of a batch, and all processes together learn what a single one
would. A random number belongs to a run of the batch: every process draws the numbers of the whole
batch and keeps the part for the runs it computes. So they do not depend on the number of processes,
and the generators of all processes stay in step.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Shard:
    """Runs ``start`` to ``stop`` of a batch, which one process computes.

    A batch of fewer runs than processes leaves some without one. Such a process computes a run of
    another process and counts it with weight 0, since the networks need an input and all
    processes must take part in every exchange of gradients.

    Parameters
    ----------
    start, stop
        First run of this process, and the run after its last.
    batch_size
        Number of runs of the whole batch.
    world_size
        Number of processes.
    has_runs
        Whether the runs count; False for a process that computes a run of another one.
    """

    start: int
    stop: int
    batch_size: int
    world_size: int
    has_runs: bool = True

    @classmethod
    def of(cls, batch_size: int, rank: int, world_size: int) -> Shard:
        """Return the shard of process number ``rank``.

        Shards are consecutive, and their lengths differ by one run at most.
        """
        start = batch_size * rank // world_size
        stop = batch_size * (rank + 1) // world_size
        if start < stop:
            return cls(start, stop, batch_size, world_size)
        return cls(start, start + 1, batch_size, world_size, has_runs=False)

    @property
    def runs(self) -> slice:
        """Positions of the shard's runs in the batch."""
        return slice(self.start, self.stop)

    def every_nth(self, step: int) -> tuple[slice, Shard]:
        """Return the part of this shard in a smaller batch of every ``step``-th run.

        The smaller batch consists of the runs 0, ``step``, 2 ``step``, ... of the batch. Returned
        are the positions of its runs within this shard, and this process's shard of it.
        """
        # Run k of the smaller batch is run k * step of the batch: the edges, rounded up, enclose
        # those that lie in this shard.
        start = -(-self.start // step)
        stop = -(-self.stop // step)
        batch_size = -(-self.batch_size // step)
        if start < stop and self.has_runs:
            positions = slice(start * step - self.start, None, step)
            return positions, Shard(start, stop, batch_size, self.world_size)
        start = min(start, batch_size - 1)
        return slice(1), Shard(start, start + 1, batch_size, self.world_size, has_runs=False)

    def mean(self, values: Tensor) -> Tensor:
        """Return this shard's contribution to the mean of a quantity over the batch.

        ``values`` are the quantity of the shard's runs, ``[b, ...]``. Processes average their
        contributions, as they do with gradients, so that every run of the batch counts once, also
        where shards have different lengths.
        """
        weight = self.world_size if self.has_runs else 0
        return values.sum(0) * (weight / self.batch_size)


# Modules deep within a network draw random numbers, and their inputs do not say which runs of the
# batch they are. Handing the shard down would add an argument to every module in between.
_shard: Shard | None = None


@contextmanager
def shard_draws(shard: Shard | None) -> Iterator[None]:
    """Let :func:`draw_random` return the numbers of ``shard`` within this context.

    With None it draws for the runs it is called with, as it does outside of any context.
    """
    global _shard
    before = _shard
    _shard = shard
    try:
        yield
    finally:
        _shard = before


def draw_random(draw: Callable[[int], Tensor], runs: int) -> Tensor:
    """Return random numbers ``[runs, ...]`` of the current shard's runs.

    ``draw`` makes them for the number of runs it is called with: for the whole batch where there
    is a shard, which then keeps its part.
    """
    if _shard is None:
        return draw(runs)
    return draw(_shard.batch_size)[_shard.runs]


class Dropout(nn.Module):
    """Dropout of ``[B, ...]`` whose mask does not depend on the number of processes.

    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    Entries are set to zero with probability ``rate``, and the others divided by 1 - ``rate``.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with some entries dropped while training, and unchanged otherwise."""
        if not self.training or self.rate == 0:
            return x

        def mask(runs: int) -> Tensor:
            return F.dropout(x.new_ones(runs, *x.shape[1:]), self.rate)

        return x * draw_random(mask, len(x))
