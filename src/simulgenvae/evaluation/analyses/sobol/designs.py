"""Designs of Saltelli's scheme, over the trained range of each input.

Tested in tests/evaluation/analyses/sobol/test_analysis.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.conditions import Conditions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.images import Images


def saltelli(inputs: int, designs: int, seed: int) -> NDArray[np.float64]:
    """Return points of the unit cube in ``inputs + 2`` sets, one after another, ``[n, inputs]``.

    The sets are two independent ones, A and B, and for each input the set A with that input from B
    (Saltelli et al. 2010).

    Parameters
    ----------
    inputs
        Number of inputs.
    designs
        Number of designs of each set, a power of two: a Sobol sequence is balanced only then.
    seed
        Seed of the sequence.
    """
    # SciPy's statistics take a third of a second to import.
    from scipy.stats import qmc

    # Both sets come from one sequence of twice the dimension: two sequences with other seeds would
    # not be balanced together.
    unit = qmc.Sobol(2 * inputs, rng=seed).random(designs)
    a = unit[:, :inputs]
    b = unit[:, inputs:]
    mixed = np.repeat(a[None], inputs, axis=0)  # [inputs, designs, inputs]
    for k in range(inputs):
        mixed[k, :, k] = b[:, k]
    return np.concatenate([a, b, *mixed])


def conditions_at(
    unit: NDArray[np.float64], scaler: ConditionScaler, images: Images | None
) -> Conditions:
    """Return the conditions of designs at points ``[n, inputs]`` of the unit cube.

    Each parameter is drawn uniformly over its trained range, evenly in the logarithm where the
    conditioner takes it, and images from the training runs.
    """
    given = unit[:, : len(scaler.names)]
    # Evenly in the logarithm where the conditioner reads a parameter by it: this is how evenly its
    # inputs are spread.
    lower = scaler.warp(np.array([scaler.lower]))
    upper = scaler.warp(np.array([scaler.upper]))
    table = scaler.unwarp(lower + given * (upper - lower))
    # Rounding can leave the trained range, in the last digit.
    table = np.clip(table, scaler.lower, scaler.upper)
    # Each value of a category is as likely as the others.
    for k, levels in enumerate(scaler.levels):
        if levels:
            table[:, k] = np.minimum(np.floor(given[:, k] * len(levels)), len(levels) - 1)
    chosen = None
    if images is not None:
        # The last coordinate of the cube chooses one of the images; 1.0 itself would be one too
        # many.
        number = (unit[:, -1] * len(images)).astype(np.intp)
        chosen = images.select(np.minimum(number, len(images) - 1))
    ids = tuple(str(n) for n in range(len(unit)))
    return Conditions(ids, scaler.names, table, chosen, scaler.levels, units=scaler.units)
