"""Which parameters are read as logarithms: those whose logarithm explains the training runs
better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from simulgenvae.baselines.pod_gpr import Choice, evidence
from simulgenvae.baselines.pod_regression import RunModes, View
from simulgenvae.data.conditions import Conditions, ConditionScaler

_CHOOSING_RUNS = 80
_CHOOSING_MODES = 4
_SPAN = 2.0
"""A parameter whose largest value is at most so many times its smallest is nearly proportional to
its logarithm."""


def choose_logarithms(
    conditions: Conditions, coefficients: NDArray[np.float32], seed: int = 0
) -> tuple[str, ...]:
    """Names of the positive parameters that are better read as logarithms.

    A parameter is taken in, one after another in the order of the table, where that raises the
    marginal likelihood of Gaussian processes for the leading modes of the training runs
    ``coefficients [n, T, r]``: a monotone change of an input chosen by evidence, as in Snoek et al.
    2014, "Input warping for Bayesian optimization". Pictures are not looked at. More than 80 runs
    are represented by a seeded subset of that size.
    """
    lower, upper = conditions.table.min(axis=0), conditions.table.max(axis=0)
    names = [
        name
        for name, low, high in zip(conditions.names, lower, upper, strict=True)
        if low > 0 and high > _SPAN * low
    ]
    chosen = np.sort(np.random.default_rng(seed).permutation(len(coefficients))[:_CHOOSING_RUNS])
    amplitudes = RunModes.of(coefficients.reshape(len(coefficients), -1)).amplitudes[
        chosen, :_CHOOSING_MODES
    ]
    if not names or not amplitudes.shape[1]:
        return ()
    table = Conditions(conditions.ids, conditions.names, conditions.table)
    few = table.select(chosen)
    choice = Choice(View(len(conditions.names), 0, 1.0), "matern52")

    def lack(names: tuple[str, ...]) -> float:
        """Negative logarithm of the evidence where ``names`` are read as logarithms."""
        return evidence(ConditionScaler.fit(table, names).transform(few), choice, amplitudes)

    with threadpool_limits(1):
        taken: tuple[str, ...] = ()
        best = lack(taken)
        for name in names:
            if (value := lack((*taken, name))) < best:
                taken, best = (*taken, name), value
    return taken
