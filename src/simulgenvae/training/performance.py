"""Use of the settings of ``training.performance`` that concern reading and the networks.

They change speed and memory. What is learned differs at most by rounding. The settings that make
losses faster are used in ``acceleration.py``.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.utils import parametrize

from simulgenvae.models import HierarchicalVae
from simulgenvae.models.blocks import Chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulgenvae.models.networks import Networks
    from simulgenvae.settings import PerformanceSettings

MOST_WORKERS = 4
"""Largest number of reading threads by default."""


def worker_count(settings: PerformanceSettings) -> int:
    """Return the number of threads that read ahead.

    It is the number of the settings, otherwise one for each spare core of this process.
    """
    if settings.workers is not None:
        return settings.workers
    # Unlike os.cpu_count this respects the limits of batch systems; not all platforms have it.
    has_affinity = hasattr(os, "sched_getaffinity")
    spare = len(os.sched_getaffinity(0)) - 1 if has_affinity else 1
    return min(MOST_WORKERS, spare)


def prepare_networks(networks: Networks, settings: PerformanceSettings) -> None:
    """Set memory order and recomputation of activations, in place."""
    if settings.channels_last:
        for module in networks.conditioner.modules():
            # Volumes have no such order.
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stub lacks it
    for module in networks.modules():
        if isinstance(module, (Chain, HierarchicalVae)):
            module.recompute = settings.gradient_checkpointing


@contextmanager
def constant_weights(
    learning_modules: Iterable[nn.Module], settings: PerformanceSettings
) -> Iterator[None]:
    """Keep weights constant during a loss and its backward pass, where it recomputes activations.

    Under spectral normalisation a weight changes a little whenever it is used, because each use
    refines the estimate of its norm. Recomputed activations must equal the activations
    of the forward pass.

    Parameters
    ----------
    learning_modules
        Modules whose weights are kept.
    settings
        Without gradient checkpointing nothing is recomputed, and nothing is done.
    """
    if not settings.gradient_checkpointing:
        yield
        return
    with parametrize.cached():
        for network in learning_modules:
            for module in network.modules():
                if parametrize.is_parametrized(module, "weight"):
                    # Computes the weight once, with its gradient, and caches it.
                    _ = module.weight
        yield
