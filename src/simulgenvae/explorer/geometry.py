"""Geometries of designs in a page, where runs have meshes of their own.

Tested in tests/explorer/test_geometry.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.explorer.basis_network import basis_file
from simulgenvae.explorer.description import Geometry
from simulgenvae.explorer.drawn_mesh import dimension
from simulgenvae.geometry import BackgroundGrid
from simulgenvae.geometry.moved_nodes import MovedNodes
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.shapes import ShapeModel
    from simulgenvae.surrogate.surrogate import Surrogate

_RUNS_TOGETHER = 16
_LIKELY = (
    "The parameters do not determine the geometry: shown is the one that they make likely. "
    "`simulgenvae predict --meshes` predicts the fields on any other."
)
_GIVEN = (
    "Nothing but their geometry describes the designs: shape 1, shape 2 … are the coefficients of "
    "the modes in which the geometries of the training runs differ."
)
_COARSE = (
    " Details that these leave out, such as a small hole, are unknown to the predictions of this "
    "page, and the expected error does not count that: `simulgenvae predict --meshes` reads the "
    "whole mesh of a design."
)


@dataclass(frozen=True, eq=False)
class PageGeometry:
    """Shapes of designs in a page: ``mean + modes @ coefficients``.

    A shape is the positions of the nodes ``[M, D]`` where these move, and the signed distance from
    the boundary ``[M, 1]``, positive inside, where a grid is cut.

    Attributes
    ----------
    model
        Description of the geometries in the surrogate.
    kind
        Which of both it is.
    mean
        Mean shape, ``[M, S]``.
    box
        Corners of a box around the geometries of the training runs, ``[2, D]``.
    """

    model: ShapeModel
    kind: Literal["moved", "cut"]
    mean: NDArray[np.float64]
    box: NDArray[np.float64]

    @classmethod
    def of(cls, surrogate: Surrogate) -> Self | None:
        """Return the shapes of a surrogate; None where all designs have one mesh.

        Raises UserError where a page cannot draw them.
        """
        model = surrogate.shapes
        if model is None:
            return None
        coords = model.common.mesh.coords
        assert coords is not None, "nodes without positions have no geometry"
        mean = model.modes.mean.astype(np.float64)
        moves = isinstance(model.common, MovedNodes)
        if moves:
            mean = mean + coords
        corners = []
        for change in _training_changes(model, surrogate.condition_scaler):
            # Of a grid, what is inside of the geometry counts, up to the next nodes.
            nodes = mean + change if moves else coords[(mean + change)[:, 0] > -_spacing(model)]
            corners += [nodes.min(axis=0), nodes.max(axis=0)] if len(nodes) else []
        box = np.array([np.min(corners, axis=0), np.max(corners, axis=0)])
        found = cls(model, "moved" if moves else "cut", mean, box)
        _require_drawable(found)
        return found

    @property
    def mesh(self) -> Mesh:
        """Mesh of all nodes, in the mean shape where nodes move."""
        mesh = self.model.common.mesh
        if self.kind == "cut":
            return mesh
        return Mesh(self.mean, mesh.cells, unit=mesh.unit, sets=mesh.sets)

    @property
    def dimension(self) -> Literal[1, 2, 3]:
        """Dimension of the space that the geometries span."""
        return dimension(Mesh(self.box))

    def about(self) -> Geometry:
        """Return what the description of a page says."""
        lower, upper = (tuple(map(float, _in_space(corner))) for corner in self.box)
        note = ""
        if self.model.processes is None:
            note = _GIVEN if self.model.distances is None else _GIVEN + _COARSE
        elif self.model.names:
            note = _LIKELY
        return Geometry(kind=self.kind, lower=lower, upper=upper, note=note)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of a container, without the modes, which are a network."""
        return {"shape.mean": self.mean.astype(np.float32)}

    def basis_file(self, *, in_16_bits: bool = False) -> bytes:
        """Return the network from coefficients to changes of the shape, as an ONNX file."""
        return basis_file(self.model.modes.basis, self.model.modes.count, in_16_bits=in_16_bits)

    def inside(self, shape: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which nodes belong to the geometry of a shape, ``[M]``."""
        return np.ones(len(shape), bool) if self.kind == "moved" else shape[:, 0] > 0

    def shapes(self, designs: Conditions) -> NDArray[np.float64]:
        """Return the shapes ``[n, M, S]`` of designs by the surrogate."""
        modes = self.model.modes
        if self.model.processes is None:
            columns = designs.table[:, -len(self.model.names) :]
            coefficients = np.pad(columns, ((0, 0), (0, modes.count - columns.shape[1])))
        else:
            coefficients = self.model.predicted(designs)
        changes = [modes.decode(each) - modes.mean for each in coefficients]
        return self.mean + np.stack(changes)


def given_scaler(surrogate: Surrogate) -> ConditionScaler:
    """Return the scaling of what is given of a design in a page.

    Where its geometry does not follow from its other conditions, that is its shape, too.
    """
    shapes = surrogate.shapes
    if shapes is None or shapes.processes is None:
        return surrogate.condition_scaler
    return shapes.table


def _spacing(model: ShapeModel) -> float:
    assert isinstance(model.common, BackgroundGrid), "other nodes move"
    return model.common.record.spacing


def _training_changes(model: ShapeModel, scaler: ConditionScaler) -> Iterator[NDArray[np.float32]]:
    """Yield the differences of the training runs' shapes from their mean, ``[M, S]``.

    Where the model does not hold them, each mode is taken at both ends of its trained range.
    """
    modes = model.modes
    if model.processes is not None:
        coefficients = model.processes.leading.arrays()["coefficients"][:, 0]
    else:
        columns = len(model.names)
        ends = np.stack([scaler.lower[-columns:], scaler.upper[-columns:]])
        coefficients = np.zeros((2 * columns, modes.count))
        for column in range(columns):
            coefficients[2 * column : 2 * column + 2, column] = ends[:, column]
    for start in range(0, len(coefficients), _RUNS_TOGETHER):
        some = coefficients[start : start + _RUNS_TOGETHER].astype(np.float32)
        yield from (some @ modes.basis.T).reshape(-1, *modes.mean.shape)


def _require_drawable(geometry: PageGeometry) -> None:
    """Raise UserError for geometries that a page cannot draw."""
    if geometry.kind == "cut" and geometry.dimension == 3:
        raise UserError(
            "the explorer's page draws the outside of a mesh, which bodies that share a grid do "
            "not have there: use `simulgenvae predict`, which cuts the grid for each design, or "
            "ingest meshes whose nodes correspond"
        )
    if geometry.dimension == 1:
        raise UserError(
            "the explorer's page draws curves over nodes that stay in place, and those of this "
            "study move along a line: use `simulgenvae predict`"
        )


def _in_space(corner: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.pad(corner, (0, 3 - len(corner)))
