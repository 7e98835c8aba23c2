"""Gaussian processes of an ensemble as a network: their mean, in plain tensor operations.

Tested in tests/deployment/test_field_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.baselines.pod_gpr import PodGpr
    from simulgenvae.baselines.pod_regression import PodRegression
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
        self.features = FeatureModule(pod_gp)
        self.by_kernel = nn.ModuleList(KernelModule(pod_gpr) for pod_gpr in pod_gp.by_kernel)
        leading = pod_gp.leading
        none, change = weights_of_runs(leading)
        self.trajectory = leading.trajectory
        hold(
            self,
            base=leading.combination(none).reshape(1, -1),
            modes=leading.combination(change).reshape(leading.modes, -1),
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
        features = self.features(table, images)
        return self.mean([kernel.values(features) for kernel in self.kernels])

    @property
    def kernels(self) -> list[KernelModule]:
        """The processes of each kernel."""
        return [module for module in self.by_kernel if isinstance(module, KernelModule)]

    def mean(self, values: Sequence[Tensor]) -> Tensor:
        """Return the mean coefficients ``[m, T, r]`` for the values of each kernel."""
        # All kernels have the same modes: a mean of their predictions is one of their amplitudes.
        parts = zip(self.weights, self.kernels, values, strict=True)
        weighted = [weight * kernel.amplitudes(each) for weight, kernel, each in parts]
        return self.trajectories(torch.stack(weighted).sum(0))

    def trajectories(self, amplitudes: Tensor) -> Tensor:
        """Return the coefficients ``[m, T, r]`` of amplitudes of the modes, ``[m, modes]``."""
        flat: Tensor = self.get_buffer("base") + amplitudes.float() @ self.get_buffer("modes")
        return flat.reshape(flat.shape[0], *self.trajectory)


def weights_of_runs(
    processes: PodRegression,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights of the n training runs for amplitudes 0 ``[1, n]``, and their change.

    Amplitudes of the k modes enter the weights linearly, and so do all combinations of the runs:
    the change with each amplitude, ``[k, n]``, gives all others.
    """
    none = processes.run_weights(np.zeros((1, processes.modes)))
    return none, processes.run_weights(np.eye(processes.modes)) - none


class FeatureModule(nn.Module):
    """Network from scaled parameters and images to the processes' features, in double precision.

    Parameters
    ----------
    pod_gp
        The Gaussian processes.
    """

    def __init__(self, pod_gp: PodGaussianProcesses) -> None:
        super().__init__()
        images = pod_gp.features.images
        self.components = max(int(each.arrays()["view"][1]) for each in pod_gp.by_kernel)
        if images is not None and self.components:
            # As bytes: a map from pixels to components would be eight times as large.
            hold(
                self,
                pixels=images.pixels,
                pixel_mean=images.mean,
                projection=images.projection[:, : self.components],
            )

    def forward(self, table: Tensor, images: Tensor | None) -> Tensor:
        """Return the features of m designs, ``[m, P + C]``; see :class:`PodGpModule`."""
        if images is None or not self.components:
            return table
        mean = self.get_buffer("pixel_mean")
        known = self.get_buffer("pixels").float() - mean
        products = (images.flatten(1).float() - mean) @ known.T
        return torch.cat([table, products.double() @ self.get_buffer("projection")], dim=1)


class KernelModule(nn.Module):
    """Network from features to kernel values and mean amplitudes of the modes, with one kernel.

    Distances between designs are computed in double precision, as the processes themselves do.

    Parameters
    ----------
    pod_gpr
        The processes with this kernel.
    """

    def __init__(self, pod_gpr: PodGpr) -> None:
        super().__init__()
        arrays = pod_gpr.arrays()
        groups = pod_gpr.groups
        self.kernel = pod_gpr.kernel
        x = arrays["x"]
        theta = arrays["theta"]
        self.columns = x.shape[1]
        scale = np.ones(self.columns)
        scale[self.columns - groups.shared :] = groups.spread
        hold(
            self,
            training_points=x / scale,
            unit=scale,
            # All columns of a group count with its length scale.
            weight=np.repeat(np.exp(-2 * theta[:, 1:-1]), groups.widths, axis=1),
            alpha=arrays["alpha"] * (arrays["scale"] * np.exp(theta[:, 0]))[:, None],
            mean=arrays["mean"],
        )

    def amplitudes(self, values: Tensor) -> Tensor:
        """Return the mean amplitudes ``[m, modes]`` that belong to values of the kernel."""
        return self.get_buffer("mean") + (values * self.get_buffer("alpha")).sum(-1)

    def values(self, features: Tensor) -> Tensor:
        """Return the kernel of m designs and the training points, ``[m, modes, n]``.

        ``features`` ``[m, P + C]`` may have more components of images than this kernel reads.
        """
        seen = features[:, : self.columns]
        # Differences: |x|² + |y|² - 2 x · y would lose the digits of designs close to each other.
        difference = (seen / self.get_buffer("unit")).unsqueeze(1) - self.get_buffer(
            "training_points"
        )
        squared = difference.square()
        total = (squared @ self.get_buffer("weight").T).transpose(1, 2)  # [m, modes, n]
        if self.kernel == "matern52":
            # Matérn's function of order 5/2, of √5 times the distance.
            r = (5 * total).sqrt()
            return (1 + r + r.square() / 3) * (-r).exp()
        return (-0.5 * total).exp()
