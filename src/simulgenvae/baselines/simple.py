"""Simple methods that every surrogate is compared with, all fitted on the same training runs.

A reference maps what is known of designs to coefficients ``[m, T, r]`` of the reduction, which
``decode`` turns into fields. Known are ``x [m, P + C]`` as ``image_features.Features`` makes them:
parameters, log-scaled where all positive and spanning more than a decade, then standardised; and
principal components of pictures, where there are any. Each reference answers with a linear
combination of the training runs, so it is described by its weights alone and no second copy of the
coefficients is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Inputs = NDArray[np.float64]
Coefficients = NDArray[np.float32]


class Baseline(ABC):
    """One method of comparison: ``fit`` on the training runs, then ``predict``."""

    name: ClassVar[str]
    """Key in ``metrics.json``."""

    def fit(self, x: Inputs, coefficients: Coefficients, components: int = 0) -> None:
        """Learn from n ≥ 1 training runs: ``x [n, P + C]`` and ``coefficients [n, T, r]``, which
        are kept, not copied.

        ``components`` says how many of the last columns, C, are principal components of pictures.
        """
        if coefficients.ndim != 3 or x.ndim != 2 or len(x) != len(coefficients) or not len(x):
            raise ValueError(
                f"expected x [n, P + C] and coefficients [n, T, r], got {x.shape} and "
                f"{coefficients.shape}"
            )
        self._coefficients = coefficients
        self._learn(x, coefficients.reshape(len(x), -1), components)

    def predict(self, x: Inputs) -> Coefficients:
        """Coefficients ``[m, T, r]`` for designs ``x [m, P + C]``."""
        runs, timesteps, rank = self._coefficients.shape
        weights = self.weights(x).astype(np.float32)
        flat: Coefficients = weights @ self._coefficients.reshape(runs, -1)
        return flat.reshape(len(x), timesteps, rank)

    @abstractmethod
    def weights(self, x: Inputs) -> NDArray[np.float64]:
        """Share of each training run in the answer, ``[m, n]``."""

    def describe(self) -> dict[str, Any]:
        """What was chosen while fitting, for the report."""
        return {}

    @abstractmethod
    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        """Prepare ``weights`` from ``x [n, P + C]`` and ``flat [n, T·r]``."""


class MeanRun(Baseline):
    """The mean of the training runs, whatever the condition."""

    name = "mean_run"

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._runs = len(x)

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        return np.full((len(x), self._runs), 1.0 / self._runs)


class NearestRun(Baseline):
    """The training run whose design is nearest in the Euclidean sense (the first of equals).

    Squared distances of standardised parameters and of pictures add up; those of pictures are the
    pixels' in units of their first principal component's standard deviation.
    """

    name = "nearest_run"

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._x = x

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        one_hot: NDArray[np.float64] = np.eye(len(self._x))[
            cdist(x, self._x, "sqeuclidean").argmin(axis=1)
        ]
        return one_hot
