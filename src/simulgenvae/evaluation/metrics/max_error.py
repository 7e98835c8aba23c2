"""Largest absolute error of a variable at any node and time, in its unit.

Tested in tests/evaluation/metrics/test_field_errors.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.metrics.base import Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.evaluation.metrics.run_errors import RunErrors


def of_run(errors: RunErrors) -> NDArray[np.float64]:
    """Return the largest absolute error of each variable, ``[V]``."""
    largest: NDArray[np.float64] = errors.largest.max(axis=0)
    return largest


MAX_ERROR = Metric(
    name="max_error", title="Max error", of_run=of_run, shown="max", in_summary=False
)
