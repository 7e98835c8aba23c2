"""How the settings of ``training.performance`` are put to work. None of them changes what is
learned, but for rounding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.utils import parametrize

from simulgenvae.models import HierarchicalVae
from simulgenvae.models.blocks import Chain
from simulgenvae.models.networks import Networks
from simulgenvae.settings import PerformanceSettings

MOST_WORKERS = 4


def worker_count(settings: PerformanceSettings) -> int:
    """Threads that read ahead: those asked for, or the cores that this process may use but one."""
    if settings.workers is not None:
        return settings.workers
    return min(
        MOST_WORKERS, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else 1
    )


def prepare_networks(networks: Networks, settings: PerformanceSettings) -> None:
    """Memory order and recomputation, in place."""
    if settings.channels_last:
        networks.conditioner.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stub lacks it
    for module in networks.modules():
        if isinstance(module, (Chain, HierarchicalVae)):
            module.recompute = settings.gradient_checkpointing


@contextmanager
def same_weights_again(
    trained: Iterable[nn.Module], settings: PerformanceSettings
) -> Iterator[None]:
    """Around a loss and its backward pass: where activations are recomputed, it must be with the
    weights of before.

    Each look at a weight under spectral normalisation refines the estimate of its norm, and so
    changes it a little.
    """
    if not settings.gradient_checkpointing:
        yield
        return
    with parametrize.cached():
        for module in (module for network in trained for module in network.modules()):
            if parametrize.is_parametrized(module, "weight"):
                _ = module.weight
        yield
