"""Results of quantities of interest: true and predicted values of every run.

Tested in tests/evaluation/analyses/test_quantities.py.
"""

from __future__ import annotations

from pydantic import Field

from simulgenvae.evaluation.results.base import Number, OverRuns, Record


class RunQuantity(Record):
    """A quantity of one run."""

    truth: float
    prediction: float
    std: Number
    """Standard deviation of the error that the surrogate expects."""
    lower: Number
    upper: Number
    time_error: Number = None
    """Predicted minus true time of an extreme, in the unit of the times."""
    place_error: Number = None
    """Distance between predicted and true position of an extreme, in units of the coordinates."""

    @property
    def error(self) -> float:
        """Predicted minus true value."""
        return self.prediction - self.truth

    @property
    def covered(self) -> bool:
        """True if the true value is inside the band."""
        if self.lower is None or self.upper is None:
            return False
        return self.lower <= self.truth <= self.upper


class QuantityAccuracy(Record):
    """A quantity of the runs of one split."""

    name: str
    definition: str
    """Text of the quantity, as ``max(T)``."""
    unit: str
    """Its unit; empty where it is unknown."""
    runs: dict[str, RunQuantity]
    """Values by the id of the run."""
    absolute_error: OverRuns
    relative_error: Number
    """Mean absolute error over the mean size of the true values; None where these are about 0."""
    coverage: float
    """Fraction of the runs whose true value is inside the band."""
    time_error: OverRuns | None
    """Sizes of the runs' ``time_error``; None for a quantity that is no extreme over times."""
    place_error: OverRuns | None
    baselines: dict[str, OverRuns] = Field(default_factory=dict)
    """Absolute errors of the baselines by their names, where they were measured."""

    @property
    def covered(self) -> int:
        """Number of runs whose true value is inside the band."""
        return sum(run.covered for run in self.runs.values())

    @property
    def worst_run(self) -> str:
        """Id of the run with the largest error."""
        return max(self.runs, key=lambda run: abs(self.runs[run].error))


class Quantities(Record):
    """Quantities of interest of the runs of the compared split."""

    declared: bool
    """False if the user has named none, and the usual ones of each variable were measured."""
    calibration_runs: int
    """Validation runs that the bands come from; 0 if they are not calibrated."""
    level: float
    """Fraction of the runs that a band is meant to hold."""
    found: tuple[QuantityAccuracy, ...]
    notes: tuple[str, ...]
