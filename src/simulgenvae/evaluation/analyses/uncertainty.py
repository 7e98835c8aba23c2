"""Test of standard deviations and intervals: coverage, width, ratio to the true error, PIT.

It also says whether the scores of a design, its novelty and its expected error, warn of large
errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from simulgenvae.evaluation.results.uncertainty import (
    RunUncertainty,
    SplitUncertainty,
    Uncertainty,
)
from simulgenvae.surrogate.ensemble import Calibration, Ensemble
from simulgenvae.surrogate.ensemble.calibration import LEVEL
from simulgenvae.surrogate.labelled_arrays import SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.evaluation.metrics import VariableScale
    from simulgenvae.evaluation.results.base import Number

BINS = 20
"""Number of bins of the histogram of probability integral transforms."""
SAMPLES = 16
"""Latents that are sampled for the uncertainty, where there is a single network."""
UNSEEN = ("validation", "test")
"""Splits whose uncertainty is measured; it is calibrated on the first."""


@dataclass(frozen=True)
class _RunSums:
    """Uncertainty of one run, in units of the variables' spread."""

    coverage: float
    width: float
    """Mean width of the intervals."""
    variance: float
    """Mean square of the predicted standard deviations."""
    squared_error: float
    """Mean square of the errors."""
    scores: dict[str, float | None]


class UncertaintyErrors:
    """Comparison of predicted uncertainty with the errors of runs.

    Every variable counts in units of its spread. The probability integral transform of a value is
    the predicted normal distribution's probability of what lies below it: uniform where the
    distribution is right, U-shaped where it is too narrow (Gneiting, Balabdaoui & Raftery 2007).

    Parameters
    ----------
    scale
        Mean and spread of the variables in the training runs.
    """

    def __init__(self, scale: VariableScale) -> None:
        self._scale = scale
        self._runs: list[_RunSums] = []
        self._counts = np.zeros(BINS)

    def add(
        self,
        prediction: xr.Dataset,
        run: int,
        truth: NDArray[np.floating[Any]],
        own: Callable[[NDArray[Any]], NDArray[Any]] = lambda fields: fields,
    ) -> None:
        """Count run number ``run`` of a prediction with samples; its truth is ``[T, m, V]``.

        ``own`` brings predicted fields to the nodes of the truth.
        """
        fields, std, lower, upper = (
            own(prediction[name].values[run]).astype(np.float64)
            for name in ("fields", "std", "lower", "upper")
        )
        # Data may lack values, such as nodes that exist in some runs only.
        known = np.isfinite(truth)
        error = (truth - fields) / self._scale.spread
        spread = std / self._scale.spread
        # Intervals are tested in physical units as they are predicted; only widths and errors are
        # scaled.
        covered = (truth >= lower) & (truth <= upper)
        scores = {}
        for name in SCORES:
            scores[name] = float(prediction[name].values[run]) if name in prediction else None
        self._runs.append(
            _RunSums(
                coverage=float(covered[known].mean()),
                width=float(((upper - lower) / self._scale.spread)[known].mean()),
                variance=float(np.square(spread[known]).mean()),
                squared_error=float(np.square(error[known]).mean()),
                scores=scores,
            )
        )
        # A standard deviation of 0 would make 0/0 of an exact value; the least positive number
        # makes it the middle of its distribution.
        at_least = np.maximum(std[known], np.finfo(np.float32).tiny)
        # PIT: Φ((y − μ) / σ) of each value y.
        below = ndtr((truth - fields)[known] / at_least)
        # Each run counts once, however many of its values are known.
        self._counts += np.histogram(below, BINS, (0.0, 1.0))[0] / known.sum()

    def merge(self, other: UncertaintyErrors) -> None:
        """Count the runs that ``other`` has counted, after the own ones."""
        self._runs += other._runs
        self._counts += other._counts

    def summary(self, ids: Sequence[str], errors: Mapping[str, Number]) -> SplitUncertainty:
        """Return the uncertainty of all runs.

        Parameters
        ----------
        ids
            Ids of the runs, in the order in which they were added.
        errors
            Joint relative error of the prediction of each run, by its id.

        Raises
        ------
        ValueError
            When there are no runs, or not one id for each.
        """
        if not self._runs:
            raise ValueError("there are no runs")
        # Values within one run err together. So the spread over runs says more than the mean: an
        # interval can hold 90 % on average and miss half the values of one run.
        coverage = np.array([run.coverage for run in self._runs])
        width = float(np.array([run.width for run in self._runs]).mean())
        variance = np.array([run.variance for run in self._runs])
        squared = np.array([run.squared_error for run in self._runs])
        # Squares are averaged before the root: the ratio below compares two standard deviations
        # over all values, which is 1 for honest uncertainty.
        error = float(np.sqrt(squared.mean()))
        per_run = self._per_run(ids, errors)
        return SplitUncertainty(
            runs=len(coverage),
            coverage=float(coverage.mean()),
            coverage_of_runs=tuple(np.quantile(coverage, [0.0, 0.25, 0.5, 0.75, 1.0]).tolist()),
            interval_width=width,
            interval_width_to_rmse=width / error if error > 0 else None,
            sd_ratio=float(np.sqrt(variance.mean())) / error if error > 0 else None,
            rank_correlation_with_error=rank_correlation(np.sqrt(variance), np.sqrt(squared)),
            pit=tuple((self._counts / self._counts.sum()).tolist()),
            rank_correlation_of_novelty_with_error=_correlation_with_error(
                (run.novelty, run.relative_l2) for run in per_run.values()
            ),
            rank_correlation_of_expected_error_with_error=_correlation_with_error(
                (run.expected_error, run.relative_l2) for run in per_run.values()
            ),
            per_run=per_run,
        )

    def _per_run(
        self, ids: Sequence[str], errors: Mapping[str, Number]
    ) -> dict[str, RunUncertainty]:
        found = {}
        for run_id, run in zip(ids, self._runs, strict=True):
            found[run_id] = RunUncertainty(
                coverage=run.coverage,
                std=float(np.sqrt(run.variance)),
                rmse=float(np.sqrt(run.squared_error)),
                novelty=run.scores["novelty"],
                expected_error=run.scores["expected_error"],
                relative_l2=errors[run_id],
            )
        return found


