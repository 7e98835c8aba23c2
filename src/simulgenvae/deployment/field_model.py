"""The whole way from conditions to fields as one network, weights included."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.gp_module import Processes
from simulgenvae.errors import UserError
from simulgenvae.models import Inputs
from simulgenvae.models.networks import Networks, unit_times
from simulgenvae.reduction.state import StateMap
from simulgenvae.surrogate.surrogate import Surrogate


class FieldModel(nn.Module):
    """Prediction of :meth:`Surrogate.predict` at the training times, without its uncertainty."""

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        ensemble, scaler = surrogate.ensemble, surrogate.condition_scaler
        if ensemble is None:
            raise UserError(
                "Only the VAE is trained: train the conditioner too, with --stage conditioner."
            )
        self.members = nn.ModuleList(_plain(member) for member in ensemble.members)
        self.weight = ensemble.gp_weight
        self.pod_gpr = (
            None
            if ensemble.pod_gp is None or ensemble.gp_weight == 0
            else Processes(ensemble.pod_gp)
        )
        self.mirror_views = [view.axes for view in ensemble.mirror_views]
        arrays = surrogate.reduction.arrays()
        state = StateMap.from_arrays(arrays)
        self.field_shape = surrogate.reduction.field_shape
        self.has_basis = "basis" in arrays
        held = {
            "logarithm": np.array(scaler.logarithm, bool),
            "shift": np.array(scaler.shift, np.float64),
            "scale": np.array(scaler.scale, np.float64),
            "times": unit_times(surrogate.times, surrogate.times),
            "mean_field": state.mean_field().astype(np.float32),
            "per_entry": (1 / state.field_factor()).astype(np.float32),
            **({"basis": arrays["basis"].astype(np.float32, copy=False)} if self.has_basis else {}),
            **{f"matrix_{k}": view.matrix for k, view in enumerate(ensemble.mirror_views)},
            **{f"offset_{k}": view.offset for k, view in enumerate(ensemble.mirror_views)},
        }
        for name, array in held.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def forward(self, parameters: Tensor | None = None, images: Tensor | None = None) -> Tensor:
        """Parameters ``[n, P]`` float64 in the user's units, and pixels ``[n, S, S, C]`` uint8 with
        rows from the top, whichever designs have, to fields ``[n, T, M, V]`` float32 in physical
        units."""
        if parameters is None:
            assert images is not None, "designs have parameters or pictures"
            parameters = images.new_zeros((images.shape[0], 0), dtype=torch.float64)
        logarithms = torch.where(self.get_buffer("logarithm"), parameters.log(), parameters)
        table = (logarithms - self.get_buffer("shift")) / self.get_buffer("scale")
        answers = self._answers(table, images)
        for view, axes in enumerate(self.mirror_views):
            assert images is not None, "only pictures are mirrored"
            flipped = [axis for axis, name in ((1, "y"), (2, "x")) if name in axes]
            mirrored = self._answers(table, images.flip(flipped))
            matrix, offset = self.get_buffer(f"matrix_{view}"), self.get_buffer(f"offset_{view}")
            answers = [a + b @ matrix + offset for a, b in zip(answers, mirrored, strict=True)]
        networks, *linear = (answer / (1 + len(self.mirror_views)) for answer in answers)
        coefficients = networks + self.weight * (linear[0] - networks) if linear else networks
        states = coefficients @ self.get_buffer("basis").T if self.has_basis else coefficients
        fields = states * self.get_buffer("per_entry") + self.get_buffer("mean_field")
        return fields.reshape(*fields.shape[:2], *self.field_shape)

    def _answers(self, table: Tensor, images: Tensor | None) -> list[Tensor]:
        """Coefficients ``[n, T, r]``: the mean of the networks, and that of the processes where
        they have a weight."""
        inputs = Inputs(table.float(), None if images is None else images.permute(0, 3, 1, 2))
        decoded = []
        for member in self.members:
            assert isinstance(member, Networks)
            latents = member.vae.latents_from_flat(member.conditioner(inputs).mean)
            decoded.append(member.vae.decode(latents, self.get_buffer("times")))
        answers = [torch.stack(decoded).mean(0)]
        if self.pod_gpr is not None:
            answers.append(self.pod_gpr(table, images))
        return answers


def _plain(member: Networks) -> Networks:
    """A copy for prediction alone, without encoder."""
    networks = copy.deepcopy(member).eval().requires_grad_(False)
    del networks.vae.encoder
    return networks
