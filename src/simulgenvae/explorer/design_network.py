"""First piece of the networks in a page: one design to its latents and Gaussian processes.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold
from simulgenvae.deployment.field_model import without_encoder
from simulgenvae.deployment.scaled_parameters import ScaledParameters
from simulgenvae.deployment.shape_network import ShapeNetwork
from simulgenvae.explorer.processes import Processes
from simulgenvae.models import Inputs
from simulgenvae.models.networks import Networks

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.shapes import ShapeModel


class DesignNetwork(nn.Module):
    """Network from one design to everything about it that does not depend on time.

    Outputs, by name:

    - ``latents`` ``[K, F]``: of all members in one mirror view after the other; of a single network
      in a single view, its mean followed by its samples;
    - ``processes`` ``[1 + S, T, r]``: mean of the Gaussian processes over the mirror views, and
      their samples, where they have a weight;
    - ``novelty`` ``[1]``, where there are Gaussian processes;
    - ``shape`` ``[1, k]``: coefficients of its geometry, where designs have meshes of their own;
    - ``widening`` ``[1]``: factor to the spread outside the trained range.

    Parameters
    ----------
    ensemble
        What predicts.
    samples
        Number of latents that are sampled of a single network.
    shapes
        Description of geometries; None where all designs have one mesh.
    seed
        Seed of all samples.
    """

    def __init__(
        self, ensemble: Ensemble, samples: int, shapes: ShapeModel | None = None, seed: int = 0
    ) -> None:
        super().__init__()
        self.shape = None if shapes is None else ShapeNetwork(shapes)
        self.views = [view.axes for view in ensemble.mirror_views]
        networks = [member for member in ensemble.members if isinstance(member, Networks)]
        self.conditioners = nn.ModuleList(
            without_encoder(member).conditioner for member in networks
        )
        self.scaled = ScaledParameters(ensemble.scaler)
        self.widening = Widening(ensemble)
        self.is_single = len(networks) * (1 + len(self.views)) == 1
        if self.is_single:
            generator = torch.Generator().manual_seed(seed)
            width = networks[0].vae.hierarchy.width
            # The same numbers as those of Ensemble.predict.
            noise = torch.randn((samples, 1, width), generator=generator)[:, 0]
            hold(self, noise=noise.numpy())
        self.has_weight = ensemble.pod_gp is not None and ensemble.gp_weight > 0
        self.processes: Processes | None = None
        if ensemble.pod_gp is not None:
            self.processes = Processes(ensemble, ensemble.sample_count(samples), seed)
        for number, view in enumerate(ensemble.mirror_views):
            hold(self, **{f"matrix_{number}": view.matrix, f"offset_{number}": view.offset})

    @property
    def outputs(self) -> list[str]:
        """Names of the outputs, in their order."""
        processes = ["processes"] if self.has_weight else []
        novelty = [] if self.processes is None else ["novelty"]
        shape = [] if self.shape is None else ["shape"]
        return ["latents", *processes, *novelty, *shape, "widening"]

    @property
    def is_exact(self) -> bool:
        """True if the uncertainty is that of Python, and not an approximation of it."""
        return self.processes is None or self.processes.is_exact

    def forward(
        self, parameters: Tensor | None = None, images: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return the outputs of one design, in the order of :attr:`outputs`.

        Parameters
        ----------
        parameters
            Parameters ``[1, P]``, float64, in the user's units, of a category the position of its
            value; None where designs have none.
        images
            Pixels ``[1, S, S, C]``, rows from the top; None where designs have none.
        """
        if parameters is None:
            assert images is not None, "designs have parameters or images"
            parameters = images.new_zeros((1, 0), dtype=torch.float64)
        geometry = []
        if self.shape is not None:
            parameters, shape = self.shape(parameters, images)
            geometry = [shape]
        table = self.scaled(parameters)
        seen = self._views_of(images)
        found = [self._latents(table, seen)]
        if self.processes is not None:
            mean, samples, novelty = self.processes(table, images)
            if self.has_weight:
                # Samples are of the design itself only, as those of Ensemble.predict.
                over_views = torch.cat([mean, *self._mirrored_means(table, seen[1:])])
                found.append(torch.cat([over_views.mean(0, keepdim=True), samples]))
            found.append(novelty)
        return (*found, *geometry, self.widening(parameters))

    def _mirrored_means(self, table: Tensor, seen: list[Tensor | None]) -> list[Tensor]:
        """Return the means of the Gaussian processes in the mirror views, mirrored back."""
        assert self.processes is not None, "there are Gaussian processes"
        means = []
        for number, images in enumerate(seen):
            matrix = self.get_buffer(f"matrix_{number}")
            mirrored = self.processes.gp(table, images)
            means.append(mirrored @ matrix + self.get_buffer(f"offset_{number}"))
        return means

    def _views_of(self, images: Tensor | None) -> list[Tensor | None]:
        """Return the images of the design as all views see them, the design itself first."""
        seen = [images]
        for axes in self.views:
            assert images is not None, "only images are mirrored"
            seen.append(images.flip([row for row, axis in ((1, "y"), (2, "x")) if axis in axes]))
        return seen

    def _latents(self, table: Tensor, seen: list[Tensor | None]) -> Tensor:
        latents = []
        for images in seen:
            pixels = None if images is None else images.permute(0, 3, 1, 2)
            inputs = Inputs(table.float(), pixels)
            found = [conditioner(inputs) for conditioner in self.conditioners]
            latents += [each.mean for each in found]
            if self.is_single:
                latents.append(found[0].mean + found[0].log_std.exp() * self.get_buffer("noise"))
        return torch.cat(latents)


class Widening(nn.Module):
    """Network from parameters to the factor of the spread outside the trained range."""

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        scaler = ensemble.scaler
        self.power = ensemble.widening_power
        self.warp = ScaledParameters(scaler)
        numbers = np.flatnonzero([not levels for levels in scaler.levels])
        self.has_numbers = len(numbers) > 0
        if self.has_numbers:
            lower, upper = _warped_ends(scaler)[:, numbers]
            # The first scaled column of each number; a category has several.
            first = np.searchsorted(scaler.columns, numbers)
            hold(self, first=first, middle=(lower + upper) / 2, reach=(upper - lower) / 2)

    def forward(self, parameters: Tensor) -> Tensor:
        """Return the factor of each design, ``[m]``, for parameters ``[m, P]``, both float64."""
        if not self.has_numbers:
            return torch.ones_like(parameters[:, :1].sum(1))
        warped = self.warp.warped(parameters)[:, self.get_buffer("first")]
        distance = (warped - self.get_buffer("middle")).abs() / self.get_buffer("reach")
        widening: Tensor = distance.amax(1).clamp(min=1.0) ** self.power
        return widening


def _warped_ends(scaler: ConditionScaler) -> np.ndarray:
    """Return the ends of the trained range after logarithms, ``[2, P]``."""
    return np.asarray(scaler.warp(np.array([scaler.lower, scaler.upper])))
