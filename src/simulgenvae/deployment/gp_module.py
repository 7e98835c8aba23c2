"""Gaussian processes of an ensemble as a network: their mean, in plain tensor operations.

Tested in tests/deployment/test_field_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from simulgenvae.baselines.image_features import ImageComponents
    from simulgenvae.baselines.pod_gpr import PodGpr
    from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses


class PodGpModule(nn.Module):
    """Network from scaled parameters and images to coefficients at the training times.

    Parameters
    ----------
    pod_gp
        The Gaussian processes.
    """

    def __init__(self, pod_gp: PodGaussianProcesses) -> None:
        super().__init__()
        self.weights = pod_gp.weights
        images = pod_gp.features.images
        self.by_kernel = nn.ModuleList(_Amplitudes(pod_gpr, images) for pod_gpr in pod_gp.by_kernel)
        # Amplitudes of modes enter the weights of the training runs linearly, and so the
        # coefficients: the weights of zero amplitudes and of each unit amplitude give all others.
        leading = pod_gp.leading
        none = leading.run_weights(np.zeros((1, leading.modes)))
        unit = leading.run_weights(np.eye(leading.modes))
        self.trajectory = leading.trajectory
        _hold(
            self,
            base=leading.combination(none).reshape(1, -1),
            modes=leading.combination(unit - none).reshape(leading.modes, -1),
        )

    def forward(self, table: Tensor, images: Tensor | None) -> Tensor:
        """Return the mean coefficients of m designs, ``[m, T, r]``.

        Parameters
        ----------
        table
            Scaled parameters, ``[m, P]``, float64.
        images
            Pixels, ``[m, S, S, C]``; None where designs have none.
        """
        # All kernels have the same modes: a mean of their predictions is one of their amplitudes.
        amplitudes = self.weights[0] * self.by_kernel[0](table, images)
        for weight, module in zip(self.weights[1:], self.by_kernel[1:], strict=True):
            amplitudes = amplitudes + weight * module(table, images)
        flat: Tensor = self.get_buffer("base") + amplitudes.float() @ self.get_buffer("modes")
        return flat.reshape(flat.shape[0], *self.trajectory)


class _Amplitudes(nn.Module):
    """Scaled parameters and images to the mean amplitudes of the modes, with one kernel.

    Distances between designs are computed in double precision, as the processes themselves do.
    """

    def __init__(self, pod_gpr: PodGpr, images: ImageComponents | None) -> None:
        super().__init__()
        arrays = pod_gpr.arrays()
        groups = pod_gpr.groups
        self.kernel = pod_gpr.kernel
        self.components = int(arrays["view"][1])
        x = arrays["x"]
        theta = arrays["theta"]
        scale = np.ones(x.shape[1])
        scale[x.shape[1] - groups.shared :] = groups.spread
        _hold(
            self,
            training_points=x / scale,
            unit=scale,
            # All columns of a group count with its length scale.
            weight=np.repeat(np.exp(-2 * theta[:, 1:-1]), groups.widths, axis=1),
            alpha=arrays["alpha"] * (arrays["scale"] * np.exp(theta[:, 0]))[:, None],
            mean=arrays["mean"],
        )
        # Products with the training images and their projection are one linear map of pixels.
        if images is not None and self.components:
            centred = images.pixels.astype(np.float32) - images.mean
            projection = centred.T.astype(np.float64) @ images.projection[:, : self.components]
            _hold(self, pixel_mean=images.mean, projection=projection)

    def forward(self, table: Tensor, images: Tensor | None) -> Tensor:
        """Return the amplitudes of m designs, ``[m, modes]``; see :class:`PodGpModule`."""
        seen = table
        if self.components and images is not None:
            pixels = (images.flatten(1).float() - self.get_buffer("pixel_mean")).double()
            seen = torch.cat([table, pixels @ self.get_buffer("projection")], dim=1)
        # Differences: |x|² + |y|² - 2 x · y would lose the digits of designs close to each other.
        difference = (seen / self.get_buffer("unit")).unsqueeze(1) - self.get_buffer(
            "training_points"
        )
        squared = difference.square()
        total = (squared @ self.get_buffer("weight").T).transpose(1, 2)  # [m, modes, n]
        if self.kernel == "matern52":
            # Matérn's function of order 5/2, of √5 times the distance.
            r = (5 * total).sqrt()
            kernel = (1 + r + r.square() / 3) * (-r).exp()
        else:
            kernel = (-0.5 * total).exp()
        return self.get_buffer("mean") + (kernel * self.get_buffer("alpha")).sum(-1)


def _hold(module: nn.Module, **arrays: np.ndarray) -> None:
    """Keep arrays in a module, as its buffers."""
    for name, array in arrays.items():
        module.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))
