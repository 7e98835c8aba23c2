"""Whether standard deviations and intervals hold: coverage, width, ratio to the true error, and the
PIT histogram; and whether the scores of a design, its novelty and its expected error, warn of large
errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr

from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.surrogate.ensemble import Calibration, Ensemble
from simulgenvae.surrogate.ensemble.calibration import LEVEL
from simulgenvae.surrogate.prediction import SCORES

BINS = 20
"""Of the histogram of probability integral transforms."""
SAMPLES = 16
"""Latents that are drawn for the uncertainty, where there is a single network."""
UNSEEN = ("validation", "test")
"""Splits whose uncertainty is measured; it is calibrated on the first."""


class UncertaintyErrors:
    """Compares predicted uncertainty with the errors of runs; every variable in units of its
    spread.

    The probability integral transform of a value is the predicted normal distribution's probability
    of what lies below it: uniform where the distribution is right, U-shaped where it is too narrow
    (Gneiting, Balabdaoui & Raftery 2007).
    """

    def __init__(self, scale: VariableScale) -> None:
        self._scale = scale
        self._rows: list[tuple[float, float, float, float]] = []
        self._scores: list[dict[str, float | None]] = []
        self._counts = np.zeros(BINS)

    def add(self, prediction: xr.Dataset, run: int, truth: NDArray[np.floating[Any]]) -> None:
        """Run number ``run`` of a prediction with samples, whose true fields are ``truth`` ``[T, M,
        V]``."""
        fields, std, lower, upper = (
            prediction[name].values[run].astype(np.float64)
            for name in ("fields", "std", "lower", "upper")
        )
        known = np.isfinite(truth)
        error, spread = (truth - fields) / self._scale.spread, std / self._scale.spread
        covered = (truth >= lower) & (truth <= upper)
        self._rows.append(
            (
                float(covered[known].mean()),
                float(((upper - lower) / self._scale.spread)[known].mean()),
                float(np.square(spread[known]).mean()),
                float(np.square(error[known]).mean()),
            )
        )
        self._scores.append(
            {
                name: float(prediction[name].values[run]) if name in prediction else None
                for name in SCORES
            }
        )
        below = norm.cdf(
            (truth - fields)[known] / np.maximum(std[known], np.finfo(np.float32).tiny)
        )
        self._counts += np.histogram(below, BINS, (0.0, 1.0))[0] / known.sum()

    def merge(self, other: UncertaintyErrors) -> None:
        """Count the runs that ``other`` has counted, after its own."""
        self._rows += other._rows
        self._scores += other._scores
        self._counts += other._counts

    def per_run(self) -> list[dict[str, float | None]]:
        """Of each run, in the order of ``add``: coverage, root mean square of standard deviation
        and error, scores."""
        return [
            {
                "coverage": coverage,
                "std": float(np.sqrt(variance)),
                "rmse": float(np.sqrt(squared)),
                **scores,
            }
            for (coverage, _, variance, squared), scores in zip(
                self._rows, self._scores, strict=True
            )
        ]

    def summary(self) -> dict[str, Any]:
        """JSON-able; KeyError-free also without runs, where nothing is known but their number."""
        if not self._rows:
            return {"runs": 0}
        coverage, width, variance, squared = np.array(self._rows).T
        error = float(np.sqrt(squared.mean()))
        return {
            "runs": len(coverage),
            "coverage": float(coverage.mean()),
            "coverage_of_runs": [
                float(value) for value in np.quantile(coverage, [0.0, 0.25, 0.5, 0.75, 1.0])
            ],
            "interval_width": float(width.mean()),
            "interval_width_to_rmse": float(width.mean()) / error if error > 0 else None,
            "sd_ratio": float(np.sqrt(variance.mean())) / error if error > 0 else None,
            "rank_correlation_with_error": rank_correlation(np.sqrt(variance), np.sqrt(squared)),
            "pit": [float(count) for count in self._counts / self._counts.sum()],
        }


def uncertainty_metrics(
    counted: Mapping[str, UncertaintyErrors],
    ids: Mapping[str, Sequence[str]],
    errors: Mapping[str, Mapping[str, float | None]],
    ensemble: Ensemble,
) -> dict[str, Any]:
    """All that is known of the uncertainty, ready for JSON; ``validation`` and ``test`` hold what
    was ``counted``.

    ids: of the runs of each split, in the order in which they were counted; errors: joint relative
    error of the prediction, by split and run.
    """
    calibration = ensemble.calibration or Calibration.of_normal()
    found: dict[str, Any] = {
        "level": LEVEL,
        "calibration_runs": calibration.runs,
        "left_out_coverage": list(calibration.left_out_coverage),
    }
    for split in UNSEEN:
        if split not in counted:
            found[split] = {"runs": 0}
            continue
        runs = {
            run: {**of_run, "relative_l2": errors[split][run]}
            for run, of_run in zip(ids[split], counted[split].per_run(), strict=True)
        }
        found[split] = {
            **counted[split].summary(),
            **{
                f"rank_correlation_of_{name}_with_error": _follows(name, runs.values())
                for name in SCORES
            },
            "per_run": runs,
        }
    return found


def _follows(score: str, runs: Iterable[Mapping[str, float | None]]) -> float | None:
    """Rank correlation of a score with the joint relative error, over the runs that have both."""
    pairs = [
        (run[score], run["relative_l2"])
        for run in runs
        if None not in (run[score], run["relative_l2"])
    ]
    values, errors = np.array(pairs, np.float64).reshape(-1, 2).T
    return rank_correlation(values, errors)


def rank_correlation(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]
) -> float | None:
    """Spearman's; None for fewer than three values, or where one of the two is constant."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(spearmanr(first, second).statistic)
