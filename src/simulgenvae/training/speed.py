"""How the settings of ``training.speed`` are put to work. None of them changes what is learned, but for rounding."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from simulgenvae.errors import UserError
from simulgenvae.models import HierarchicalVae
from simulgenvae.models.blocks import Chain
from simulgenvae.settings import SpeedSettings
from simulgenvae.training.problem import Networks

MOST_WORKERS = 4


def check_speed(settings: SpeedSettings, device: torch.device) -> None:
    """UserError for what the device cannot do."""
    if settings.cuda_graphs and device.type != "cuda":
        raise UserError("training.speed.cuda_graphs needs a GPU: leave it out, or set training.device = cuda there.")


def worker_count(settings: SpeedSettings) -> int:
    """Threads that read ahead: those asked for, or the cores that this process may use but one."""
    if settings.workers is not None:
        return settings.workers
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else 1)


def prepare_networks(networks: Networks, settings: SpeedSettings) -> None:
    """Memory order and recomputation, in place."""
    if settings.channels_last:
        networks.conditioner.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stub lacks it
    for module in networks.modules():
        if isinstance(module, (Chain, HierarchicalVae)):
            module.recompute = settings.gradient_checkpointing


def compiled(function: Callable[..., Any], settings: SpeedSettings) -> Callable[..., Any]:
    """``function``, translated where the settings ask for it; it draws the random numbers that it would draw as is."""
    if not settings.compile:
        return function
    return torch.compile(function, options={"fallback_random": True, "triton.cudagraphs": settings.cuda_graphs})


def precision(settings: SpeedSettings, device: torch.device) -> torch.autocast:
    """Around the computation of a loss, not around its backward pass."""
    return torch.autocast(device.type, torch.bfloat16, enabled=settings.mixed_precision)


@contextmanager
def same_weights_again(trained: Iterable[nn.Module], settings: SpeedSettings) -> Iterator[None]:
    """Around a loss and its backward pass: where activations are recomputed, it must be with the weights of before.

    Each look at a weight under spectral normalisation refines the estimate of its norm, and so changes it a little.
    """
    if not settings.gradient_checkpointing:
        yield
        return
    with parametrize.cached():
        for module in (module for network in trained for module in network.modules()):
            if parametrize.is_parametrized(module, "weight"):
                _ = module.weight
        yield
