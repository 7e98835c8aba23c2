"""Common mesh of runs whose own meshes differ: what every way of sharing one has to offer.

Tested in tests/geometry/test_corresponding.py and tests/geometry/grid/.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from simulgenvae.mesh.mesh import Mesh


class Placement(ABC):
    """One geometry and its relation to the common mesh.

    Attributes
    ----------
    mesh
        Own mesh of the geometry, with m nodes.
    shape
        Numbers that describe the geometry at the M nodes of the common mesh, `[M, S]`.
    gap
        Largest distance between the boundary of the geometry and that of the common mesh in its
        place, relative to its size; None where these have nothing to do with each other.
    """

    mesh: Mesh
    shape: NDArray[np.float64]

    @property
    def gap(self) -> float | None:
        """Largest distance between both boundaries, relative to the size of the geometry."""
        return None

    @abstractmethod
    def to_common(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return values `[m, K]` at the own nodes as values `[M, K]` on the common mesh."""

    @property
    def weights(self) -> csr_array | None:
        """Weights of the nodes of the common mesh in the values at the own nodes, `[m, M]`.

        None where nodes correspond, and values are the same.
        """
        return None

    def to_own(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return values `[M, K]` on the common mesh as values `[m, K]` at the own nodes."""
        weights = self.weights
        if weights is None:
            return values
        found: NDArray[np.floating] = weights.astype(values.dtype) @ values
        return found


class CommonMesh(ABC):
    """Mesh on which the fields of all runs are learned, although each run has one of its own.

    Attributes
    ----------
    kind
        Name of the way, as settings and files have it.
    keeps_nodes
        Whether the own nodes of every geometry are the nodes of the common mesh.
    mesh
        The common mesh, with M nodes.
    """

    kind: ClassVar[str]
    keeps_nodes: ClassVar[bool] = False
    mesh: Mesh

    @property
    def has_surfaces(self) -> bool:
        """True if geometries are surfaces in space that cells of the mesh do not fill."""
        return False

    @property
    def nodes(self) -> int:
        """Number of nodes of the common mesh, M."""
        assert self.mesh.coords is not None, "nodes without positions have no geometry"
        return len(self.mesh.coords)

    @property
    @abstractmethod
    def shape_names(self) -> tuple[str, ...]:
        """Names of the S values that describe a geometry at each node."""

    @property
    def shape_width(self) -> int:
        """Number S of these values."""
        return len(self.shape_names)

    @abstractmethod
    def to_record(self) -> dict[str, object]:
        """Return what files hold of the way besides its mesh, as JSON; ``kind`` is its name."""

    def inside(self, shape: NDArray[np.floating]) -> NDArray[np.bool_] | None:
        """Return which nodes belong to the geometry of a shape `[M, S]`, `[M]`; None for all."""
        return None

    def images(self, shapes: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """Return n shapes `[M, S, n]` as images `[n, …]`, each of which is linear in its shape.

        None where shapes are displacements of nodes.
        """
        return None

    @abstractmethod
    def place(self, own: Mesh, path: Path) -> Placement:
        """Return the placement of a geometry from the file ``path``.

        Raises UserError naming the file when the geometry cannot be brought onto the common mesh.
        """

    def placed_again(self, own: Mesh, shape: NDArray[np.floating], path: Path) -> Placement:
        """Return the placement of a geometry whose shape `[M, S]` was found before.

        Ways in which finding it takes long do without. Raises UserError as :meth:`place` does.
        """
        return self.place(own, path)

    @abstractmethod
    def placed(self, shape: NDArray[np.floating]) -> Placement:
        """Return the placement of the geometry that ``shape`` `[M, S]` describes.

        Its own mesh follows from the shape: this is how a predicted geometry gets a mesh. Raises
        UserError when the shape describes no geometry.
        """


def on_common_mesh(fields: NDArray[np.floating], placement: Placement) -> NDArray[np.floating]:
    """Return fields `[T, m, V]` at the own nodes of a geometry on the common mesh, `[T, M, V]`."""
    steps, nodes, variables = fields.shape
    # Nodes first: all timesteps and variables are brought over at once.
    columns = fields.swapaxes(0, 1).reshape(nodes, -1)
    return placement.to_common(columns).reshape(-1, steps, variables).swapaxes(0, 1)


def on_own_mesh(fields: NDArray[np.floating], placement: Placement) -> NDArray[np.floating]:
    """Return fields `[T, M, V]` on the common mesh at the own nodes of a geometry, `[T, m, V]`."""
    steps, nodes, variables = fields.shape
    # Nodes first: all timesteps and variables are brought over at once.
    columns = np.ascontiguousarray(fields.swapaxes(0, 1)).reshape(nodes, -1)
    own = placement.to_own(columns).reshape(-1, steps, variables).swapaxes(0, 1)
    return np.ascontiguousarray(own, dtype=fields.dtype)
