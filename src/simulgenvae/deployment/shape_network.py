"""From what is given of designs to the coefficients of their shapes, as a network.

Tested in tests/deployment/test_placed_model.py and tests/explorer/test_geometry.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold
from simulgenvae.deployment.gp_module import FeatureModule, KernelModule, weights_of_runs
from simulgenvae.deployment.scaled_parameters import ScaledParameters

if TYPE_CHECKING:
    from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
    from simulgenvae.surrogate.shapes import ShapeModel


class ShapeNetwork(nn.Module):
    """Network from what is given of designs to the coefficients of their shapes.

    They are predicted from the other conditions, as :meth:`ShapeModel.predicted` does. Where
    nothing predicts them, those of the leading modes are given as the last parameters, and the
    others are 0.

    Parameters
    ----------
    shapes
        Description of the geometries.
    """

    def __init__(self, shapes: ShapeModel) -> None:
        super().__init__()
        self.columns = len(shapes.names)
        self.others = shapes.modes.count - self.columns
        self.processes: ShapeProcesses | None = None
        if shapes.processes is not None:
            self.scaled = ScaledParameters(shapes.table)
            self.processes = ShapeProcesses(shapes.processes)

    def forward(self, parameters: Tensor, images: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the parameters ``[n, P']`` that other networks read, and the shapes ``[n, k]``.

        ``parameters`` ``[n, P]`` and both results are float64.
        """
        if self.processes is None:
            given = parameters[:, parameters.shape[1] - self.columns :]
            return parameters, torch.cat(
                [given, given.new_zeros((given.shape[0], self.others))], dim=1
            )
        shape = self.processes(self.scaled(parameters), images)
        return torch.cat([parameters, shape[:, : self.columns]], dim=1), shape


class ShapeProcesses(nn.Module):
    """Network from scaled parameters and images to the coefficients of all shape modes.

    All of it is double precision, as positions need more digits than fields; a page also stores
    what is single precision with half of it, where fields allow that.
    """

    def __init__(self, processes: PodGaussianProcesses) -> None:
        super().__init__()
        self.weights = processes.weights
        self.features = FeatureModule(processes)
        self.kernels = nn.ModuleList(KernelModule(pod_gpr) for pod_gpr in processes.by_kernel)
        leading = processes.leading
        none, change = weights_of_runs(leading)
        runs = leading.arrays()["coefficients"][:, 0].astype(np.float64)
        hold(self, base=none @ runs, change=change @ runs)

    def forward(self, table: Tensor, images: Tensor | None) -> Tensor:
        """Return the coefficients ``[n, k]`` of designs."""
        features = self.features(table, images)
        amplitudes = torch.zeros(())
        for weight, kernel in zip(self.weights, self.kernels, strict=True):
            assert isinstance(kernel, KernelModule)
            amplitudes = amplitudes + weight * kernel.amplitudes(kernel.values(features))
        shape: Tensor = self.get_buffer("base") + amplitudes @ self.get_buffer("change")
        return shape
