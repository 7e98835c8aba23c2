"""Choice of the parameters that are read as logarithms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.gp_choice import GpChoice, evidence, leave_one_out_distances
from simulgenvae.baselines.pod_regression import FeatureSelection, RunModes
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.decades import linear_below
from simulgenvae.utils.threads import threadpool_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.baselines.base import Inputs
    from simulgenvae.data.conditions import Conditions

_CHOOSING_RUNS = 80
_CHOOSING_MODES = 4
_REVISING_MODES = 16
_SMALLEST_RATIO = 2.0
"""A parameter whose largest value is at most this many times its smallest is nearly proportional to
its logarithm, so that the choice would not matter."""
_CLEARLY_LESS = 0.98
"""Ratio of mean leave-one-out errors up to which a parameter is read in the other way after all.
Smaller gains are chance."""
_SMALLEST_SIZE = 0.1
"""Smallest size of a run that errors are relative to, in units of all runs' root mean square."""


def choose_logarithms(
    conditions: Conditions,
    coefficients: NDArray[np.float32],
    seed: int = 0,
    *,
    others: Conditions | None = None,
) -> tuple[str, ...]:
    """Return the names of the parameters whose logarithm explains the runs better.

    Parameters that span decades and have zeros or both signs are tried too, with the inverse
    hyperbolic sine in place of the logarithm (``data/decades.py``).

    One parameter after another, in the order of the table, is read as its logarithm where that
    raises the marginal likelihood of Gaussian processes for the leading modes of the training runs.
    It is a monotone change of an input that is chosen by evidence, as in Snoek et al. 2014, "Input
    warping for Bayesian optimization". The evidence does not say how large errors are, and modes
    with little energy may have most of them. So each choice is reversed after that where this
    clearly lowers the mean relative error of runs that are predicted from all others. Images are
    ignored. More than 80 runs are represented by a seeded subset of that size.

    Parameters
    ----------
    conditions
        Conditions of the training runs.
    coefficients
        Their coefficients, ``[n, T, r]``.
    seed
        Seed of the subset.
    others
        Designs that must be readable too, such as those of test runs: a parameter that is not
        positive in one of them has no logarithm.
    """
    lower = conditions.table.min(axis=0)
    upper = conditions.table.max(axis=0)
    below = linear_below(conditions.table)
    least = lower if others is None else np.minimum(lower, others.table.min(axis=0))
    names = []
    for column, name in enumerate(conditions.names):
        positive = least[column] > 0 and upper[column] > _SMALLEST_RATIO * lower[column]
        if (positive or below[column] > 0) and not conditions.levels[column]:
            names.append(name)
    # Sorted, so that the runs keep their order and sums their rounding.
    subset = np.sort(np.random.default_rng(seed).permutation(len(coefficients))[:_CHOOSING_RUNS])
    modes = RunModes.of(coefficients.reshape(len(coefficients), -1))
    amplitudes = modes.amplitudes[subset]
    if not names or not amplitudes.shape[1]:
        return ()
    table = replace(conditions, images=None)
    few = table.select(subset)
    choice = GpChoice(FeatureSelection(ConditionScaler.fit(table).widths, 0, 1.0), "matern52")
    sizes = np.linalg.norm(amplitudes, axis=1)
    sizes = np.maximum(sizes, _SMALLEST_SIZE * np.sqrt(np.square(sizes).mean()))

    def inputs(names: tuple[str, ...]) -> Inputs:
        """Return the subset's parameters with ``names`` read as logarithms."""
        return ConditionScaler.fit(table, names).transform(few)

    def objective(names: tuple[str, ...]) -> float:
        """Return the negative logarithm of the evidence; smaller means more evidence."""
        return evidence(inputs(names), choice, amplitudes[:, :_CHOOSING_MODES])

    def error(names: tuple[str, ...]) -> float:
        """Return the mean relative leave-one-out error."""
        leading = amplitudes[:, :_REVISING_MODES]
        return float((leave_one_out_distances(inputs(names), choice, leading) / sizes).mean())

    # Many small systems are solved: starting threads costs more than solving them.
    with threadpool_limits(1):
        # Greedily, one after another: all subsets would be too many.
        taken: tuple[str, ...] = ()
        best = objective(taken)
        for name in names:
            value = objective((*taken, name))
            if value < best:
                taken = (*taken, name)
                best = value
        best = error(taken)
        for name in names:
            reversed_ = tuple(each for each in names if (each in taken) != (each == name))
            value = error(reversed_)
            if value < _CLEARLY_LESS * best:
                taken = reversed_
                best = value
    return taken
