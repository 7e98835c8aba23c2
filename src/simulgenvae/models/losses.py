"""Losses: distances between fields, computed on their coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from simulgenvae.settings import Loss

THRESHOLD = 0.05
"""Error at which SmoothL1 and Huber turn from square to linear, in scaled units, in which fields
span ±0.7."""
SAMPLED_ENTRIES = 1024
"""Entries of the field (node and variable) from which losses other than MSE are estimated in each
call."""


class FieldLoss(nn.Module):
    """Loss between predicted and true fields of a batch, from their coefficients.

    MSE needs no field: the basis is orthonormal, so the squared distance of coefficients is that of
    states. It is given relative to the training variance: 1 is the error of the mean. The others
    are evaluated in scaled units (±0.7) on a fresh random subset of entries of the field, an
    unbiased estimate of the mean over all.

    Parameters
    ----------
    kind
        Name of the loss: ``mse``, ``mae``, ``smooth_l1`` or ``huber``.
    variance
        Mean squared norm of the training coefficients, summed over r.
    rows, factor
        Map from coefficients to the field, by ``Reduction.basis_and_factor()``: rows
        ``[M·V, r]`` (None for the identity) and factors ``[M·V]`` to scaled units.
    """

    variance: Tensor
    factor: Tensor
    rows: Tensor | None

    def __init__(self, kind: Loss, variance: float, rows: Tensor | None, factor: Tensor) -> None:
        super().__init__()
        self.kind = kind
        # Training runs that are all the same have no variance, and 0 / 0 would be NaN.
        self.register_buffer(
            "variance", torch.tensor(max(variance, torch.finfo(torch.float32).tiny))
        )
        self.register_buffer("rows", rows)
        self.register_buffer("factor", factor)

    def forward(self, difference: Tensor) -> Tensor:
        """Return the loss of each run, ``[B]``.

        ``difference`` is that of predicted and true coefficients, ``[B, T, r]``; MSE also takes
        other vectors with the same squared norms, see :meth:`HierarchicalVae.error`.
        """
        if self.kind == "mse":
            # The basis is orthonormal: no field needs to be decoded.
            return difference.square().sum(-1).mean(-1) / self.variance
        # New entries in each call: over many steps the estimate is that of the whole field.
        entries = torch.randint(
            len(self.factor), (min(SAMPLED_ENTRIES, len(self.factor)),), device=self.factor.device
        )
        at_nodes = (
            difference[..., entries] if self.rows is None else difference @ self.rows[entries].T
        )
        scaled = at_nodes * self.factor[entries]
        zero = torch.zeros_like(scaled)
        if self.kind == "mae":
            losses = scaled.abs()
        elif self.kind == "smooth_l1":
            losses = F.smooth_l1_loss(scaled, zero, beta=THRESHOLD, reduction="none")
        else:
            losses = F.huber_loss(scaled, zero, delta=THRESHOLD, reduction="none")
        return losses.mean((1, 2))
