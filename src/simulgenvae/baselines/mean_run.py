"""The baseline that ignores the conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.base import Baseline, BaselineSpec, Coefficients, Inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MeanRun(Baseline):
    """The mean of the training runs, whatever the conditions."""

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._runs = len(x)

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        """Return equal weights, ``[m, n]``."""
        return np.full((len(x), self._runs), 1.0 / self._runs)


MEAN_RUN = BaselineSpec(
    name="mean_run",
    baseline=MeanRun,
    title="Mean run",
    color="#999999",
    description="The mean of all training runs, whatever the conditions.",
)
