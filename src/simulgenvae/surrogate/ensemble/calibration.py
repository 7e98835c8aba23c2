"""Calibration: factors from the spread of predictions to standard deviations and intervals.

Split conformal prediction with errors in units of a spread (Papadopoulos et al. 2002; Lei et al.
2018, section 5.2). The values of one run belong together, so that not values but runs are
exchangeable: a quantile that comes from few runs is widened by what leaving out each of them shows.

The guarantee of that method does not hold here: the same validation runs also chose the networks'
weights and the weight of the Gaussian processes, and the quantile lacks the correction (n + 1) / n.
Coverage on other runs is therefore measured, on the test runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simulgenvae.surrogate.ensemble.spread import Fields

LEVEL = 0.9
"""Fraction of values that an interval should cover."""
ENOUGH_RUNS = 10
"""Calibration runs from which on an interval is named by the level that it should have."""
_ENTRIES = 20_000
"""Values of a run that the quantiles are taken from, drawn at random."""

Factor = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Coverage = Annotated[float, Field(ge=0.0, le=1.0)]


class Calibration(BaseModel):
    """Factors by which a spread is multiplied, as the ensemble's file holds them."""

    # The keys of the file are older than the names in the code, hence the aliases.
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True
    )

    std_factor: Annotated[Factor, Field(alias="std")]
    """Factor to the standard deviation of the error."""
    interval_factor: Annotated[Factor, Field(alias="interval")]
    """Factor to half the width of the interval that covers ``LEVEL`` of the values."""
    runs: Annotated[int, Field(ge=0)]
    """Number of validation runs that the factors come from."""
    left_out_coverage: tuple[Coverage, ...]
    """Fraction of each run's values inside the interval that the other runs give. Empty for a
    single run, and for ``ENOUGH_RUNS`` and more."""

    @model_validator(mode="after")
    def _one_coverage_for_each_left_out_run(self) -> Self:
        if len(self.left_out_coverage) != _coverage_count(self.runs):
            raise ValueError(
                f"the coverages of {self.runs} runs that were left out are {self.left_out_coverage}"
            )
        return self

    @classmethod
    def fit(cls, runs: Iterable[tuple[Fields, Fields]], seed: int = 0) -> Self:
        """Calibrate on validation runs.

        Parameters
        ----------
        runs
            Error and spread of each run, both ``[T, M, V]``; at least one run. They are read one
            after another, so that only one of them is in memory.
        seed
            Seed of the values that the quantiles are taken from.
        """
        ratios = []
        error_squares = []
        spread_squares = []
        generator = np.random.default_rng(seed)
        for error, scale in runs:
            # Quantiles of a part of the values are as good, and take a fraction of the memory.
            chosen = generator.permutation(error.size)[:_ENTRIES]
            ratios.append(np.abs(error.ravel()[chosen]) / scale.ravel()[chosen])
            error_squares.append(np.square(error).mean(axis=(0, 1)))
            spread_squares.append(np.square(scale).mean(axis=(0, 1)))
        left_out = _left_out_coverage(ratios) if _coverage_count(len(ratios)) else ()
        return cls(
            std_factor=_std_factor(np.stack(error_squares), np.stack(spread_squares)),
            interval_factor=_interval_factor(ratios),
            runs=len(ratios),
            left_out_coverage=left_out,
        )

    @classmethod
    def of_normal(cls) -> Self:
        """Return the factors of a spread that is taken as the deviation of a normal distribution.

        They are used where there are no validation runs to calibrate on.
        """
        # Imported here: it takes as long to load as a design to predict.
        from scipy.special import ndtri

        quantile = float(ndtri((1 + LEVEL) / 2))
        return cls(std_factor=1.0, interval_factor=quantile, runs=0, left_out_coverage=())


def _coverage_count(runs: int) -> int:
    """Return the number of entries of ``left_out_coverage`` after a calibration on ``runs`` runs.

    Each run is left out once, to see how well the interval of the others covers it. That is
    impossible with a single run, and not needed from ``ENOUGH_RUNS`` on.
    """
    return runs if 1 < runs < ENOUGH_RUNS else 0


def _without(ratios: Sequence[Fields], run: int) -> list[Fields]:
    """Return the ratios of all runs but one."""
    return [*ratios[:run], *ratios[run + 1 :]]


def _left_out_coverage(ratios: Sequence[Fields]) -> tuple[float, ...]:
    """Return the fraction of each run's ratios within the factor that the other runs give."""
    coverage = []
    for run, own in enumerate(ratios):
        factor = _interval_factor(_without(ratios, run))
        coverage.append(float((own <= factor).mean()))
    return tuple(coverage)


def _std_factor(errors: Fields, spreads: Fields) -> float:
    """Return the root of mean squared error over mean squared spread, widened for few runs.

    A mean square of n runs is itself uncertain: the variance of a further run is n / (n - 2) times
    as large, that of Student's distribution with n degrees of freedom (Gelman et al., "Bayesian
    data analysis", 3rd edition, section 2.6).

    Parameters
    ----------
    errors, spreads
        Mean squares of each run and variable, ``[n, V]``. Both are divided by the mean squared
        error of the variable, so that variables of different units count alike.
    """
    scale = errors.mean(axis=0)
    # A variable without any error, such as one that is always zero, is not divided.
    scale = np.where(scale > 0, scale, 1.0)
    # Student's distribution has a variance from 3 degrees of freedom on.
    degrees = max(3, len(errors))
    few = degrees / (degrees - 2)
    return float(np.sqrt(few * (errors / scale).mean() / (spreads / scale).mean()))


def _interval_factor(ratios: Sequence[Fields]) -> float:
    """Return the factor to half an interval's width from ratios of error to spread.

    With ``q`` the ``LEVEL`` quantile, and ``rᵢ`` the ratios of run i, it is

        q(r of all runs) · q over all i of (rᵢ / q(r of all runs except i))

    The first factor covers the runs that are calibrated on. Each quotient compares the ratios of a
    run with the interval that only the other runs would give: the second factor is what a further
    run adds, which is not among them. It is near 1 where there are many runs.
    """
    # With a single run there is no other one to compare with.
    quantile = float(np.quantile(np.concatenate(ratios), LEVEL))
    if len(ratios) < 2:
        return quantile
    rest = (np.concatenate(_without(ratios, run)) for run in range(len(ratios)))
    others = [np.quantile(each, LEVEL) for each in rest]
    # Most values have no error at all: then leaving a run out shows nothing, and the quotient
    # would be 0 / 0.
    if min(others) == 0:
        return quantile
    # rᵢ / q(all runs except i), for each run.
    relative = [own / other for own, other in zip(ratios, others, strict=True)]
    return quantile * float(np.quantile(np.concatenate(relative), LEVEL))
