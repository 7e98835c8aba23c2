"""Relative error of a variable: ``‖prediction − truth‖ / ‖truth‖`` on the raw field.

Tested in tests/evaluation/metrics/test_field_errors.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.metrics.base import Metric
from simulgenvae.evaluation.metrics.run_errors import RunErrors, ratio
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray


def of_run(errors: RunErrors) -> NDArray[np.float64]:
    """Return the error of each variable as a fraction, ``[V]``."""
    error_norm = np.sqrt(errors.squared_error.sum(axis=0))
    return ratio(error_norm, np.sqrt(errors.squared_truth.sum(axis=0)))


RELATIVE_L2 = Metric(
    name="relative_l2", title="Relative L2", of_run=of_run, text=percent, in_summary=False
)
