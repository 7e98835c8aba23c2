"""Base of all records of an evaluation, and the numbers that several of them hold.

Tested in tests/evaluation/results/test_result.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict

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


class OverRuns(Record):
    """Mean, median and largest of a quantity over runs."""

    mean: Number
    median: Number
    max: Number
    undefined_runs: int
    """Number of runs without a finite value, which are left out of the other three."""

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
        )

    @property
    def statistics(self) -> tuple[Number, Number, Number]:
        """The three statistics, in the order of ``STATISTICS``."""
        return self.mean, self.median, self.max


class RunError(Record):
    """Relative error of one run, by its id; None where it is undefined."""

    id: str
    relative_error: Number
