"""Muon: optimiser steps along orthogonalised momenta of weight matrices.

By Jordan et al. (2024), "Muon: an optimizer for hidden layers". It differs in two ways from
``torch.optim.Muon``, which took half of a training step on two cores. Large matrices are
orthogonalised in blocks of rows, all blocks of one shape together. And each step of the iteration
has another polynomial, so that four steps do what five did.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from simulgenvae.training.optim.eager import EagerOptimizer

if TYPE_CHECKING:
    from collections.abc import Iterable

MOMENTUM = 0.95
"""Decay of the running mean of gradients."""
BLOCK_ROWS = 128
"""Number of rows that are orthogonalised together where a matrix has more.

The cost grows with its square (Khaled et al. 2025, "MuonBP", without its periods; no loss of
accuracy was seen, ``docs/method.md``)."""
POLYNOMIALS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
)
"""Coefficients a, b and c of a x + b x³ + c x⁵ for each step of the iteration.

The composition is nearest to 1 on [10⁻³, 1] (Amsel et al. 2025, "The Polar Express", algorithm
1)."""
SAFETY = 1.01
"""Factor by which singular values are shrunk before each polynomial: rounding must not lift one
above the polynomial's range."""
UPDATE_RMS = 0.2
"""Root mean square of an update relative to the learning rate, as AdamW's have (Liu et al. 2025,
"Muon is scalable", equation 4)."""


class Muon(EagerOptimizer):
    """Muon with Nesterov momentum and decoupled weight decay.

    Parameters
    ----------
    parameters
        Matrices.
    weight_decay
        Fraction of the weights that a step takes away, per learning rate.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        super().__init__(parameters, {"lr": 1e-3, "weight_decay": weight_decay})

    found_inf: Tensor | None = None
    """Tensor that is 1 where a step shall change nothing and 0 otherwise; None means 0. torch's
    fused optimisers have it too."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override] # no loss is evaluated again here
        """Update all matrices that have a gradient."""
        # A factor instead of a branch: reading the tensor would make the program wait for the GPU.
        taken = 1.0 if self.found_inf is None else 1.0 - self.found_inf
        for group in self.param_groups:
            rate = group["lr"]
            decay = group["weight_decay"]
            for shape, pairs in self._blocks(group["params"]).items():
                directions = orthogonalised(torch.stack([momentum for _, momentum in pairs]))
                # Entries of an orthogonal m x n matrix have the root mean square max(m, n)^-½: with
                # this factor, updates of all shapes are of one size.
                size = UPDATE_RMS * rate * max(shape) ** 0.5
                for (weights, _), direction in zip(pairs, directions, strict=True):
                    if self.found_inf is not None:
                        direction = direction * taken
                    weights.mul_(1 - rate * decay * taken).add_(direction, alpha=-size)

    def _blocks(self, parameters: list[Tensor]) -> dict[torch.Size, list[tuple[Tensor, Tensor]]]:
        """Return blocks of weights with their momenta, by their shape.

        Blocks of one shape are orthogonalised in one product, which is faster than many small ones.
        """
        blocks: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
        for parameter in parameters:
            if parameter.grad is None:
                continue
            rows = BLOCK_ROWS if min(parameter.shape) > BLOCK_ROWS else len(parameter)
            weights = torch.split(parameter, rows)
            momenta = torch.split(self._momentum(parameter), rows)
            for pair in zip(weights, momenta, strict=True):
                blocks.setdefault(pair[0].shape, []).append(pair)
        return blocks

    def _momentum(self, parameter: Tensor) -> Tensor:
        """Return Nesterov's momentum, after the gradient has joined the running mean."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        mean: Tensor = state["momentum_buffer"]
        grad = parameter.grad
        if self.found_inf is not None:
            # A gradient that does not count may hold NaN, which no factor of 0 would take away.
            grad = torch.where(self.found_inf > 0, mean, grad)
        mean.lerp_(grad, 1 - MOMENTUM)
        return grad.lerp(mean, MOMENTUM).to(precision(parameter.device))


@cache
def precision(device: torch.device) -> torch.dtype:
    """Return the number format of the products: half precision where the device computes in it.

    A CPU that does not would take a hundred times as long.
    """
    has_half = device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_half else torch.float32


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return nearly U Vᵀ of each matrix U S Vᵀ of a stack, `[k, m, n]`, in its precision.

    Singular values above a thousandth of a matrix's Frobenius norm become 0.4 to 1.6, smaller ones
    stay smaller.
    """
    # The Gram matrix below is the smaller one where matrices are wide.
    wide = matrices.shape[1] <= matrices.shape[2]
    x = matrices if wide else matrices.mT
    # The largest singular value is at most this norm. A momentum of 0 stays 0.
    x = x / (SAFETY * x.norm(dim=(1, 2), keepdim=True)).clamp(min=1e-7)
    for a, b, c in POLYNOMIALS:
        gram = x @ x.mT
        powers = torch.baddbmm(gram, gram, gram, beta=b / SAFETY**3, alpha=c / SAFETY**5)
        x = torch.baddbmm(x, powers, x, beta=a / SAFETY)
    return x if wide else x.mT
