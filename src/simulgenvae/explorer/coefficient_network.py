"""Second piece of the networks in a page: a design's latents to coefficients at some times.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.linalg import helmert
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold
from simulgenvae.deployment.field_model import without_encoder
from simulgenvae.explorer.time_series import at_times
from simulgenvae.models import HierarchicalVae
from simulgenvae.models.networks import Networks
from simulgenvae.models.unit_times import unit_times
from simulgenvae.settings.networks import DECODERS

if TYPE_CHECKING:
    from simulgenvae.surrogate.ensemble import Ensemble


class CoefficientNetwork(nn.Module):
    """Network from latents and trajectories of one design to its coefficients and their deviations.

    It does what :meth:`Ensemble.combine` and ``CoefficientPrediction.deviations`` do.

    Parameters
    ----------
    ensemble
        What predicts.
    samples
        Number of latents that are sampled of a single network.
    """

    def __init__(self, ensemble: Ensemble, samples: int) -> None:
        super().__init__()
        members = [member for member in ensemble.members if isinstance(member, Networks)]
        self.decoders = nn.ModuleList(without_encoder(member).vae for member in members)
        self.continuous_in_time = [
            DECODERS[member.decoder_name].continuous_in_time for member in members
        ]
        views = 1 + len(ensemble.mirror_views)
        self.is_single = len(members) * views == 1
        self.gp_weight = ensemble.gp_weight if ensemble.pod_gp is not None else 0.0
        weights = np.tile(np.array(ensemble.member_weights, np.float32), views) / views
        count = ensemble.sample_count(samples)
        predictions = samples if self.is_single else len(members) * views
        contrasts = helmert(count) / np.sqrt(max(count - 1, 1))
        hold(
            self,
            member_weights=weights[:, None, None],
            partner=np.arange(count) % predictions,
            contrasts=contrasts.astype(np.float32),
            trained=unit_times(ensemble.times, ensemble.times),
        )
        for number, view in enumerate(ensemble.mirror_views):
            hold(self, **{f"matrix_{number}": view.matrix, f"offset_{number}": view.offset})
        self.mirrored = len(ensemble.mirror_views)

    def forward(
        self,
        latents: Tensor,
        widening: Tensor,
        times: Tensor,
        processes: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the mean ``[t, r]``, deviations ``[D, t, r]`` and samples ``[K, t, r]``.

        The sum of the squared deviations is the variance, with the widening in it, which the
        samples are free of. ``times`` ``[t]`` are mapped to 0 … 1; see
        :class:`~simulgenvae.explorer.design_network.DesignNetwork` for the others.
        """
        predictions = self._decoded(latents, times)
        if self.is_single:
            mean, samples = predictions[0], predictions[1:]
        else:
            mean = (self.get_buffer("member_weights") * predictions).sum(0)
            samples = predictions
        choice = []
        if processes is not None:
            trajectories = at_times(processes, self.get_buffer("trained"), times)
            offset = trajectories[0] - mean
            mean = mean + self.gp_weight * offset
            samples = samples[self.get_buffer("partner")]
            samples = (1 - self.gp_weight) * samples + self.gp_weight * trajectories[1:]
            # Choosing between members and processes has a Bernoulli variance.
            between = self.gp_weight * (1 - self.gp_weight)
            if between > 0:
                choice = [(between**0.5 * offset).unsqueeze(0)]
        apart = samples - samples.mean(0)
        deviations = torch.einsum("dk,ktr->dtr", self.get_buffer("contrasts"), apart)
        return mean, torch.cat([deviations, *choice]) * widening.float(), samples

    def _decoded(self, latents: Tensor, times: Tensor) -> Tensor:
        """Return the coefficients of all latents, ``[K, t, r]``, views mirrored back."""
        if self.is_single:
            return self._decode(0, latents, times)
        members = len(self.decoders)
        # All members in one view after the other: those of a member are this far apart.
        by_member = [self._decode(k, latents[k::members], times) for k in range(members)]
        by_view = list(torch.stack(by_member, 1))
        for number in range(self.mirrored):
            matrix = self.get_buffer(f"matrix_{number}")
            by_view[number + 1] = by_view[number + 1] @ matrix + self.get_buffer(f"offset_{number}")
        return torch.cat(by_view)

    def _decode(self, member: int, latents: Tensor, times: Tensor) -> Tensor:
        vae = self.decoders[member]
        assert isinstance(vae, HierarchicalVae)
        split = vae.latents_from_flat(latents)
        if self.continuous_in_time[member]:
            return vae.decode(split, times)
        # Such a decoder knows the training times only.
        trained = self.get_buffer("trained")
        return at_times(vae.decode(split, trained), trained, times)
