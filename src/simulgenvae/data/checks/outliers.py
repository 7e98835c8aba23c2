"""Outliers: runs whose fields are far larger, smaller or wider in range than other fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.checks.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.statistics import DatasetStatistics

# Robust standard deviations from the median. 3.5 is usual (Iglewicz & Hoaglin 1993), but designs of
# a study are meant to differ.
_OUTLIER = 6.0
_LEAST_SPREAD = 0.05
_FEWEST_RUNS = 8


def check_outliers(dataset: Dataset, statistics: DatasetStatistics) -> Iterator[Finding]:
    """Yield a warning for each run whose root mean square or range is an outlier."""
    if len(dataset.ids) < _FEWEST_RUNS:
        return
    measures = (
        ("root mean square", statistics.norm),
        ("range", statistics.upper - statistics.lower),
    )
    for v, variable in enumerate(dataset.variables):
        for what, values in measures:
            scores = robust_scores(values[:, v])
            # NumPy warns of the median of no numbers, for which all scores are 0.
            median = np.nanmedian(values[:, v]) if np.any(scores) else 0.0
            for row in np.flatnonzero(np.abs(scores) > _OUTLIER):
                yield Finding(
                    "warning",
                    f"outlier: {what} of {variable!r} is {values[row, v]:.4g}, others' median "
                    f"{median:.4g}",
                    subject=f"run {dataset.ids[row]!r}",
                )


def robust_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each value from the median, in robust standard deviations.

    That is 1.4826 times the median absolute deviation, the standard deviation for a normal
    distribution. Where all values are positive, their logarithms are compared. The score is 0 where
    most values are equal or the value is not finite.

    The standard deviation counts as at least 5 % of the median: where most runs agree to a
    thousandth, one that differs by a tenth is no outlier.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(values.shape)
    logarithmic = bool(np.all(finite > 0))
    if logarithmic:
        values = np.log(values)
        finite = np.log(finite)
    middle = float(np.median(finite))
    spread = 1.4826 * float(np.median(np.abs(finite - middle)))
    if spread <= 1e-9 * float(np.abs(finite).max()):
        return np.zeros(values.shape)
    # On a logarithmic scale, 5 % of the median are a difference of about 0.05.
    spread = max(spread, _LEAST_SPREAD * (1.0 if logarithmic else abs(middle)))
    return np.where(np.isfinite(values), (values - middle) / spread, 0.0)
