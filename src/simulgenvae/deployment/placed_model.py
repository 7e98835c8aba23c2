"""From conditions to fields and to the positions of nodes, where these move with the design.

Tested in tests/deployment/test_placed_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold
from simulgenvae.deployment.field_model import FieldModel
from simulgenvae.deployment.shape_network import ShapeNetwork
from simulgenvae.errors import UserError
from simulgenvae.geometry.moved_nodes import MovedNodes

if TYPE_CHECKING:
    from simulgenvae.surrogate.surrogate import Surrogate


class PlacedFieldModel(nn.Module):
    """Network that predicts fields, and the geometry that goes with the conditions.

    Parameters
    ----------
    surrogate
        The surrogate of runs with meshes of their own.

    Raises
    ------
    UserError
        Where runs share a grid, and where nothing but the geometry is known of a design.
    """

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        shapes = surrogate.shapes
        assert shapes is not None, "runs have meshes of their own"
        if not isinstance(shapes.common, MovedNodes):
            raise UserError(
                "an exported model has the nodes of one mesh, which move with the design, but the "
                "runs of this study share a grid, and each design has other nodes: use "
                "`simulgenvae predict`, which gives each design its mesh"
            )
        if shapes.processes is None:
            raise UserError(
                "an exported model reads no meshes, but the geometry is all that is known of a "
                "design of this study: use `simulgenvae predict --meshes`"
            )
        self.fields = FieldModel(surrogate)
        self.shape = ShapeNetwork(shapes)
        hold(self, mean=shapes.common.coords + shapes.modes.mean, basis=shapes.modes.basis.T)

    def forward(
        self, parameters: Tensor | None = None, images: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return fields ``[n, T, M, V]`` and positions of the nodes ``[n, M, D]`` of n designs.

        Positions are float64. For the rest, see :meth:`FieldModel.forward`.
        """
        if parameters is None:
            assert images is not None, "designs have parameters or images"
            parameters = images.new_zeros((images.shape[0], 0), dtype=torch.float64)
        seen, shape = self.shape(parameters, images)
        mean = self.get_buffer("mean")
        displacement = shape @ self.get_buffer("basis").double()
        return self.fields(seen, images), mean + displacement.reshape(-1, *mean.shape)
