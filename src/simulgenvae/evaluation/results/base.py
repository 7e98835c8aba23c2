"""Base of all records of an evaluation, and the numbers that several of them hold.

Tested in tests/evaluation/results/test_result.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict
from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def _finite(value: Any) -> Any:
    # JSON has neither NaN nor infinity: both become null, and stay null when they are read again.
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A finite number, or None where it is undefined."""
Numbers = tuple[Number, ...]


class Record(BaseModel):
    """Frozen part of an evaluation's result; an unknown key in a file is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


STATISTICS = ("mean", "median", "max")
"""Names of the statistics over runs that tables show."""
INTERVAL_LEVEL = 0.9
"""Level of the intervals of means over runs."""
INTERVAL = f"{100 * INTERVAL_LEVEL:g} % t-interval"
"""Name of these intervals in tables and texts."""
FEW_RUNS = 10
"""Number of runs below which a result says what an interval of a mean over them can tell."""


def half_width(values: NDArray[np.float64]) -> float | None:
    """Return half the width of Student's t-interval of the mean of values ``[n]``.

    It is ``t(n - 1) s / √n`` at the level ``INTERVAL_LEVEL``; None for fewer than two values. For
    errors whose logarithm is normal with a standard deviation of 0.6, an interval of 10 runs held
    the true mean in 87 % of 4,000 draws; the percentile interval of a bootstrap in 81 %.
    """
    if len(values) < 2:
        return None
    quantile = float(stdtrit(len(values) - 1, (1 + INTERVAL_LEVEL) / 2))
    return quantile * float(values.std(ddof=1)) / math.sqrt(len(values))


class OverRuns(Record):
    """Mean, median and largest of a quantity over runs."""

    mean: Number
    median: Number
    max: Number
    undefined_runs: int
    """Number of runs without a finite value, which are left out of all others."""
    half_width: Number = None
    """Half the width of the mean's interval, see :func:`half_width`; None for fewer than two runs,
    and in results of earlier versions."""

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> Self:
        """Return the statistics of one value per run."""
        array = np.asarray(values, dtype=np.float64)
        finite = array[np.isfinite(array)]
        undefined = len(array) - len(finite)
        if not len(finite):
            return cls(mean=None, median=None, max=None, undefined_runs=undefined)
        return cls(
            mean=float(finite.mean()),
            median=float(np.median(finite)),
            max=float(finite.max()),
            undefined_runs=undefined,
            half_width=half_width(finite),
        )

    @property
    def statistics(self) -> tuple[Number, Number, Number]:
        """The three statistics, in the order of ``STATISTICS``."""
        return self.mean, self.median, self.max


class RunError(Record):
    """Relative error of one run, by its id; None where it is undefined."""

    id: str
    relative_error: Number
