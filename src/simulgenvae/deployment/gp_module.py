"""The Gaussian processes of an ensemble as a network: the mean of what they predict, in plain
tensor operations."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.baselines.pod_regression import RunModes
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses


class Processes(nn.Module):
    """Scaled parameters and pictures to coefficients at the training times; distances are in double
    precision."""

    def __init__(self, linear: PodGaussianProcesses) -> None:
        super().__init__()
        arrays, images = linear.pod_gpr.arrays(), linear.features.images
        self.kernel, groups = linear.pod_gpr.kernel, linear.pod_gpr.groups
        x, theta, runs = arrays["x"], arrays["theta"], arrays["coefficients"]
        self.shared, self.components = groups.shared, int(arrays["view"][1])
        scale = np.ones(x.shape[1])
        scale[x.shape[1] - self.shared :] = groups.spread
        # Amplitudes of modes enter the weights of the training runs linearly, and so the
        # coefficients.
        modes = RunModes(arrays["left"], arrays["singular"])
        rest, unit = modes.weights(np.zeros((1, len(theta)))), modes.weights(np.eye(len(theta)))
        flat = runs.reshape(len(runs), -1)
        self.trajectory = runs.shape[1:]
        self._hold(
            known=x / scale,
            unit=scale,
            weight=np.exp(-2 * theta[:, 1:-1]),
            alpha=arrays["alpha"] * (arrays["scale"] * np.exp(theta[:, 0]))[:, None],
            mean=arrays["mean"],
            base=rest.astype(np.float32) @ flat,
            modes=(unit - rest).astype(np.float32) @ flat,
        )
        if images is not None and self.components:
            centred = images.pixels.astype(np.float32) - images.mean
            projection = centred.T.astype(np.float64) @ images.projection[:, : self.components]
            self._hold(pixel_mean=images.mean, projection=projection)

    def _hold(self, **arrays: np.ndarray) -> None:
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def forward(self, table: Tensor, images: Tensor | None) -> Tensor:
        """Scaled parameters ``[m, P]`` float64 and pixels ``[m, S, S, C]`` to coefficients ``[m, T,
        r]``."""
        seen = table
        if self.components and images is not None:
            pixels = (images.flatten(1).float() - self.get_buffer("pixel_mean")).double()
            seen = torch.cat([table, pixels @ self.get_buffer("projection")], dim=1)
        difference = (seen / self.get_buffer("unit")).unsqueeze(1) - self.get_buffer("known")
        squared, single = difference.square(), difference.shape[2] - self.shared
        if self.shared:
            squared = torch.cat(
                [squared[..., :single], squared[..., single:].sum(-1, keepdim=True)], dim=-1
            )
        total = (squared @ self.get_buffer("weight").T).transpose(1, 2)  # [m, modes, n]
        if self.kernel == "matern52":
            r = (5 * total).sqrt()
            kernel = (1 + r + r.square() / 3) * (-r).exp()
        else:
            kernel = (-0.5 * total).exp()
        amplitudes = self.get_buffer("mean") + (kernel * self.get_buffer("alpha")).sum(-1)
        flat = self.get_buffer("base") + amplitudes.float() @ self.get_buffer("modes")
        return flat.reshape(flat.shape[0], *self.trajectory)
