"""The baseline that looks up the most similar training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.base import Baseline, BaselineSpec, Coefficients, Inputs
from simulgenvae.baselines.distances import pair_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NearestRun(Baseline):
    """The training run whose features are nearest in the Euclidean sense (the first of equals).

    Squared distances of standardised parameters and of images add up. Distances of images are those
    of their pixels, in units of the standard deviation of the first principal component.
    """

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._x = x

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        """Return 1 for the nearest training run and 0 for the others, ``[m, n]``."""
        # argmin returns the first of equal distances.
        nearest = pair_distances(x, self._x, "sqeuclidean").argmin(axis=1)
        one_hot = np.zeros((len(x), len(self._x)))
        one_hot[np.arange(len(x)), nearest] = 1.0
        return one_hot


NEAREST_RUN = BaselineSpec(
    name="nearest_run",
    baseline=NearestRun,
    title="Nearest run",
    color="#CC79A7",
    description="The training run whose conditions are most similar.",
    title_for_images="Nearest run, by pixels",
    title_for_both="Nearest run, by pixels and parameters",
)
