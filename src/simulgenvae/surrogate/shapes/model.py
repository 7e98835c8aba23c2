"""Shape model: from a geometry to further columns of the table of conditions, and back.

Tested in tests/surrogate/shapes/test_model.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.errors import UserError
from simulgenvae.geometry import CommonMesh, restore_common_mesh
from simulgenvae.geometry.distance_images import DistanceImages
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.shapes.description import ShapeDescription
from simulgenvae.surrogate.shapes.modes import ShapeModes
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.geometry import Placement
    from simulgenvae.mesh.mesh import Mesh

COLUMN_TOLERANCE = 0.03
"""Part of the variation of the shapes that the columns may leave out, as a relative error."""
MOST_COLUMNS = 16
"""Largest number of columns: a network reads all of them with the same weight."""
DETERMINED = 0.1
"""Error of geometries that are predicted from the other conditions, relative to their variation, up
to which these conditions are taken to determine them. The columns would then say nothing new: on a
struck plate, whose hole is in the table, sixteen of them made the error 12 % larger."""
OTHER_GEOMETRY = 0.5
"""Difference of a mesh from the geometry that its conditions determine, relative to the variation,
from which on it is another geometry."""
_TIME = np.zeros(1)


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """Modes of the geometries of the training runs, and their regression on the conditions.

    Attributes
    ----------
    common
        Mesh that all runs share, and the way of sharing it.
    modes
        Shape modes.
    names
        Names of the columns with the coefficients of the leading modes; none where the other
        conditions determine the geometry.
    table
        Scaling of the conditions other than these columns, which a user gives of a design.
    processes
        Gaussian processes from these conditions to the coefficients of all modes; None where there
        are no such conditions, or too few runs.
    size
        Root mean square over the training runs of the norm of their coefficients.
    """

    common: CommonMesh
    modes: ShapeModes
    names: tuple[str, ...]
    table: ConditionScaler
    processes: PodGaussianProcesses | None
    size: float

    @classmethod
    def fit(cls, dataset: Dataset, rows: Sequence[int]) -> Self:
        """Return the shape model of the training runs ``rows``.

        Raises UserError where their geometries are all the same.
        """
        shapes = dataset.shapes
        assert shapes is not None, "only runs with meshes of their own have shapes"
        modes = ShapeModes.fit(shapes, rows)
        coefficients = np.stack([modes.encode(shapes.shape(row)) for row in rows])
        energies = np.square(coefficients).sum(axis=0)
        remaining = np.cumsum(energies[::-1])[::-1]
        needed = int(np.count_nonzero(remaining > COLUMN_TOLERANCE**2 * remaining[0]))
        columns = max(1, min(needed, MOST_COLUMNS))
        known = dataset.conditions.select(rows)
        names = tuple(f"shape {number}" for number in range(1, columns + 1))
        if taken := sorted(set(names) & set(known.names)):
            raise UserError(
                f"parameter {taken[0]!r}: that is the name of a coefficient of the geometry: "
                "rename the column"
            )
        scaler = ConditionScaler.fit(known)
        size = float(np.sqrt(energies.sum() / len(rows)))
        if not known.names and known.images is None:
            return cls(shapes.common, modes, names, scaler, None, size)
        processes = PodGaussianProcesses.fit(
            known, scaler, coefficients[:, None].astype(np.float32), _TIME
        )
        if processes is not None and _left_out_error(processes) < DETERMINED:
            names = ()
        return cls(shapes.common, modes, names, scaler, processes, size)

    @cached_property
    def distances(self) -> DistanceImages | None:
        """Images of geometries as functions of their columns.

        None where there are no columns, or geometries are displacements of nodes.
        """
        if not self.names:
            return None
        leading = self.modes.basis[:, : len(self.names)]
        shapes = np.column_stack([self.modes.mean.ravel(), leading])
        images = self.common.images(shapes.reshape(*self.modes.mean.shape, -1))
        return None if images is None else DistanceImages(images[0], images[1:])

    def of_geometry(self, placement: Placement) -> NDArray[np.float64]:
        """Return the coefficients `[k]` of a geometry."""
        return self.modes.encode(placement.shape)

    def predicted(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return the coefficients `[n, k]` of the geometries that designs are expected to have.

        Raises UserError where nothing but the geometry describes a design.
        """
        if self.processes is None:
            raise UserError(
                "the geometry of a design does not follow from its parameters: give its mesh "
                "(--meshes)"
            )
        return self.processes.predict(conditions, _TIME)[:, 0].astype(np.float64)

    def warnings(self, conditions: Conditions, coefficients: NDArray[np.float64]) -> list[str]:
        """Return a line for each design whose mesh is not the geometry of its conditions.

        Where these determine the geometry, the prediction follows them. ``coefficients`` `[n, k]`
        are those of the meshes.
        """
        if self.names:
            return []
        apart = np.linalg.norm(coefficients - self.predicted(conditions), axis=1) / self.size
        return [
            f"run {conditions.ids[row]!r}: its mesh is not the geometry that goes with its "
            f"parameters, by {percent(apart[row], digits=2)} of what geometries vary: the fields "
            "are those that go with the parameters"
            for row in np.flatnonzero(apart > OTHER_GEOMETRY)
        ]

    def __str__(self) -> str:
        if self.names:
            return (
                f"the geometry of a design is described by {count(len(self.names), 'coefficient')} "
                f"of {count(self.modes.count, 'shape mode')}, beside its other conditions"
            )
        return (
            "the geometry of a design follows from its other conditions, so that it is no "
            "condition of its own"
        )

    def placement(self, coefficients: NDArray[np.float64]) -> Placement:
        """Return the placement of the geometry with coefficients `[k]`."""
        return self.common.placed(self.modes.decode(coefficients))

    def described(self, conditions: Conditions, coefficients: NDArray[np.float64]) -> Conditions:
        """Return conditions of n designs with the columns of coefficients `[n, k]`."""
        columns = coefficients[:, : len(self.names)]
        return replace(
            conditions,
            names=(*conditions.names, *self.names),
            table=np.concatenate([conditions.table, columns], axis=1),
            levels=(*conditions.levels, *((),) * len(self.names)),
            units=(*conditions.units, *("",) * len(self.names)),
        )

    def of_conditions(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return the coefficients `[n, k]` of the geometries of designs as the networks see them.

        The leading ones are columns, where these describe a geometry. The others are those that the
        other conditions make likely; without such conditions they are 0, as in the mean shape.
        """
        columns = len(self.names)
        found = np.zeros((len(conditions), self.modes.count))
        if self.processes is not None:
            found = self.predicted(_without_last(conditions, columns))
        if columns:
            found[:, :columns] = conditions.table[:, -columns:]
        return found

    def complete(self, conditions: Conditions) -> Conditions:
        """Return conditions with the columns of shapes, predicted where they are missing."""
        if not self.names or conditions.names[-len(self.names) :] == self.names:
            return conditions
        return self.described(conditions, self.predicted(conditions))

    def seen(self, dataset: Dataset) -> Dataset:
        """Return a dataset as networks see it: with the columns of shapes in its conditions."""
        shapes = dataset.shapes
        assert shapes is not None, "only runs with meshes of their own have shapes"
        runs = range(len(dataset.ids))
        coefficients = np.stack([self.modes.encode(shapes.shape(run)) for run in runs])
        conditions = self.described(dataset.conditions, coefficients)
        return replace(dataset, conditions=conditions, distances=self.distances)

    def description(self) -> ShapeDescription:
        """Return what a model file says besides :meth:`arrays`."""
        return ShapeDescription(
            geometry=self.common.to_record(), names=self.names, table=self.table, size=self.size
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that a model file holds."""
        arrays: dict[str, NDArray[Any]] = {
            f"modes.{name}": array for name, array in self.modes.arrays().items()
        }
        if self.processes is not None:
            found = self.processes.arrays()
            arrays |= {f"processes.{name}": array for name, array in found.items()}
        return arrays

    @classmethod
    def restore(
        cls, arrays: dict[str, NDArray[Any]], description: ShapeDescription, mesh: Mesh
    ) -> Self:
        """Restore a model on the whole mesh ``mesh``, the inverse of :meth:`arrays`.

        Raises LookupError, TypeError or ValueError where the arrays do not fit.
        """
        groups: dict[str, dict[str, NDArray[Any]]] = {"modes": {}, "processes": {}}
        for name, array in arrays.items():
            group, _, key = name.partition(".")
            groups[group][key] = array
        common = restore_common_mesh(description.geometry, mesh)
        modes = ShapeModes.restore(groups["modes"], common.nodes, common.shape_width)
        if len(description.names) > modes.count:
            raise ValueError(f"{len(description.names)} columns of {modes.count} shape modes")
        processes = None
        if groups["processes"]:
            processes = PodGaussianProcesses.restore(groups["processes"], description.table, _TIME)
            if processes.leading.trajectory != (1, modes.count):
                raise ValueError("the regression of shapes has other modes than the shapes")
        if not (description.names or description.table.names or description.table.images):
            raise ValueError("a design has neither a geometry nor other conditions")
        return cls(common, modes, description.names, description.table, processes, description.size)


def _without_last(conditions: Conditions, columns: int) -> Conditions:
    """Return conditions without the last columns of their table."""
    kept = len(conditions.names) - columns
    return replace(
        conditions,
        names=conditions.names[:kept],
        table=conditions.table[:, :kept],
        levels=conditions.levels[:kept],
        units=conditions.units[:kept],
    )


def with_shapes(dataset: Dataset, split: Split) -> tuple[Dataset, ShapeModel | None]:
    """Return a dataset with the conditions that networks see, and the shape model behind them.

    The dataset is returned as it is where all runs have one mesh.
    """
    if dataset.shapes is None:
        return dataset, None
    model = ShapeModel.fit(dataset, split.rows(dataset.ids)["train"].tolist())
    return model.seen(dataset), model


def _left_out_error(processes: PodGaussianProcesses) -> float:
    """Return the error of runs that the processes predict from all others, relative to all."""
    rows, errors, _ = processes.leading.leave_one_out()
    amplitudes = processes.leading.training_amplitudes[rows]
    return float(np.sqrt(np.square(errors).sum() / np.square(amplitudes).sum()))
