"""Exchange of numbers, objects and errors between the ranks of a training.

Each process that torchrun starts is a *rank*. In a single process every function here does nothing
and costs nothing, so that callers need no second path. All ranks must call the same functions in
the same order, or they wait for each other until ``training.rank_timeout``.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from simulgenvae.distributed.failures import RanksLost
from simulgenvae.distributed.rendezvous import RankPlace, open_store, wait_for_ranks
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")
# gloo reports a lost connection as a plain RuntimeError, so that only its words tell it from
# another error.
_COMMUNICATION_ERROR = re.compile(
    "connection|gloo|nccl|timed? ?out|timeout|process ?group|broken pipe|unreachable", re.IGNORECASE
)


def rank() -> int:
    """Return the number of this process, counted from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Return the number of ranks on all machines."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_rank0() -> bool:
    """Return whether this is the rank that writes files and prints."""
    return rank() == 0


@contextmanager
def process_group(timeout: float) -> Iterator[bool]:
    """Join the other processes that torchrun has started, for the time of this context.

    Each rank takes one GPU where there are GPUs. Numbers on a GPU are exchanged by NCCL, all others
    by gloo. Waiting for another rank for more than ``timeout`` seconds raises :class:`RanksLost`.
    In a process that torchrun has not started, and within another such context, nothing is joined.

    Yields
    ------
    bool
        Whether torchrun has started the ranks again, after one was lost.

    Raises
    ------
    UserError
        This machine has fewer GPUs than ranks, or the other ranks do not come.
    """
    place = RankPlace.read()
    if place.world_size == 1 or dist.is_initialized():
        yield False
        return
    backend = "gloo"
    if torch.cuda.is_available():
        _take_gpu()
        backend = "cpu:gloo,cuda:nccl"
    store = open_store(place)
    with _as_ranks_lost():
        new_store = wait_for_ranks(store, place, timeout)
        limit = timedelta(seconds=timeout)
        dist.init_process_group(
            backend, store=new_store, rank=place.rank, world_size=place.world_size, timeout=limit
        )
    try:
        # The store outlives the ranks of one attempt, so this count exceeds 1 after a restart.
        yield run_on_rank0(lambda: store.add("attempts", 1) > 1)
    finally:
        dist.destroy_process_group()


def _take_gpu() -> None:
    """Make the GPU of this rank's number on its machine the current one."""
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    gpus = torch.cuda.device_count()
    if local_rank >= gpus:
        raise UserError(
            f"{os.environ.get('LOCAL_WORLD_SIZE', local_rank + 1)} processes were started on a "
            f"machine with {gpus} GPUs: start one per GPU (--gpus, --nproc_per_node), or train on "
            "the CPU (CUDA_VISIBLE_DEVICES=)."
        )
    torch.cuda.set_device(local_rank)


@contextmanager
def communication_errors() -> Iterator[None]:
    """Raise RanksLost for an error of the communication within this context.

    For work in which a library exchanges numbers, such as DistributedDataParallel.
    """
    # One process exchanges nothing: there, an error with these words has another cause.
    if world_size() == 1:
        yield
        return
    with _as_ranks_lost():
        yield


@contextmanager
def _as_ranks_lost() -> Iterator[None]:
    """Raise RanksLost, with a message for the user, for errors of gloo and NCCL."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not _COMMUNICATION_ERROR.search(str(error)):
            raise
        reason = str(error).strip().splitlines()[0]
        raise RanksLost(
            f"another rank cannot be reached ({reason}). It may have been killed, its machine or "
            "the network may have failed, or it waited longer than training.rank_timeout. The "
            "last checkpoint is kept: go on with --resume."
        ) from error


def local_rows(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return this rank's part of ``rows``.

    Parts are consecutive, and their lengths differ by one at most.
    """
    return np.array_split(rows, world_size())[rank()]


def local_batches(rows: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """Return this rank's part of ``rows`` in batches of at most ``size`` rows.

    All ranks get the same number of batches, the last ones empty where needed: a layer whose weight
    is gathered from all ranks must be called equally often on each.
    """
    longest = -(-len(rows) // world_size())
    own = local_rows(rows)
    return [own[start : start + size] for start in range(0, longest, size)]


def all_reduce_sum(values: Tensor) -> Tensor:
    """Return the sum of all ranks' ``values``, with the same bits on each rank.

    ``values`` themselves are not changed.
    """
    return _reduce(values, dist.ReduceOp.SUM)


def all_reduce_max(values: Tensor) -> Tensor:
    """Return, element by element, the largest of all ranks' ``values``."""
    return _reduce(values, dist.ReduceOp.MAX)


def _reduce(values: Tensor, operation: Any) -> Tensor:
    if world_size() == 1:
        return values
    with _as_ranks_lost():
        reduced = values.clone()  # torch reduces in place
        dist.all_reduce(reduced, operation)
    return reduced


def run_on_rank0(make: Callable[[], T]) -> T:
    """Call ``make`` on the first rank only, and return its result on all ranks.

    The other ranks wait. A UserError on the first rank is raised on all.
    """
    if world_size() == 1:
        return make()
    # An error is sent like a result: the other ranks would wait for one that never comes.
    result: list[Any] = [None, None]
    if is_rank0():
        try:
            result[0] = make()
        except UserError as error:
            result[1] = error
    with _as_ranks_lost():
        dist.broadcast_object_list(result)
    if result[1] is not None:
        raise result[1]
    made: T = result[0]
    return made


def run_on_all(make: Callable[[], T]) -> list[T]:
    """Call ``make`` on every rank, and return all results in the order of ranks.

    A UserError or OSError on one rank is raised on all. Without that, the others would wait in
    their next exchange for a rank that has left.
    """
    own: list[Any] = [None, None]
    try:
        own[0] = make()
    except (UserError, OSError) as error:
        own[1] = error
    results = all_gather(own)
    for _, mistake in results:
        if mistake is not None:
            raise mistake
    return [made for made, _ in results]


def all_gather(value: T) -> list[T]:
    """Return every rank's ``value``, in the order of ranks."""
    if world_size() == 1:
        return [value]
    values: list[Any] = [None] * world_size()
    with _as_ranks_lost():
        dist.all_gather_object(values, value)
    return values


def require_same(value: Any, differences: Callable[[Any, Any], Sequence[str]]) -> None:
    """Check that all ranks have the same ``value``.

    Parameters
    ----------
    value
        This rank's value.
    differences
        Function that lists how another rank's value (second argument) differs from the first
        rank's (first argument).

    Raises
    ------
    UserError
        On all ranks, where the value of one rank differs.
    """
    values = all_gather(value)
    for number, other in enumerate(values):
        if found := differences(values[0], other):
            raise UserError(
                f"rank {number} does not train the same study as rank 0: {'; '.join(found)}. All "
                "ranks need the same files, settings and version of simulgenvae."
            )
