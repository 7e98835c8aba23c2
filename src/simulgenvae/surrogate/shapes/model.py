"""Shape model: from a geometry to further columns of the table of conditions, and back.

Tested in tests/surrogate/shapes/test_model.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.errors import UserError
from simulgenvae.geometry.distance_modes import DistanceModes
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.shapes.modes import ShapeModes
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.geometry import CommonMesh, Placement

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
ONE_TIME = np.zeros(1)
"""Time of geometries, which do not change."""


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
            known, scaler, coefficients[:, None].astype(np.float32), ONE_TIME
        )
        if processes is not None and _left_out_error(processes) < DETERMINED:
            names = ()
        return cls(shapes.common, modes, names, scaler, processes, size)

    @cached_property
    def distances(self) -> DistanceModes | None:
        """Images of geometries as functions of their columns.

        None where there are no columns, or geometries are displacements of nodes.
        """
        if not self.names:
            return None
        leading = self.modes.basis[:, : len(self.names)]
        shapes = np.column_stack([self.modes.mean.ravel(), leading])
        images = self.common.images(shapes.reshape(*self.modes.mean.shape, -1))
        return None if images is None else DistanceModes(images[0], images[1:])

    def given(
        self, conditions: Conditions, shapes: Iterable[NDArray[np.floating]]
    ) -> tuple[Conditions, NDArray[np.float64]]:
        """Return the conditions of n designs as the networks see them, and their coefficients.

        Parameters
        ----------
        conditions
            What is given of the designs besides their geometry.
        shapes
            Geometry of each design, `[M, S]`.

        Returns
        -------
        conditions
            With the columns of the geometries, and their images where there are any.
        coefficients
            Coefficients of the geometries, `[n, k]`.
        """
        coefficients, images = [], []
        for shape in shapes:
            coefficients.append(self.modes.encode(shape))
            if self.distances is not None:
                image = self.common.images(shape[..., None])
                assert image is not None, "modes have images where shapes have"
                images.append(image[0].clip(-1.0, 1.0).astype(np.float16))
        found = np.stack(coefficients)
        seen = self.described(conditions, found)
        if self.distances is None:
            return seen, found
        # A hole where no training run has one is in none of the modes, and the image shows it.
        return replace(seen, distances=np.stack(images)), found

    def predicted(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return the coefficients `[n, k]` of the geometries that designs are expected to have.

        Raises UserError where nothing but the geometry describes a design.
        """
        if self.processes is None:
            raise UserError(
                "the geometry of a design does not follow from its parameters: give its mesh "
                "(--meshes)"
            )
        return self.processes.predict(conditions, ONE_TIME)[:, 0].astype(np.float64)

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
        conditions, _ = self.given(dataset.conditions, map(shapes.shape, range(len(dataset.ids))))
        return replace(dataset, conditions=conditions, distances=self.distances)


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
