"""Errors of predicted coefficients at the nodes of the runs' own meshes.

Tested in tests/cli/test_own_meshes.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.geometry.common_mesh import on_own_mesh
from simulgenvae.utils.merged_moments import MergedMoments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction import Reduction


class OwnMeshMeasure:
    """Mean joint relative error of predicted coefficients on runs with meshes of their own.

    It is that of the report: errors, and the distances of the truth from the mean, count in units
    of the standard deviation of each variable over the training runs.

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
        moments = MergedMoments()
        for row in training:
            moments.add(dataset.own_run(int(row)).reshape(-1, dataset.shape[-1]))
        self._mean = moments.mean
        self._spread = np.where(moments.deviation > 0, moments.deviation, 1.0)
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
            truth = self._dataset.own_run(row).astype(np.float64)
            found = on_own_mesh(self._reduction.decode(coefficients), placement)
            norm = np.linalg.norm((truth - self._mean) / self._spread)
            if norm > 0:
                errors.append(np.linalg.norm((found - truth) / self._spread) / norm)
        return float(np.mean(errors)) if errors else float("nan")
