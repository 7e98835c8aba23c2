"""Root mean square error of a variable over all nodes and times, in its unit.

Tested in tests/evaluation/metrics/test_field_errors.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.metrics.base import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.evaluation.metrics.run_errors import RunErrors


def of_run(errors: RunErrors) -> NDArray[np.float64]:
    """Return the root mean square error of each variable, ``[V]``."""
    timesteps, nodes, _ = errors.truth.shape
    rmse: NDArray[np.float64] = np.sqrt(errors.squared_error.sum(axis=0) / (timesteps * nodes))
    return rmse


RMSE = Metric(name="rmse", title="RMSE", of_run=of_run, in_summary=False)
