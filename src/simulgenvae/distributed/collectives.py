"""The processes that share one training, as torchrun starts them: who this one is, and what they
tell each other.

Each process is a *rank*. Where there is only one, every function here does nothing and costs
nothing, so that callers need not ask. All ranks must call the same functions in the same order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.distributed.rendezvous import Place, RanksLost, meet, open_store
from simulgenvae.errors import UserError

T = TypeVar("T")
_LOST = re.compile(
    "connection|gloo|nccl|timed? ?out|timeout|process ?group|broken pipe|unreachable", re.IGNORECASE
)
"""What errors of gloo and NCCL say; torch has no class of its own for gloo's."""


def rank() -> int:
    """Number of this process, counted from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def count() -> int:
    """How many there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_rank0() -> bool:
    """Whether this is the one that writes files and speaks."""
    return rank() == 0


@contextmanager
def joined(timeout: float) -> Iterator[bool]:
    """Meet the other processes that torchrun has started, one GPU each where there are GPUs;
    nothing where it has not.

    Gives whether torchrun has started them again, after one was lost. Numbers on a GPU are
    exchanged by NCCL, all others by gloo. Waiting for another rank for more than ``timeout``
    seconds raises :class:`RanksLost`. Within another such context it does nothing.

    Raises UserError where this machine has fewer GPUs than ranks, or the others cannot be met.
    """
    place = Place.read()
    if place.count == 1 or dist.is_initialized():
        yield False
        return
    backend = "gloo"
    if torch.cuda.is_available():
        _take_gpu()
        backend = "cpu:gloo,cuda:nccl"
    store = open_store(place)
    with _losses():
        shared = meet(store, place, timeout)
        limit = timedelta(seconds=timeout)
        dist.init_process_group(
            backend, store=shared, rank=place.rank, world_size=place.count, timeout=limit
        )
    try:
        yield run_on_rank0(lambda: store.add("attempts", 1) > 1)
    finally:
        dist.destroy_process_group()


def _take_gpu() -> None:
    local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if local >= gpus:
        raise UserError(
            f"{os.environ.get('LOCAL_WORLD_SIZE', local + 1)} processes were started on a machine "
            f"with {gpus} GPUs: start one per GPU (--gpus, --nproc_per_node), or train on the CPU "
            "(CUDA_VISIBLE_DEVICES=)."
        )
    torch.cuda.set_device(local)


@contextmanager
def _losses() -> Iterator[None]:
    """Errors of the communication in the user's words."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not _LOST.search(str(error)):
            raise
        reason = str(error).strip().splitlines()[0]
        raise RanksLost(
            f"another rank cannot be reached ({reason}). It may have been killed, its machine or "
            "the network may have failed, or it waited longer than training.rank_timeout. The "
            "last checkpoint is kept: go on with --resume."
        ) from error


@contextmanager
def communicating() -> Iterator[None]:
    """Around work in which libraries exchange numbers: a lost rank is said to be one
    (RanksLost)."""
    if count() == 1:
        yield
        return
    with _losses():
        yield


def local_rows(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """This rank's part of ``rows``: neighbours, as many as any other's or one more or less."""
    return np.array_split(rows, count())[rank()]


def local_batches(rows: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """This rank's part of ``rows``, at most ``size`` at a time: as many pieces as any other's, some
    of them empty."""
    most = -(-len(rows) // count())
    return [local_rows(rows)[start : start + size] for start in range(0, most, size)]


def all_reduce_sum(values: Tensor) -> Tensor:
    """Sum of all ranks' ``values``, the same bits on each; ``values`` stay as they are."""
    return _reduced(values, dist.ReduceOp.SUM)


def all_reduce_max(values: Tensor) -> Tensor:
    """Element by element the largest of all ranks' ``values``."""
    return _reduced(values, dist.ReduceOp.MAX)


def _reduced(values: Tensor, operation: Any) -> Tensor:
    if count() == 1:
        return values
    with _losses():
        whole = values.clone()
        dist.all_reduce(whole, operation)
    return whole


def run_on_rank0(make: Callable[[], T]) -> T:
    """What ``make`` gives on the first rank, for all; the others wait, and end with its UserError
    if it raises one."""
    if count() == 1:
        return make()
    answer: list[Any] = [None, None]
    if is_rank0():
        try:
            answer[0] = make()
        except UserError as error:
            answer[1] = error
    with _losses():
        dist.broadcast_object_list(answer)
    if answer[1] is not None:
        raise answer[1]
    made: T = answer[0]
    return made


def run_on_all(make: Callable[[], T]) -> list[T]:
    """What ``make`` gives on each rank, in the order of ranks; a UserError or OSError of one is
    raised by all."""
    own: list[Any] = [None, None]
    try:
        own[0] = make()
    except (UserError, OSError) as error:
        own[1] = error
    answers = all_gather(own)
    for _, problem in answers:
        if problem is not None:
            raise problem
    return [made for made, _ in answers]


def all_gather(value: T) -> list[T]:
    """Every rank's ``value``, in the order of ranks."""
    if count() == 1:
        return [value]
    values: list[Any] = [None] * count()
    with _losses():
        dist.all_gather_object(values, value)
    return values


def require_same(value: Any, differences: Callable[[Any, Any], Sequence[str]]) -> None:
    """UserError on all ranks where one has another ``value`` than the first; ``differences`` (of
    the first one's, and another's) says how they differ."""
    values = all_gather(value)
    for number, other in enumerate(values):
        if found := differences(values[0], other):
            raise UserError(
                f"rank {number} does not train the same study as rank 0: {'; '.join(found)}. All "
                "ranks need the same files, settings and version of simulgenvae."
            )
