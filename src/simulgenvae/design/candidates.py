"""Candidate designs: points that fill the domain of the parameters evenly.

Tested in tests/design/test_suggest.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from simulgenvae.data.conditions import Conditions
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulgenvae.data.condition_scaler import ConditionScaler

Array = NDArray[np.float64]
Range = tuple[float, float]
"""Least and largest value of a parameter."""


def candidate_designs(
    scaler: ConditionScaler,
    solved: Conditions,
    count: int,
    *,
    ranges: Mapping[str, Range],
    seed: int = 0,
) -> Conditions:
    """Return designs of a scrambled Sobol sequence (Owen 1998) over the domain.

    The sequence is even in the logarithm of parameters that the surrogate reads as such.

    Parameters
    ----------
    scaler
        Scaling of the surrogate's conditions, which has the trained range.
    solved
        Designs that are solved. Parameters that are whole numbers in all of them are whole numbers
        in the candidates too.
    count
        Number of candidates.
    ranges
        Range of each parameter whose domain is not the trained range.
    seed
        Seed of the scrambling.

    Raises
    ------
    UserError
        For an unknown parameter, and for a range that is empty or has no logarithm where one is
        taken.
    """
    lower, upper = _domain(scaler, ranges)
    first = scaler.warp(lower[None])
    last = scaler.warp(upper[None])
    sequence = qmc.Sobol(len(scaler.names), rng=np.random.default_rng(seed))
    # Only a power of two of points fills the domain evenly; the first ones of them nearly do.
    points = sequence.random_base2(math.ceil(math.log2(count)))[:count]
    table = scaler.unwarp(first + (last - first) * points)
    # A parameter such as a number of plies is whole in all designs, so it stays whole.
    whole = (solved.table == np.rint(solved.table)).all(axis=0)
    # Rounding can leave the domain, in the last digit of exp() too.
    table = np.clip(np.where(whole, np.rint(table), table), lower, upper)
    # The values of a category have equal parts of the sequence; no range orders them.
    for column, levels in enumerate(scaler.levels):
        if levels:
            code = np.floor(points[:, column] * len(levels))
            table[:, column] = np.minimum(code, len(levels) - 1)
    ids = tuple(f"candidate_{k}" for k in range(count))
    return Conditions(ids, scaler.names, table, levels=scaler.levels, units=scaler.units)


def _domain(scaler: ConditionScaler, ranges: Mapping[str, Range]) -> tuple[Array, Array]:
    """Return the least and the largest value of each parameter, each ``[P]``."""
    lower = np.array(scaler.lower)
    upper = np.array(scaler.upper)
    for name, (low, high) in ranges.items():
        if name not in scaler.names:
            raise UserError(
                f"there is no parameter {name!r}: the study has {', '.join(scaler.names)}"
            )
        column = scaler.names.index(name)
        if levels := scaler.levels[column]:
            raise UserError(
                f"{name} is a category ({', '.join(levels)}), which has no range: leave it out"
            )
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UserError(
                f"the range of {name} is {low:g} to {high:g}: give a smaller and a larger number"
            )
        # Candidates are drawn uniformly in the logarithm of such parameters.
        positive = scaler.logarithm[column] and not scaler.linear_below[column]
        if positive and low <= 0:
            raise UserError(
                f"the range of {name} starts at {low:g}, but its logarithm is used: it must be "
                "positive"
            )
        lower[column] = low
        upper[column] = high
    return lower, upper
