"""Batches that several processes share: each computes some runs, and all together what one process
would.

Random numbers are those of the whole batch: every process draws all of them and takes its runs'
part. So what is drawn does not depend on how many processes there are, and their generators stay in
step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shard:
    """Runs ``start`` to ``stop`` of a batch of ``whole`` runs, which one of ``count`` processes
    computes.

    A process for which none is left computes a run of another's, with the weight 0: networks always
    see a run.
    """

    start: int
    stop: int
    whole: int
    count: int
    own: bool = True

    @classmethod
    def of(cls, whole: int, rank: int, count: int) -> Shard:
        """The part of process number ``rank``: as many neighbours as any other has, or one more or
        less."""
        start, stop = (whole * edge // count for edge in (rank, rank + 1))
        return (
            cls(start, stop, whole, count)
            if start < stop
            else cls(start, start + 1, whole, count, own=False)
        )

    @property
    def runs(self) -> slice:
        """Its runs of the batch."""
        return slice(self.start, self.stop)

    def every(self, step: int) -> tuple[slice, Shard]:
        """Of the batch's runs number 0, ``step``, 2 ``step`` …: which of this shard's these are,
        and their shard."""
        start, stop, whole = (-(-edge // step) for edge in (self.start, self.stop, self.whole))
        if start < stop and self.own:
            return slice(start * step - self.start, None, step), Shard(
                start, stop, whole, self.count
            )
        start = min(start, whole - 1)
        return slice(1), Shard(start, start + 1, whole, self.count, own=False)

    def mean(self, values: Tensor) -> Tensor:
        """Contribution to the mean over the batch of something that each run has, from this shard's
        ``[b, ...]``.

        Processes average their contributions, as they do with gradients.
        """
        return values.sum(0) * ((self.count if self.own else 0) / self.whole)


_shard: Shard | None = None


@contextmanager
def drawing_for(shard: Shard | None) -> Iterator[None]:
    """Random numbers of batches are drawn for a shard; None: for batches as they are."""
    global _shard  # modules deep in a network draw, and their inputs say nothing of the batch
    before, _shard = _shard, shard
    try:
        yield
    finally:
        _shard = before


def drawn(draw: Callable[[int], Tensor], runs: int) -> Tensor:
    """What ``draw`` gives for so many runs, ``[runs, ...]``: of a shard, its part of what it gives
    for the batch."""
    return draw(runs) if _shard is None else draw(_shard.whole)[_shard.runs]


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014) of ``[B, ...]`` at a ``rate``."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return x * drawn(lambda runs: F.dropout(x.new_ones(runs, *x.shape[1:]), self.rate), len(x))
