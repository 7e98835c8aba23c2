"""Latents of a run, refined from the encoder's answer.

An encoder is one function for all runs, which makes an error of its own on a run that it has not
seen (the amortisation gap of Cremer et al. 2018, "Inference suboptimality in variational
autoencoders"). A few steps of Gauss-Newton for the run itself remove it; they are damped as by
Levenberg (1944) and Marquardt (1963).

Tested in tests/models/test_refinement.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from simulgenvae.models.decoders import FieldDecoder

if TYPE_CHECKING:
    from torch import Tensor

    from simulgenvae.models.latents import Latents
    from simulgenvae.models.vae import HierarchicalVae

TIMES = 128
"""Largest number of timesteps at which a run is compared. Latents that are fitted to a few of many
are wrong between them: 16 of 96 gave an oscillating bar 4.3 % of error, all of them 0.7 %."""
TIMES_OF_FIELDS = 32
"""The number for decoders that are fields, where each timestep costs 128 nodes."""
GROUPS_OF_FIELDS = 8
"""Groups of timesteps at which a field is compared, each at other nodes. With the same 128 nodes at
all times, latents fit these: networks of the dam break reconstructed 3.01 % of the coefficients
wrong instead of 2.95 %, and 2.91 % with 512 nodes."""
STARTS = 64
"""Most further latents that are tried as a start. The encoder's answer for one of twelve runs of a
struck bar was so wrong (116 %) that refinement ended at 78 %; from the latents of a training run,
with 67 %, it ended at 0.8 %."""
STEPS = 8
"""Largest number of steps."""
SMALLEST_GAIN = 0.05
"""Part by which a step must lower the squared error for another one to follow. From a good
encoder's answer two steps are enough."""
DIFFERENCE = 1e-2
"""Change of a latent from which derivatives are taken: latents are of order one, and in single
precision smaller differences would be rounding."""
_FIRST_DAMPING = 1e-2
_LEAST_DAMPING = 1e-6
"""Least damping of later steps: with none, latents without any effect would make the equations
singular."""
_TRIES = 4
"""Number of dampings that are tried in a step, each ten times the one before."""


def refined(
    vae: HierarchicalVae, latents: Latents, coefficients: Tensor, others: Tensor | None = None
) -> Latents:
    """Return latents from which the decoder makes a run with a smaller error.

    Parameters
    ----------
    vae
        The VAE, in evaluation mode.
    latents
        Latents of one run to start from, as :meth:`HierarchicalVae.encode` returns them.
    coefficients
        The run's coefficients at the training times, ``[T, r]``.
    others
        Further latents to start from, ``[n, F]``. Of the first ``STARTS`` of them and ``latents``,
        those are taken from which the decoder makes a run with the smallest error.
    """
    compared = _comparisons(vae)

    def errors(points: Tensor) -> Tensor:
        """Return the errors ``[n, E]`` of latents ``[n, F]``."""
        tried = vae.latents_from_flat(points)
        found = []
        for times, nodes in compared:
            truth = coefficients[times].expand(len(points), -1, -1)
            found.append(vae.error(tried, truth, vae.times[times], nodes=nodes).flatten(1))
        return torch.cat(found, dim=1)

    starts = latents.flat() if others is None else torch.cat([latents.flat(), others[:STARTS]])
    from_starts = errors(starts)
    nearest = from_starts.square().sum(1).argmin()
    point, error = starts[nearest][None], from_starts[nearest][None]
    damping = _FIRST_DAMPING
    for _ in range(STEPS):
        moved = point + DIFFERENCE * torch.eye(point.shape[1])
        # Products in double precision: with more latents than values, they are damped by little.
        jacobian = ((errors(moved) - error) / DIFFERENCE).double()
        normal = jacobian @ jacobian.T
        largest = float(normal.diagonal().max())
        # Latents without any effect cannot be refined.
        if largest == 0.0:
            break
        diagonal = normal.diagonal().clamp(min=1e-6 * largest)
        better = None
        for _ in range(_TRIES):
            damped = normal + damping * diagonal.diag()
            step = torch.linalg.solve(damped, jacobian @ error[0].double()).float()
            tried = errors(point - step)
            if tried.square().sum() < error.square().sum():
                better = point - step
                break
            damping *= 10
        if better is None:
            break
        gain = 1 - float(tried.square().sum() / error.square().sum())
        point, error = better, tried
        if gain < SMALLEST_GAIN:
            break
        damping = max(damping / 10, _LEAST_DAMPING)
    return vae.latents_from_flat(point)


def _comparisons(vae: HierarchicalVae) -> list[tuple[Tensor, Tensor | None]]:
    """Return numbers of timesteps, and for each group of them those of the nodes compared there.

    Nodes are those of a field; None for other decoders.
    """
    steps = len(vae.times)
    decoder = vae.decoder
    most = TIMES_OF_FIELDS if isinstance(decoder, FieldDecoder) else TIMES
    count = min(steps, most) if decoder.continuous_in_time else steps
    chosen = torch.linspace(0, steps - 1, count).round().long()
    if not isinstance(decoder, FieldDecoder):
        return [(chosen, None)]
    groups = min(GROUPS_OF_FIELDS, count)
    return [(chosen[k::groups], decoder.compared_points(k)) for k in range(groups)]
