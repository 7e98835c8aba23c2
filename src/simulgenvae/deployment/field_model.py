"""The whole way from conditions to fields as one network, weights included."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.gp_module import PodGpModule
from simulgenvae.deployment.scaled_parameters import ScaledParameters
from simulgenvae.models import Inputs
from simulgenvae.models.networks import Networks
from simulgenvae.models.unit_times import unit_times
from simulgenvae.reduction.state_map import StateMap
from simulgenvae.surrogate.predict import required_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.surrogate import Surrogate


class FieldModel(nn.Module):
    """Network that predicts as :meth:`Surrogate.predict` does, without its uncertainty.

    It predicts at the training times, and needs nothing of this package when it is exported.

    Parameters
    ----------
    surrogate
        The surrogate; UserError where its conditioner is not trained.
    """

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        ensemble = required_ensemble(surrogate)
        # Members without weight only show how certain a prediction is, which this network does not.
        weights = zip(ensemble.members, ensemble.member_weights, strict=True)
        counting = []
        for member, weight in weights:
            if weight > 0:
                assert isinstance(member, Networks), "a surrogate has torch's networks"
                counting.append((member, weight))
        self.members = nn.ModuleList(without_encoder(member) for member, _ in counting)
        self.member_weights = [weight for _, weight in counting]
        self.gp_weight = ensemble.gp_weight
        self.pod_gp: PodGpModule | None = None
        if ensemble.pod_gp is not None and ensemble.gp_weight > 0:
            self.pod_gp = PodGpModule(ensemble.pod_gp)
        self.mirror_axes = [view.axes for view in ensemble.mirror_views]
        self.field_shape = surrogate.reduction.field_shape
        self.has_offsets = "offsets" in surrogate.reduction.arrays()
        self.is_masked = surrogate.mask is not None
        # Without a reduction the coefficients are the fields, and there is no basis.
        self.has_basis = "basis" in surrogate.reduction.arrays()
        self.scaled = ScaledParameters(surrogate.condition_scaler)
        for name, array in _buffers(surrogate, ensemble).items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def forward(self, parameters: Tensor | None = None, images: Tensor | None = None) -> Tensor:
        """Return the fields of n designs, ``[n, T, M, V]``, in physical units.

        They are float32, or float64 where float32 would lose the variation of a variable.

        Parameters
        ----------
        parameters
            Parameters ``[n, P]``, float64, in the user's units, of a category the position of its
            value; None where designs have none.
        images
            Pixels ``[n, S, S, C]``, uint8, rows from the top; None where designs have none.
        """
        # Exported networks have only the inputs that designs have.
        if parameters is None:
            assert images is not None, "designs have parameters or images"
            parameters = images.new_zeros((images.shape[0], 0), dtype=torch.float64)
        table = self.scaled(parameters)
        # As in Ensemble.predict: (1 - weight) · networks + weight · Gaussian processes.
        networks, gaussian_processes = self._over_views(table, images)
        coefficients = networks
        if gaussian_processes is not None:
            coefficients = networks + self.gp_weight * (gaussian_processes - networks)
        states = coefficients @ self.get_buffer("basis").T if self.has_basis else coefficients
        fields = states * self.get_buffer("per_entry") + self.get_buffer("mean_field")
        fields = fields.reshape(*fields.shape[:2], *self.field_shape)
        if self.has_offsets:
            fields = fields.double() + self.get_buffer("offsets")
        if self.is_masked:
            # Each node takes its values, nodes without values a row of NaN that is put behind.
            nothing = torch.full_like(fields[:, :, :1], torch.nan)
            fields = torch.cat([fields, nothing], 2).index_select(2, self.get_buffer("place"))
        return fields

    def _over_views(self, table: Tensor, images: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return coefficients of networks and Gaussian processes, averaged over mirror views."""
        networks, gaussian_processes = self._predict(table, images)
        # Mirrored images are predicted as they are, and the coefficients are mirrored back.
        for view, axes in enumerate(self.mirror_axes):
            assert images is not None, "only images are mirrored"
            flipped = [dimension for dimension, axis in ((1, "y"), (2, "x")) if axis in axes]
            mirrored, mirrored_gp = self._predict(table, images.flip(flipped))
            matrix = self.get_buffer(f"matrix_{view}")
            offset = self.get_buffer(f"offset_{view}")
            networks = networks + mirrored @ matrix + offset
            if gaussian_processes is not None and mirrored_gp is not None:
                gaussian_processes = gaussian_processes + mirrored_gp @ matrix + offset
        views = 1 + len(self.mirror_axes)
        if gaussian_processes is None:
            return networks / views, None
        return networks / views, gaussian_processes / views

    def _predict(self, table: Tensor, images: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return coefficients ``[n, T, r]`` of the networks and of the Gaussian processes.

        The second is None where the Gaussian processes have no weight.
        """
        inputs = Inputs(table.float(), None if images is None else images.permute(0, 3, 1, 2))
        networks = torch.zeros(())
        for member, weight in zip(self.members, self.member_weights, strict=True):
            assert isinstance(member, Networks)
            latents = member.vae.latents_from_flat(member.conditioner(inputs).mean)
            networks = networks + weight * member.vae.decode(latents, self.get_buffer("times"))
        return networks, None if self.pod_gp is None else self.pod_gp(table, images)


def _buffers(surrogate: Surrogate, ensemble: Ensemble) -> dict[str, NDArray[np.generic]]:
    """Return the arrays that the network needs besides the weights of its parts."""
    arrays = surrogate.reduction.arrays()
    state = StateMap.from_arrays(arrays)
    buffers: dict[str, NDArray[np.generic]] = {
        "times": unit_times(surrogate.times, surrogate.times),
        "mean_field": state.mean_field().astype(np.float32),
        "per_entry": (1 / state.field_factor()).astype(np.float32),
    }
    if state.offsets is not None:
        buffers["offsets"] = state.offsets
    if "basis" in arrays:
        buffers["basis"] = arrays["basis"].astype(np.float32, copy=False)
    if surrogate.mask is not None:
        mask = surrogate.mask
        # Nodes without values read the row behind the last one, where the network puts NaN.
        place = np.full(len(mask.valued), len(mask.numbers), np.int64)
        place[mask.numbers] = np.arange(len(mask.numbers))
        buffers["place"] = place
    for number, view in enumerate(ensemble.mirror_views):
        buffers[f"matrix_{number}"] = view.matrix
        buffers[f"offset_{number}"] = view.offset
    return buffers


def without_encoder(member: Networks) -> Networks:
    """Return a copy of a member for prediction, without its encoder."""
    # Weights are exported as constants, for which no gradient is needed.
    networks = copy.deepcopy(member).eval().requires_grad_(False)
    del networks.vae.encoder
    return networks
