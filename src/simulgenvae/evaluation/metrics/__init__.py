"""Errors of predicted fields, run by run, and the metrics of single variables.

The relative error of a run is ``‖prediction − truth‖ / ‖truth‖`` over its whole trajectory: per
variable on the raw field, and *joint* over all variables after each is shifted and scaled by the
scalar mean and standard deviation that it has in the training runs.

Where a ratio has no meaning, the definitions are: a run whose (shifted) truth is zero everywhere
has the relative error 0 if the prediction equals it and infinity otherwise; a run with an infinite
or undefined error is left out of mean, median and maximum and counted as ``undefined_runs``.

A new metric is a file with a function and its :class:`Metric`, and one line in the call of
:func:`register` below. It then appears in ``metrics.json``, the summary and the report. A program
that uses this package may call :func:`register` itself.

Tested in tests/evaluation/test_metric_registry.py.
"""

from simulgenvae.evaluation.metrics.base import METRICS, Metric, register
from simulgenvae.evaluation.metrics.field_errors import FieldErrors, relative_l2
from simulgenvae.evaluation.metrics.max_error import MAX_ERROR
from simulgenvae.evaluation.metrics.peaks import PEAK_PLACE, PEAK_TIME, PEAK_VALUE, FieldAxes
from simulgenvae.evaluation.metrics.relative_error import RELATIVE_L2
from simulgenvae.evaluation.metrics.rmse import RMSE
from simulgenvae.evaluation.metrics.run_errors import Run, RunErrors
from simulgenvae.evaluation.metrics.scale import VariableScale

__all__ = [
    "METRICS",
    "FieldAxes",
    "FieldErrors",
    "Metric",
    "Run",
    "RunErrors",
    "VariableScale",
    "register",
    "relative_l2",
]

# The order of columns in tables.
register(RELATIVE_L2, RMSE, MAX_ERROR, PEAK_VALUE, PEAK_PLACE, PEAK_TIME)