def summarize(
    counted: Mapping[str, UncertaintyErrors],
    ids: Mapping[str, Sequence[str]],
    errors: Mapping[str, Mapping[str, Number]],
    ensemble: Ensemble,
) -> Uncertainty:
    """Return all that was measured of the uncertainty.

    Parameters
    ----------
    counted
        Uncertainty by split.
    ids
        Ids of the runs of each split, in the order in which they were counted.
    errors
        Joint relative error of the prediction, by split and run.
    ensemble
        The ensemble that predicted.
    """
    calibration = ensemble.calibration or Calibration.of_normal()
    return Uncertainty(
        level=LEVEL,
        calibration_runs=calibration.runs,
        left_out_coverage=tuple(calibration.left_out_coverage),
        splits={
            split: found.summary(ids[split], errors[split]) for split, found in counted.items()
        },
    )


def _correlation_with_error(pairs: Iterable[tuple[Number, Number]]) -> float | None:
    """Return the rank correlation of a score with the error, over the runs that have both."""
    known = [pair for pair in pairs if None not in pair]
    scores, errors = np.array(known, np.float64).reshape(-1, 2).T
    return rank_correlation(scores, errors)


def rank_correlation(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]
) -> float | None:
    """Return Spearman's correlation; None for fewer than three values or a constant."""
    # Two points always have the correlation 1 or −1.
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    # SciPy's statistics take a third of a second to import.
    from scipy.stats import spearmanr

    # Ranks, not values: a score shall order designs by their error, on whatever scale.
    return float(spearmanr(first, second).statistic)
