"""Choices before Gaussian processes are fitted to modes, and the criteria for them.

Tested in tests/baselines/test_pod_gpr.py and tests/baselines/test_logarithms.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.baselines.gp import GaussianProcess, standardised
from simulgenvae.baselines.length_scale_groups import LengthScaleGroups
from simulgenvae.baselines.likelihood_search import Likelihood, LikelihoodSearch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.baselines.base import Inputs
    from simulgenvae.baselines.kernels import Kernel, Values
    from simulgenvae.baselines.pod_regression import FeatureSelection

SEED = 0
"""Seed of every random choice: subsets of runs, and starts of searches."""
SINGLE_LENGTHS = 8
"""Largest number of image components that each have a length scale of their own."""


class GpChoice(NamedTuple):
    """Features and kernel of the processes of all modes."""

    selection: FeatureSelection
    kernel: Kernel


def length_scale_groups(x: Inputs, selection: FeatureSelection) -> LengthScaleGroups:
    """Return which columns of selected features ``x [n, columns]`` share a length scale."""
    components = selection.components
    # With a length scale for each of 64 components, the likelihood of a few hundred runs would have
    # more parameters than it can decide.
    if components > SINGLE_LENGTHS:
        return LengthScaleGroups.of(x, components, selection.widths)
    return LengthScaleGroups.of(x, 0, (*selection.widths, *[1] * components))


def evidence(x: Inputs, choice: GpChoice, amplitudes: NDArray[np.float64]) -> float:
    """Return the negative logarithm of the likelihood of all ``amplitudes [n, k]``.

    Each mode has its best hyper-parameters.
    """
    return sum(value for _, _, value in _searched(x, choice, amplitudes))


def leave_one_out_error(x: Inputs, choice: GpChoice, amplitudes: NDArray[np.float64]) -> float:
    """Return the sum of squared leave-one-out errors of ``amplitudes [n, k]``."""
    return float(np.square(leave_one_out_distances(x, choice, amplitudes)).sum())


def leave_one_out_distances(x: Inputs, choice: GpChoice, amplitudes: NDArray[np.float64]) -> Values:
    """Return the distance ``[n]`` of each run from its prediction by all others.

    Distances are those of ``amplitudes [n, k]``. The hyper-parameters have the largest likelihood
    of all runs.
    """
    squares = np.zeros(len(x))
    searched = _searched(x, choice, amplitudes)
    for (squared, theta, _), y in zip(searched, amplitudes.T, strict=True):
        squares += np.square(leave_one_out_errors(squared, y, theta, choice.kernel))
    return np.sqrt(squares)


def leave_one_out_errors(squared: Values, y: Values, theta: Values, kernel: Kernel) -> Values:
    """Return the error ``[n]`` of each value when it is predicted from all others.

    Parameters
    ----------
    squared
        Squared distances between the points in each group, ``[G, n, n]``.
    y
        Values, ``[n]``.
    theta, kernel
        Hyper-parameters and covariance function.
    """
    process = GaussianProcess.learn(squared, y, theta, kernel)
    return process.leave_one_out(process.factor(squared))[0]


def _searched(
    x: Inputs, choice: GpChoice, amplitudes: NDArray[np.float64]
) -> Iterator[tuple[Values, Values, float]]:
    """Yield squared distances, best hyper-parameters and objective of one mode after another."""
    selected = choice.selection(x)
    groups = length_scale_groups(selected, choice.selection)
    squared = groups.squared_distances(selected, selected)
    search = LikelihoodSearch(len(squared), SEED)
    for mode, y in enumerate(amplitudes.T):
        likelihood = Likelihood(squared, standardised(y), choice.kernel)
        # The first mode has most of the energy, and later searches start at its optimum.
        theta, value = search(likelihood, thorough=mode == 0)
        yield squared, theta, value
