"""Gaussian processes of an ensemble as a network: mean, samples and novelty of one design.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold
from simulgenvae.deployment.gp_module import PodGpModule
from simulgenvae.explorer.posterior import PosteriorVariance

if TYPE_CHECKING:
    from simulgenvae.baselines.pod_gpr import PodGpr
    from simulgenvae.surrogate.ensemble import Ensemble


class Processes(nn.Module):
    """Mean, samples and novelty of one design by the Gaussian processes of an ensemble.

    Parameters
    ----------
    ensemble
        The ensemble, which has Gaussian processes. Where these have no weight, there is only the
        novelty.
    samples
        Number of samples.
    seed
        Seed of their noise.
    """

    def __init__(self, ensemble: Ensemble, samples: int, seed: int) -> None:
        super().__init__()
        pod_gp = ensemble.pod_gp
        assert pod_gp is not None, "there are Gaussian processes"
        leading = pod_gp.leading
        self.gp = PodGpModule(pod_gp)
        self.has_weight = ensemble.gp_weight > 0
        self.rated = min(leading.modes, leading.choosing_modes)
        energies = np.square(leading.arrays()["singular"][: self.rated])
        self.unit = max(float(pod_gp.training_relative_std[-1]), 1e-9)
        noise = np.random.default_rng(seed).standard_normal((samples, leading.modes))
        last = np.rint(np.cumsum(pod_gp.weights) * samples).astype(int)
        # Each kernel has a part of the samples, which may be none.
        self.counts = np.diff(last, prepend=0).tolist()
        used = pod_gp.by_kernel if self.has_weight else pod_gp.by_kernel[:1]
        sampled = [pod_gpr for pod_gpr, count in zip(used, self.counts, strict=False) if count]
        self.variances = nn.ModuleList(
            PosteriorVariance(each, each.modes if self.has_weight else self.rated, len(sampled))
            for each in sampled
        )
        hold(self, weights=energies / energies.sum(), noise=noise)
        for number, pod_gpr in enumerate(used):
            hold(self, **_scales(pod_gpr, number))

    @property
    def is_exact(self) -> bool:
        """True if every mode has its own variance, as in Python."""
        return all(getattr(variance, "is_exact", False) for variance in self.variances)

    def novelty(self, variance: Tensor) -> Tensor:
        """Return the novelty ``[1]`` for the relative variance of the modes, ``[1, k]``."""
        rated = variance[:, : self.rated] * self.get_buffer("weights")
        return rated.sum(1).sqrt() / self.unit

    def forward(self, table: Tensor, images: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean ``[1, T, r]``, samples ``[S, T, r]`` and novelty ``[1]`` of one design.

        Mean and samples are of no use where the processes have no weight.
        """
        features = self.gp.features(table, images)
        values = [kernel.values(features) for kernel in self.gp.kernels]
        variances = [variance(each) for variance, each in zip(self.variances, values, strict=False)]
        novelty = self.novelty(variances[0])
        if not self.has_weight:
            return table, table, novelty
        drawn = []
        start = 0
        for number, variance in enumerate(variances):
            stop = start + self.counts[number]
            prior = self.get_buffer(f"prior_{number}") * variance
            deviation = (prior + self.get_buffer(f"floor_{number}")).sqrt()
            deviation = self._scaled(deviation * self.get_buffer(f"scale_{number}"), number)
            noise = self.get_buffer("noise")[start:stop]
            drawn.append(self.gp.kernels[number].amplitudes(values[number]) + deviation * noise)
            start = stop
        return self.gp.mean(values), self.gp.trajectories(torch.cat(drawn)), novelty

    def _scaled(self, deviation: Tensor, number: int) -> Tensor:
        """Return a kernel's deviations ``[1, k]`` as large as errors are (``DeviationScale``)."""
        offset, slope, least, largest = self.get_buffer(f"deviation_scale_{number}")
        size = deviation.square().sum(1, keepdim=True).sqrt()
        within = torch.minimum(torch.maximum(size, least), largest)
        # A sum in the exponent: a file of networks leaves out factors of nearly 1.
        return deviation * torch.exp(offset + slope * within.log())


def _scales(pod_gpr: PodGpr, number: int) -> dict[str, np.ndarray]:
    """Return what turns relative variances of a kernel's modes into deviations."""
    arrays = pod_gpr.arrays()
    scale = pod_gpr.deviation_scale
    slope = scale.power - 1.0
    offset = np.log(scale.level) - slope * np.log(scale.middle)
    return {
        f"prior_{number}": np.exp(arrays["theta"][:, 0]),
        f"floor_{number}": np.exp(arrays["theta"][:, -1]),
        f"scale_{number}": arrays["scale"],
        f"deviation_scale_{number}": np.array([offset, slope, scale.least, scale.largest]),
    }
