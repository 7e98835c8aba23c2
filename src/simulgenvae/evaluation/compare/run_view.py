"""Fields of a run where its errors are measured: on its own mesh, or on that of all runs.

Tested in tests/cli/test_own_meshes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from simulgenvae.evaluation.metrics import FieldAxes
from simulgenvae.geometry import on_own_mesh

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.geometry import Placement
    from simulgenvae.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class RunView:
    """One run and where its errors are measured.

    Attributes
    ----------
    truth
        Its true fields on the mesh of all runs, `[T, M, V]`.
    own_truth
        Its true fields at its own m nodes, `[T, m, V]`.
    mesh
        Mesh of these nodes.
    axes
        Times and positions of the own values.
    placement
        Geometry of the run; None where all runs have one mesh.
    keeps_nodes
        Whether its nodes are those of the mesh of all runs.
    """

    truth: NDArray[np.floating]
    own_truth: NDArray[np.floating]
    mesh: Mesh
    axes: FieldAxes
    placement: Placement | None = None
    keeps_nodes: bool = True

    @classmethod
    def of(cls, dataset: Dataset, row: int) -> Self:
        """Return the view of a run of the data set, whose fields are read."""
        truth = dataset.run(row)
        if dataset.shapes is None:
            axes = FieldAxes(dataset.times, dataset.mesh.coords)
            return cls(truth, truth, dataset.mesh, axes)
        placement = dataset.shapes.placement(row)
        mesh = placement.mesh
        if dataset.keeps_nodes:
            # Nodes correspond: only their positions are the run's own.
            mesh = mesh if dataset.mask is None else mesh.at(dataset.mask.numbers)
            axes = FieldAxes(dataset.times, mesh.coords)
            return cls(truth, truth, mesh, axes, placement)
        own = dataset.own_run(row)
        axes = FieldAxes(dataset.times, mesh.coords)
        return cls(truth, own, mesh, axes, placement, keeps_nodes=False)

    def own(self, fields: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return fields `[T, M, V]` on the mesh of all runs at the own nodes, `[T, m, V]`."""
        if self.placement is None or self.keeps_nodes:
            return fields
        return on_own_mesh(fields, self.placement)
