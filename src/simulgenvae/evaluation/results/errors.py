"""Errors of one method on the runs of one split.

Tested in tests/evaluation/results/test_result.py.
"""

from __future__ import annotations

from simulgenvae.evaluation.results.base import Number, Numbers, OverRuns, Record


class VariableErrors(Record):
    """Errors of one variable, in its unit where they have one."""

    metrics: dict[str, OverRuns]
    """Every metric of :data:`simulgenvae.evaluation.metrics.METRICS`, by its name."""
    r2: Number
    """One minus squared error over squared deviation of the truth from its mean, over all values
    of the split; None where the truth never varies."""

    @property
    def relative_l2(self) -> OverRuns:
        """Error of a run relative to the norm of its truth, on the raw field."""
        return self.metrics["relative_l2"]

    @property
    def rmse(self) -> OverRuns:
        """Root mean square error of a run."""
        return self.metrics["rmse"]

    @property
    def max_error(self) -> OverRuns:
        """Largest absolute error of a run at any node and time."""
        return self.metrics["max_error"]


class ErrorsOverTime(Record):
    """Errors at each of the T timesteps."""

    relative_l2: Numbers
    """Mean over runs of ``‖error at t‖ √T / ‖truth‖``, joint over the variables. The error of a
    run is the root mean square of this over time, and a field that is zero at first causes no
    division by zero."""
    rmse: dict[str, Numbers]
    """Root mean square error over runs and nodes, by variable."""
    max_error: dict[str, Numbers]
    """Largest absolute error over runs and nodes, by variable."""


class SplitErrors(Record):
    """Errors of one method on all runs of one split."""

    runs: int
    relative_l2: OverRuns
    """Joint over all variables, each shifted and scaled by the training runs' mean and standard
    deviation."""
    variables: dict[str, VariableErrors]
    times: ErrorsOverTime
    per_run: dict[str, Number]
    """Joint relative error of each run, by its id."""


class StageErrors(Record):
    """Joint relative error after one training stage."""

    measure: str
    """Text that says which error it is: that of the reconstruction, or of the prediction."""
    splits: dict[str, OverRuns]
