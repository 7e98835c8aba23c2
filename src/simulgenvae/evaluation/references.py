"""Simple methods that every surrogate is compared with, all fitted on the same training runs.

A reference maps conditions ``x [m, P]`` (transformed by the ``ConditionScaler``: log-scaled where all positive and
spanning more than a decade, then standardised) to coefficients ``[m, T, r]`` of the reduction, which ``decode`` turns
into fields. Each of them answers with a linear combination of the training runs, so it is described by its weights
alone and no second copy of the coefficients is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Conditions = NDArray[np.float64]
Coefficients = NDArray[np.float32]


class Reference(ABC):
    """One method of comparison: ``fit`` on the training runs, then ``predict``."""

    name: ClassVar[str]
    """Key in ``metrics.json``."""

    def fit(self, x: Conditions, coefficients: Coefficients) -> None:
        """Learn from n ≥ 1 training runs: ``x [n, P]`` and ``coefficients [n, T, r]``, which are kept, not copied."""
        if coefficients.ndim != 3 or x.ndim != 2 or len(x) != len(coefficients) or not len(x):
            raise ValueError(f"expected x [n, P] and coefficients [n, T, r], got {x.shape} and {coefficients.shape}")
        self._coefficients = coefficients
        self._learn(x, coefficients.reshape(len(x), -1))

    def predict(self, x: Conditions) -> Coefficients:
        """Coefficients ``[m, T, r]`` for conditions ``x [m, P]``."""
        runs, timesteps, rank = self._coefficients.shape
        weights = self.weights(x).astype(np.float32)
        flat: Coefficients = weights @ self._coefficients.reshape(runs, -1)
        return flat.reshape(len(x), timesteps, rank)

    @abstractmethod
    def weights(self, x: Conditions) -> NDArray[np.float64]:
        """Share of each training run in the answer, ``[m, n]``."""

    def describe(self) -> dict[str, Any]:
        """What was chosen while fitting, for the report."""
        return {}

    @abstractmethod
    def _learn(self, x: Conditions, flat: Coefficients) -> None:
        """Prepare ``weights`` from ``x [n, P]`` and ``flat [n, T·r]``."""


class MeanRun(Reference):
    """The mean of the training runs, whatever the condition."""

    name = "mean_run"

    def _learn(self, x: Conditions, flat: Coefficients) -> None:
        self._runs = len(x)

    def weights(self, x: Conditions) -> NDArray[np.float64]:
        return np.full((len(x), self._runs), 1.0 / self._runs)


class NearestRun(Reference):
    """The training run whose standardised condition is nearest in the Euclidean sense (the first of equals)."""

    name = "nearest_run"

    def _learn(self, x: Conditions, flat: Coefficients) -> None:
        self._x = x

    def weights(self, x: Conditions) -> NDArray[np.float64]:
        squared_distance = np.square(x[:, None, :] - self._x[None, :, :]).sum(axis=-1)
        one_hot: NDArray[np.float64] = np.eye(len(self._x))[squared_distance.argmin(axis=1)]
        return one_hot
