"""Permutation sensitivity (Breiman 2001): the error when one input is exchanged among runs.

Inputs are shifted cyclically in a random order, so that no run keeps its own. Tested in
tests/evaluation/analyses/test_sensitivity.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.analyses.sobol import BUDGET, Predict
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.sensitivity import ExchangedInput, Permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions

IMAGE = "image"
"""Name of the image of a design among the inputs, unless a parameter has this name."""

_SHIFTS = 5


def input_names(conditions: Conditions) -> list[str]:
    """Return the names of the parameters, and that of the image last where there is one."""
    if conditions.images is None:
        return list(conditions.names)
    image = f"{IMAGE} (of the design)" if IMAGE in conditions.names else IMAGE
    return [*conditions.names, image]


def permutation(
    predict: Predict,
    conditions: Conditions,
    truth: NDArray[np.float32],
    scale: VariableScale,
    notes: list[str],
    *,
    budget: int = BUDGET,
    seed: int = 0,
) -> Permutation | None:
    """Return the mean error of n runs, and the mean errors with each input exchanged among them.

    It is None where it cannot be made; a note is then added that says why.

    Parameters
    ----------
    predict
        Function from designs to fields.
    conditions, truth
        The n runs and their fields, ``[n, t, m, V]``.
    scale
        Mean and spread of the variables in the training runs.
    notes
        List to which a note may be added.
    budget
        Largest number of predictions.
    seed
        Seed of the order in which inputs are exchanged.
    """
    # Coefficients of geometries are exchanged one by one, which images of them would not follow.
    conditions = replace(conditions, distances=None)
    runs = len(conditions)
    names = input_names(conditions)
    # There are runs − 1 shifts that give every run another input than its own.
    shifts = min(_SHIFTS, runs - 1, budget // (runs * len(names)))
    if shifts < 1:
        notes.append(
            "Permutation sensitivity is left out: it needs two runs at least, and fields that "
            "are not huge."
        )
        return None

    def error(given: Conditions) -> float | None:
        pairs = zip(predict(given), truth, strict=True)
        return OverRuns.of(
            [relative_l2(prediction, exact, scale)[0] for prediction, exact in pairs]
        ).mean

    # The error without exchange is measured on the same coarse fields, so that the difference is
    # due to the exchange only.
    base = error(conditions)
    # In a random order: neighbours in a file are often similar designs, whose exchange would change
    # little.
    order = np.random.default_rng(seed).permutation(runs)
    inputs = {}
    for k, name in enumerate(names):
        errors = []
        for shift in range(1, shifts + 1):
            source = np.empty(runs, dtype=np.intp)
            # Run order[i] gets the input of run order[i − shift].
            source[order] = np.roll(order, shift)
            errors.append(error(_exchange(conditions, k, source)))
        # A run whose truth is zero everywhere has no relative error.
        known = [value for value in errors if value is not None]
        mean = float(np.mean(known)) if known else None
        rise = None if mean is None or base is None else mean - base
        inputs[name] = ExchangedInput(error=mean, rise=rise)
    return Permutation(runs=runs, shifts=shifts, error=base, inputs=inputs)


def _exchange(conditions: Conditions, k: int, source: NDArray[np.intp]) -> Conditions:
    """Return the runs with input ``k`` of each from the run that ``source`` says."""
    if k == len(conditions.names):
        assert conditions.images is not None, "an input after the parameters is the image"
        return replace(conditions, images=conditions.images.select(source))
    # Only this column moves. Correlated inputs then form combinations that no run has, which is a
    # known weakness of the method: such errors measure extrapolation too.
    table = conditions.table.copy()
    table[:, k] = table[source, k]
    return replace(conditions, table=table)
