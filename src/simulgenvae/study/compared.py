"""Predicted designs that are solved too: true fields beside the predicted ones, and true errors.

Tested in tests/cli/test_commands.py and tests/cli/test_own_mesh_truth.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import xarray as xr

    from simulgenvae.export.batches import Batch
    from simulgenvae.export.truth import Truth
    from simulgenvae.geometry import CommonMesh, Placement
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.own_mesh_error import OwnMeshScale
    from simulgenvae.surrogate.surrogate import Surrogate


@dataclass(frozen=True, eq=False)
class Compared:
    """Solved runs of designs that are predicted.

    Attributes
    ----------
    truth
        The runs.
    surrogate
        What predicts.
    designs
        Ids of all designs.
    scale
        Scale of errors on meshes that differ; None where designs have the same nodes.
    """

    truth: Truth
    surrogate: Surrogate
    designs: Sequence[str]
    scale: OwnMeshScale | None

    @classmethod
    def of(
        cls, truth: Truth, study: StudyFolder, surrogate: Surrogate, designs: Sequence[str]
    ) -> Compared:
        """Return the comparison with solved runs.

        Raises UserError where these lack a design or have another mesh, and, where meshes differ,
        without the runs of the training, by whose size errors are measured.
        """
        if surrogate.shapes is None:
            truth.require(designs, surrogate.whole_mesh)
            return cls(truth, surrogate, designs, None)
        truth.require_runs(designs)
        if surrogate.keeps_nodes:
            return cls(truth, surrogate, designs, None)
        from simulgenvae.data.dataset import Dataset
        from simulgenvae.surrogate.own_mesh_error import OwnMeshScale

        data = Dataset.open(study.dataset)
        rows = surrogate.split.rows(data.ids)["train"]
        return cls(truth, surrogate, designs, OwnMeshScale.of(data, rows))

    def added(self, predictions: Iterable[xr.Dataset]) -> Iterator[xr.Dataset]:
        """Yield predictions on the mesh of all designs with the true fields."""
        surrogate = self.surrogate
        nodes = surrogate.whole_nodes
        return self.truth.added(predictions, self.designs, nodes, surrogate.variables)

    def with_own_truth(self, batch: Batch) -> Batch:
        """Return the prediction of one design on its own mesh with the true fields.

        Raises UserError for a run with another mesh.
        """
        from simulgenvae.export.truth import has_nodes_of

        (design,) = batch.ids
        mesh, fields = self.truth.read_own(self.truth.row(design, self.designs))
        assert batch.mesh is not None
        whole = batch.fields.shape[2] if mesh.coords is None else len(mesh.coords)
        if batch.nodes is not None:
            whole = self.surrogate.whole_nodes
            if mesh.coords is not None and len(mesh.coords) == whole:
                mesh = mesh.at(batch.nodes)
        if not has_nodes_of(mesh, batch.mesh):
            raise UserError(
                f"{self.truth.path}: the nodes of the run of design {design!r} are not those of "
                "its mesh: leave out --meshes to predict on the meshes of the runs"
            )
        found = self.truth.at(
            fields, batch.times, batch.nodes, whole, batch.variables, self.surrogate.variables
        )
        truth = found.astype(batch.fields.dtype)[None]
        added = {"truth": truth, "error": batch.fields - truth}
        return replace(batch, extra_fields={**batch.extra_fields, **added})

    def errors(self, batch: Batch) -> tuple[float | None, ...]:
        """Return the joint relative error of each design of a batch, see :func:`true_errors`."""
        from simulgenvae.study.true_error import true_errors

        if self.scale is None:
            return true_errors(batch, self.surrogate)
        if batch.variables != self.surrogate.variables:
            return (None,) * len(batch.ids)
        truth = batch.extra_fields["truth"]
        pairs = zip(batch.fields, truth, strict=True)
        return tuple(self.scale.error(found, true) for found, true in pairs)


def placements_of_runs(
    truth: Truth, common: CommonMesh, designs: Sequence[str]
) -> Callable[[str], Placement]:
    """Return the function from the id of a design to the placement of its solved run.

    Raises UserError for runs whose nodes have no known positions.
    """

    def placement(design: str) -> Placement:
        mesh, _ = truth.read_own(truth.row(design, designs))
        if mesh.coords is None:
            raise UserError(
                f"{truth.path}: has no positions of the nodes of its runs: give the meshes of the "
                "designs (--meshes)"
            )
        return common.place(mesh, truth.path)

    return placement
