"""Descriptor of a metric, and the registry of all of them.

The registry is filled by the package's ``__init__``, or by a caller, through :func:`register`.
Tested in tests/evaluation/test_metric_registry.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from simulgenvae.utils.formatting import number

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.evaluation.metrics.run_errors import RunErrors
    from simulgenvae.evaluation.results.base import OverRuns


@dataclass(frozen=True)
class Metric:
    """Descriptor of a metric: one number per run and variable, and how tables show it."""

    name: str
    """Key in ``metrics.json``."""
    title: str
    """Head of its column in tables."""
    of_run: Callable[[RunErrors], NDArray[np.float64]]
    """Function from the errors of a run to one value per variable, ``[V]``."""
    text: Callable[[float | None], str] = number
    """Function that writes a value for people, such as ``percent``."""
    shown: Literal["mean", "median", "max"] = "mean"
    """Statistic over the runs that tables show."""
    in_summary: bool = True
    """True if the summary on the terminal has a line for it."""

    def cell(self, over_runs: OverRuns) -> str:
        """Return the text of a table's cell."""
        value: float | None = getattr(over_runs, self.shown)
        return self.text(value)


METRICS: dict[str, Metric] = {}
"""Every metric by its name, in the order of tables."""


def register(*metrics: Metric) -> None:
    """Add metrics to the registry, from this package or from outside.

    Raises
    ------
    ValueError
        When a metric of another kind has the name already.
    """
    for metric in metrics:
        # Registering the same metric twice is fine: a module may be loaded again.
        if METRICS.get(metric.name, metric) != metric:
            raise ValueError(f"there is a metric {metric.name!r} already")
        METRICS[metric.name] = metric
