"""Gradients that are the mean over all ranks: torch's DistributedDataParallel around the losses of
a stage.

It exchanges the gradients of some layers while those of others are still computed (Li et al. 2020,
"PyTorch Distributed", VLDB 13(12), section 3.2).
"""

from __future__ import annotations

import warnings

from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from simulgenvae.distributed import collectives
from simulgenvae.training.acceleration import Losses
from simulgenvae.training.augmentation import Batch


class _Forward(nn.Module):
    """Losses as the forward pass of a module that owns what they train."""

    def __init__(self, losses: Losses, networks: nn.Module) -> None:
        super().__init__()
        self.losses, self.networks = losses, networks

    def forward(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        return self.losses(batch, kl_weight)


def averaging(losses: Losses, networks: nn.Module) -> Losses:
    """``losses`` after whose backward pass the parameters of ``networks`` that learn have the mean
    gradient of all ranks; as they are where there is one rank.

    Weights begin as those of the first rank. Layers of which each rank has a part average their
    gradients themselves (``node_shards.py``). Buffers are not exchanged: what changes them is the
    same everywhere.
    """
    if collectives.world_size() == 1:
        return losses
    with (
        warnings.catch_warnings()
    ):  # torch 2.13 has another name for broadcast_buffers, which older ones do not know
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        forward = _Forward(losses, networks)
        shards = [name for name, value in forward.named_parameters() if isinstance(value, DTensor)]
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(forward, shards)  # type: ignore[no-untyped-call] # torch's
        averaged: Losses = DistributedDataParallel(
            forward, broadcast_buffers=False, gradient_as_bucket_view=True, static_graph=True
        )
    return averaged
