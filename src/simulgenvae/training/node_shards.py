"""Weights between nodes and channels of which each rank holds a part: for meshes whose weights fit
no GPU whole.

Fully sharded data parallelism (Zhao et al. 2023, "PyTorch FSDP", VLDB 16(12), section 3.2) of these
layers: each rank keeps some rows of a weight, and of its gradient and moments. The whole weight is
gathered where it is used, and the gradient's parts are summed where they belong, both by the layer
itself on torch's DTensor (Zhang et al. 2024, "SimpleFSDP", section 3). torch's ``fully_shard``
exchanges a module's parameters around its forward pass instead, which a decoder that is called with
its weights held (``HierarchicalVae.decode``) does not survive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

from simulgenvae.distributed import collectives
from simulgenvae.models.node_conv import NodeConv


def node_layers(module: nn.Module) -> list[NodeConv]:
    """All layers between nodes and channels."""
    return [layer for layer in module.modules() if isinstance(layer, NodeConv)]


def shard_node_layers(networks: nn.Module) -> None:
    """Leave each rank its part of the weights, which are the same on all; nothing where there is
    one rank."""
    if collectives.world_size() == 1:
        return
    for layer in node_layers(networks):
        mesh = init_device_mesh(layer.weight.device.type, (collectives.world_size(),))
        part = distribute_tensor(layer.weight.detach(), mesh, [Shard(0)], src_data_rank=None)
        layer.weight = nn.Parameter(part)
        layer.gathered = _gathered


def join_node_layers(networks: nn.Module) -> None:
    """Undo :func:`shard_node_layers`: whole weights on the processor; RanksLost where another rank
    is."""
    with collectives.communication_errors():
        for layer in node_layers(networks):
            layer.weight = nn.Parameter(_whole(layer.weight.detach()))
            layer.gathered = None


def _gathered(weight: Tensor) -> Tensor:
    """The whole of a weight; ranks average its gradient, as they do with others."""
    assert isinstance(weight, DTensor)
    whole = weight.redistribute(placements=[Replicate()]).to_local(grad_placements=[Partial()])
    if whole.requires_grad:
        whole.register_hook(lambda gradient: gradient / collectives.world_size())  # type: ignore[no-untyped-call] # torch's
    return whole


def whole(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Named tensors with those whole, on the processor, of which this rank has a part; all ranks
    must ask together.

    RanksLost where another rank is.
    """
    with collectives.communication_errors():
        return {name: _whole(value) for name, value in arrays.items()}


def _whole(value: Tensor) -> Tensor:
    return value.full_tensor().cpu() if isinstance(value, DTensor) else value


def part_like(value: Tensor, held: Tensor) -> Tensor:
    """This rank's part of a ``value`` where it holds a part of ``held``, of the same shape; else
    ``value`` itself."""
    if not isinstance(held, DTensor) or isinstance(value, DTensor) or value.shape != held.shape:
        return value
    return distribute_tensor(
        value.to(held.device), held.device_mesh, held.placements, src_data_rank=None
    )


def load_weights(networks: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load a whole state, or this rank's part of one, into networks of which this rank has a
    part."""
    held = networks.state_dict()
    networks.load_state_dict(
        {name: part_like(value, held.get(name, value)) for name, value in weights.items()}
    )


def gradient_norm(parameters: Iterable[Tensor]) -> Tensor:
    """Norm of all gradients together, 0-d; all ranks must ask together."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = nn.utils.get_total_norm(
        gradient for gradient in gradients if not isinstance(gradient, DTensor)
    )
    parts = [
        gradient.to_local().square().sum()
        for gradient in gradients
        if isinstance(gradient, DTensor)
    ]
    return (
        (norm.square() + collectives.all_reduce_sum(torch.stack(parts).sum())).sqrt()
        if parts
        else norm
    )


def shrink_gradients(parameters: Sequence[Tensor], norm: Tensor, longest: float) -> None:
    """Scale all gradients, whose ``norm`` is known, so that it is at most ``longest``."""
    nn.utils.clip_grads_with_norm_(
        (p for p in parameters if not isinstance(p, DTensor)), longest, norm
    )
    for gradient in (parameter.grad for parameter in parameters):
        if isinstance(gradient, DTensor):
            gradient.to_local().mul_((longest / (norm + 1e-6)).clamp(max=1.0))
