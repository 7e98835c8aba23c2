"""Node-sized weights of which each rank holds a part, for meshes whose weights fit no single GPU.

These are the weights between nodes and channels in networks without a reduction. Fully sharded data
parallelism (Zhao et al. 2023, "PyTorch FSDP", VLDB 16(12), section 3.2) is applied to their layers:
each rank keeps some rows of a weight, and of its gradient and moments. The layer itself gathers the
whole weight where it is used, and sums the parts of the gradient where they belong, both by torch's
DTensor (Zhang et al. 2024, "SimpleFSDP", section 3). torch's ``fully_shard`` cannot be used: it
exchanges a module's parameters around its forward pass, which a decoder that is called with its
weights held (``HierarchicalVae.decode``) does not survive.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import Tensor, nn

from simulgenvae.distributed import collectives
from simulgenvae.models.node_conv import NodeConv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch.distributed.tensor import DTensor

# Loading DTensor takes half a second, as long as a small training: only what needs it does.


def is_part(value: Tensor) -> TypeGuard[DTensor]:
    """Return whether a tensor is this rank's part of a weight, or of its gradient or moments."""
    # Whoever has made a part has loaded the module.
    if "torch.distributed.tensor" not in sys.modules:
        return False
    from torch.distributed.tensor import DTensor

    return isinstance(value, DTensor)


def node_layers(module: nn.Module) -> list[NodeConv]:
    """Return all layers between nodes and channels."""
    return [layer for layer in module.modules() if isinstance(layer, NodeConv)]


def shard_node_layers(networks: nn.Module) -> None:
    """Leave each rank its part of the weights, which are the same on all ranks before."""
    if collectives.world_size() == 1:
        return
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    for layer in node_layers(networks):
        mesh = init_device_mesh(layer.weight.device.type, (collectives.world_size(),))
        # All ranks have the whole weight: none of them needs to send it.
        part = distribute_tensor(layer.weight.detach(), mesh, [Shard(0)], src_data_rank=None)
        layer.weight = nn.Parameter(part)
        layer.gathered = _gathered


def join_node_layers(networks: nn.Module) -> None:
    """Undo :func:`shard_node_layers`, with whole weights on the CPU.

    Raises
    ------
    RanksLost
        When another rank is lost.
    """
    with collectives.communication_errors():
        for layer in node_layers(networks):
            layer.weight = nn.Parameter(_whole(layer.weight.detach()))
            layer.gathered = None


def _gathered(weight: Tensor) -> Tensor:
    """Return the whole of a weight; ranks average its gradient, as they do with others."""
    from torch.distributed.tensor import DTensor, Partial, Replicate

    assert isinstance(weight, DTensor)
    whole = weight.redistribute(placements=[Replicate()]).to_local(grad_placements=[Partial()])
    if whole.requires_grad:
        # DTensor sums the gradients of all ranks; DistributedDataParallel takes their mean.
        whole.register_hook(lambda gradient: gradient / collectives.world_size())  # type: ignore[no-untyped-call] # torch's
    return whole


def gather_whole(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return named tensors, joining the tensors of which each rank has a part.

    All ranks must call this together. Joined tensors are on the CPU.

    Raises
    ------
    RanksLost
        When another rank is lost.
    """
    with collectives.communication_errors():
        return {name: _whole(value) for name, value in arrays.items()}


def _whole(value: Tensor) -> Tensor:
    return value.full_tensor().cpu() if is_part(value) else value


def part_like(value: Tensor, held: Tensor) -> Tensor:
    """Return this rank's part of ``value`` if it holds a part of ``held``, otherwise ``value``."""
    if not is_part(held) or is_part(value) or value.shape != held.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(
        value.to(held.device), held.device_mesh, held.placements, src_data_rank=None
    )


def load_weights(networks: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load a whole state, or this rank's part of one, into networks that may be sharded."""
    held = networks.state_dict()
    networks.load_state_dict(
        {name: part_like(value, held.get(name, value)) for name, value in weights.items()}
    )


def gradient_norm(parameters: Iterable[Tensor]) -> Tensor:
    """Return the norm of all gradients together, a scalar; all ranks must call this together."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    # Whole gradients are the same on all ranks, and parts are different: only these are summed.
    norm = nn.utils.get_total_norm(gradient for gradient in gradients if not is_part(gradient))
    parts = [gradient.to_local().square().sum() for gradient in gradients if is_part(gradient)]
    if not parts:
        return norm
    return (norm.square() + collectives.all_reduce_sum(torch.stack(parts).sum())).sqrt()


def clip_gradients(parameters: Sequence[Tensor], norm: Tensor, max_norm: float) -> None:
    """Scale all gradients so that their norm is at most ``max_norm``.

    ``norm`` is what :func:`gradient_norm` returned for these parameters.
    """
    nn.utils.clip_grads_with_norm_((p for p in parameters if not is_part(p)), max_norm, norm)
    for gradient in (parameter.grad for parameter in parameters):
        if gradient is not None and is_part(gradient):
            # As torch's function does it, which does not take tensors of which there are parts.
            gradient.to_local().mul_((max_norm / (norm + 1e-6)).clamp(max=1.0))
