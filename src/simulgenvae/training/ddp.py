"""Mean gradients over all ranks, by torch's DistributedDataParallel.

It exchanges the gradients of some layers while other gradients are still computed (Li et al. 2020,
"PyTorch Distributed", VLDB 13(12), section 3.2).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from simulgenvae.distributed import collectives
from simulgenvae.training.node_shards import is_part

if TYPE_CHECKING:
    from simulgenvae.training.acceleration import Losses
    from simulgenvae.training.batch import Batch


class _LossModule(nn.Module):
    """Module whose forward pass computes losses of its networks, as torch's class needs it."""

    def __init__(self, losses: Losses, networks: nn.Module) -> None:
        super().__init__()
        self.losses = losses
        self.networks = networks

    def forward(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
        return self.losses(batch, kl_weight)


def with_mean_gradients(losses: Losses, networks: nn.Module) -> Losses:
    """Return losses whose backward pass averages the gradients of ``networks`` over all ranks.

    Where there is one rank, they are returned unchanged. The weights of all ranks become the
    weights of the first. Layers of which each rank has a part average their gradients themselves
    (``node_shards.py``). Buffers are not exchanged: what changes them is the same on all ranks.
    """
    if collectives.world_size() == 1:
        return losses
    module = _LossModule(losses, networks)
    # Layers with parts on each rank average their gradients themselves, and are left out.
    shards = [name for name, value in module.named_parameters() if is_part(value)]
    with warnings.catch_warnings():
        # torch 2.13 has another name for broadcast_buffers, which older versions do not know.
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(module, shards)  # type: ignore[no-untyped-call] # torch's
        # Gradients are views of the buffers that are exchanged, which saves a copy. Every step uses
        # the same weights, so that torch needs to find out only once which gradients it waits for.
        averaged: Losses = DistributedDataParallel(
            module, broadcast_buffers=False, gradient_as_bucket_view=True, static_graph=True
        )
    return averaged
