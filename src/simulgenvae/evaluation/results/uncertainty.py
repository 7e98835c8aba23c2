"""Measures of the predicted uncertainty on runs that the networks have not learned from.

Tested in tests/evaluation/analyses/test_uncertainty.py.
"""

from __future__ import annotations

from simulgenvae.evaluation.results.base import Number, Numbers, Record
from simulgenvae.surrogate.ensemble.interval_text import interval_label, interval_warning
from simulgenvae.utils.formatting import sentence


class RunUncertainty(Record):
    """Predicted uncertainty of one run and its true error, in units of the variables' spread."""

    coverage: float
    """Fraction of the values inside their interval."""
    std: float
    """Root mean square of the predicted standard deviations."""
    rmse: float
    """Root mean square error."""
    novelty: Number
    expected_error: Number
    relative_l2: Number
    """Joint relative error of the prediction."""


class SplitUncertainty(Record):
    """Predicted uncertainty of the runs of one split."""

    runs: int
    coverage: float
    """Fraction of all values inside their interval."""
    coverage_of_runs: Numbers
    """Minimum, quartiles and maximum of the coverage over the runs."""
    interval_width: float
    """Mean width of the intervals, in units of the variables' spread."""
    interval_width_to_rmse: Number
    sd_ratio: Number
    """Root mean square of the standard deviations over that of the errors: 1 is right."""
    rank_correlation_with_error: Number
    """Spearman's correlation over runs of the standard deviation and the error."""
    pit: Numbers
    """Histogram of the probability integral transforms; it sums to 1."""
    rank_correlation_of_novelty_with_error: Number
    rank_correlation_of_expected_error_with_error: Number
    per_run: dict[str, RunUncertainty]

    def score_correlation(self, score: str) -> float | None:
        """Return the rank correlation of a score of designs with their errors."""
        found: float | None = getattr(self, f"rank_correlation_of_{score}_with_error")
        return found


class Uncertainty(Record):
    """Predicted uncertainty of the validation and the test runs."""

    level: float
    """Fraction of the values that intervals are meant to hold."""
    calibration_runs: int
    left_out_coverage: tuple[float, ...]
    """Coverage of each calibration run by the interval of the others; empty if there were enough
    runs."""
    splits: dict[str, SplitUncertainty]

    def coverage(self, split: str) -> float | None:
        """Return the fraction of values inside their interval; None if it was not measured."""
        return self.splits[split].coverage if split in self.splits else None

    @property
    def interval(self) -> str:
        """Name of the interval, with what is known of its coverage."""
        return interval_label(self.calibration_runs)

    @property
    def warning(self) -> str | None:
        """Sentence about an interval of few or no runs; None if there were enough."""
        warning = interval_warning(self.calibration_runs, self.left_out_coverage)
        return None if warning is None else sentence(warning)
