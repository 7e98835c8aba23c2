"""Errors of predicted coefficients at the nodes of the runs' own meshes.

Tested in tests/cli/test_own_meshes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.geometry.common_mesh import on_own_mesh
from simulgenvae.utils.merged_moments import MergedMoments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction import Reduction


@dataclass(frozen=True, eq=False)
class OwnMeshScale:
    """Mean and standard deviation of the variables of training runs on their own meshes, `[V]`."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def of(cls, dataset: Dataset, rows: NDArray[np.intp]) -> Self:
        """Return those of the training runs ``rows``, which are read one by one."""
        moments = MergedMoments()
        for row in rows:
            moments.add(dataset.own_run(int(row)).reshape(-1, dataset.shape[-1]))
        return cls(moments.mean, np.where(moments.deviation > 0, moments.deviation, 1.0))

    def error(self, found: NDArray[np.floating], truth: NDArray[np.floating]) -> float | None:
        """Return the joint relative error of fields `[T, m, V]`; None where the truth is uniform.

        Errors, and the distances of the truth from the mean, count in units of the standard
        deviation of each variable, as in the report.
        """
        exact = truth.astype(np.float64)
        norm = np.linalg.norm((exact - self.mean) / self.spread)
        return float(np.linalg.norm((found - exact) / self.spread) / norm) if norm > 0 else None


class OwnMeshMeasure:
    """Mean joint relative error of predicted coefficients on runs with meshes of their own.

    Parameters
    ----------
    reduction
        Map from coefficients to fields on the common mesh.
    dataset
        The runs.
    training, rows
        Rows of the training runs, and of those whose errors are measured.
    """

    def __init__(
        self,
        reduction: Reduction,
        dataset: Dataset,
        training: NDArray[np.intp],
        rows: NDArray[np.intp],
    ) -> None:
        assert dataset.shapes is not None, "the runs have meshes of their own"
        self._scale = OwnMeshScale.of(dataset, training)
        self._reduction = reduction
        self._dataset = dataset
        self._rows = rows.tolist()
        # Finding where nodes are takes longer than all that is asked of it afterwards.
        self._placements = [dataset.shapes.placement(row) for row in self._rows]

    def error(self, predicted: NDArray[np.float32]) -> float:
        """Return the error of predicted coefficients, ``[n, T, r]``."""
        errors = []
        for row, placement, coefficients in zip(
            self._rows, self._placements, predicted, strict=True
        ):
            found = on_own_mesh(self._reduction.decode(coefficients), placement)
            error = self._scale.error(found, self._dataset.own_run(row))
            errors += [] if error is None else [error]
        return float(np.mean(errors)) if errors else float("nan")
