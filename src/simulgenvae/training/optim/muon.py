"""Muon: steps along orthogonalised momenta of weight matrices.

By Jordan et al. (2024), "Muon: an optimizer for hidden layers". Two things differ from
`torch.optim.Muon`, which took half of a training step on two cores: large matrices are
orthogonalised in blocks of rows, all blocks of one shape together, and each step of the iteration
has a polynomial of its own, so that four do what five did.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import torch
from torch import Tensor

MOMENTUM = 0.95
BLOCK = 128
"""Rows that are orthogonalised together where a matrix has more: the cost grows with their square
(Khaled et al. 2025, "MuonBP", without its periods; no loss of accuracy was seen,
``docs/method.md``)."""
POLYNOMIALS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
)
"""a x + b x³ + c x⁵ of each step: the composition that is nearest to 1 on [10⁻³, 1] (Amsel et al.
2025, "The Polar Express", algorithm 1)."""
SAFETY = 1.01
"""Singular values are shrunk by so much before each polynomial: rounding must not lift one above
its range."""


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay.

    Parameters
    ----------
    parameters
        Matrices.
    weight_decay
        Share of the weights that a step takes away, per learning rate.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        super().__init__(parameters, {"lr": 1e-3, "weight_decay": weight_decay})

    found_inf: Tensor | None = None
    """1 where a step is to change nothing, else 0; None for 0. As fused optimisers of torch have
    it."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override] # no loss is evaluated again here
        """Update all matrices that have a gradient."""
        taken = 1.0 if self.found_inf is None else 1.0 - self.found_inf
        for group in self.param_groups:
            rate, decay = group["lr"], group["weight_decay"]
            blocks: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                rows = BLOCK if min(parameter.shape) > BLOCK else len(parameter)
                parts = torch.split(parameter, rows), torch.split(self._momentum(parameter), rows)
                for weights, momentum in zip(*parts, strict=True):
                    blocks.setdefault(weights.shape, []).append((weights, momentum))
            for shape, pairs in blocks.items():
                directions = orthogonalised(torch.stack([momentum for _, momentum in pairs]))
                # Root mean square 0.2, as AdamW's updates have (Liu et al. 2025, "Muon is
                # scalable", equation 4).
                size = 0.2 * rate * max(shape) ** 0.5
                for (weights, _), direction in zip(pairs, directions, strict=True):
                    if self.found_inf is not None:
                        direction = direction * taken
                    weights.mul_(1 - rate * decay * taken).add_(direction, alpha=-size)

    def _momentum(self, parameter: Tensor) -> Tensor:
        """Nesterov's look ahead in the precision of the products, after the gradient has joined the
        running mean."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        mean: Tensor = state["momentum_buffer"]
        # A gradient that does not count may hold NaN, which no factor of 0 would take away.
        grad = (
            parameter.grad
            if self.found_inf is None
            else torch.where(self.found_inf > 0, mean, parameter.grad)
        )
        mean.lerp_(grad, 1 - MOMENTUM)
        return grad.lerp(mean, MOMENTUM).to(precision(parameter.device))


@cache
def precision(device: torch.device) -> torch.dtype:
    """Half where the device has products of it; a processor that has none would take a hundred
    times as long."""
    has_half = device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_half else torch.float32


def orthogonalised(matrices: Tensor) -> Tensor:
    """About U Vᵀ of each matrix U S Vᵀ of a stack ``[k, m, n]``, in its precision.

    Singular values above a thousandth of a matrix's Frobenius norm become 0.4 to 1.6, smaller ones
    stay smaller.
    """
    wide = matrices.shape[1] <= matrices.shape[2]
    x = matrices if wide else matrices.mT
    x = x / (SAFETY * x.norm(dim=(1, 2), keepdim=True)).clamp(min=1e-7)
    for a, b, c in POLYNOMIALS:
        gram = x @ x.mT
        powers = torch.baddbmm(gram, gram, gram, beta=b / SAFETY**3, alpha=c / SAFETY**5)
        x = torch.baddbmm(x, powers, x, beta=a / SAFETY)
    return x if wide else x.mT
