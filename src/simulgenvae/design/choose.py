"""Choice of designs: greedily those whose solution would lower the expected error the most.

How large errors are is given; how the errors of two designs are correlated is taken from a Gaussian
process that knows the training runs. Its kernel is squared exponential, with the distance between
training runs as the unit of its width.

Tested in tests/design/test_suggest.py.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from simulgenvae.errors import UserError
from simulgenvae.utils.resources import require_memory

Array = NDArray[np.float64]

_LEAST_DISTANCE = 0.5
"""Least distance between designs, in units of the spacing."""
_WIDTH = 2.0
"""Width of the kernel, in units of the spacing."""
_NOISE = 1e-6
"""Fraction of a kernel's variance that keeps matrices positive definite."""
_LEAST_LEFT = 1e-3
"""Fraction of the kernel's variance that is left at least, next to a training run."""


def choose(
    variance: Array,
    x: Array,
    trained: Array,
    solved: Array,
    count: int,
    *,
    preferred: NDArray[np.bool_] | None = None,
) -> list[int]:
    """Return the rows of ``count`` of m candidates, in the order of choice.

    Parameters
    ----------
    variance
        Expected squared error of the candidates, ``[m]``.
    x
        Scaled parameters of the candidates in units of their length scales, ``[m, P]``.
    trained
        The same of the training runs. The spacing that is left when ``count`` designs join them is
        the unit of the kernel's width and of the least distance between designs.
    solved
        The same of all designs that are solved: no candidate near one of them is chosen.
    count
        Number of designs.
    preferred
        Candidates of which one is taken as long as one is far enough from the others, ``[m]``.

    Raises
    ------
    UserError
        When too few candidates are far enough from the solved and from the chosen ones, and when
        the memory does not suffice for their covariance.
    """
    require_memory(6 * 8 * len(x) ** 2, f"choosing from {len(x)} candidates", "take fewer.")
    growth = len(trained) / (len(trained) + count)
    spacing = _spacing(trained) * growth ** (1.0 / x.shape[1])
    # Errors of candidates: as large as the surrogate expects, as correlated as their distance says.
    covariance = np.sqrt(variance[:, None] * variance) * _correlation(x, trained, _WIDTH * spacing)
    least = _LEAST_DISTANCE * spacing
    # Candidates near a solved design would teach little, however uncertain they are.
    free = cdist(x, solved).min(axis=1) >= least
    noise = max(_NOISE * float(variance.mean()), np.finfo(np.float64).tiny)
    chosen: list[int] = []
    while len(chosen) < count:
        if not free.any():
            raise UserError(
                f"Only {len(chosen)} of the {len(x)} candidates are far enough from each other "
                f"and from the solved designs, not {count}: ask for fewer designs, or give more "
                "candidates."
            )
        # The mean variance over the domain that solving each candidate would take away.
        gain = np.square(covariance).mean(axis=0) / (np.maximum(np.diag(covariance), 0.0) + noise)
        allowed = free if preferred is None or not (free & preferred).any() else free & preferred
        best = int(np.argmax(np.where(allowed, gain, -1.0)))
        chosen.append(best)
        # From here on the candidate counts as solved. What its solution will be is not needed: the
        # posterior covariance does not depend on it.
        column = covariance[:, best] / math.sqrt(max(covariance[best, best], 0.0) + noise)
        covariance -= np.outer(column, column)
        free &= np.linalg.norm(x - x[best], axis=1) >= least
    return chosen


def _spacing(trained: Array) -> float:
    """Return the median distance of a design from the nearest different one."""
    distances = cdist(trained, trained)
    # Designs that are equal, and each one with itself, have no spacing.
    distances[distances == 0] = np.inf
    return float(np.median(distances.min(axis=1)))


def _correlation(x: Array, trained: Array, width: float) -> Array:
    """Return the posterior correlation of candidates, given the training runs, ``[m, m]``."""

    def kernel(first: Array, second: Array) -> Array:
        values: Array = np.exp(-0.5 * cdist(first, second, "sqeuclidean") / width**2)
        return values

    across = kernel(x, trained)
    own = kernel(trained, trained) + _NOISE * np.eye(len(trained))
    left: Array = kernel(x, x) - across @ np.linalg.solve(own, across.T)
    # Next to a training run nearly nothing is left, and a quotient of rounding errors would be a
    # correlation of 1 between designs that have nothing to do with each other.
    scale = np.sqrt(np.maximum(np.diag(left), _LEAST_LEFT))
    left /= np.outer(scale, scale)
    return left
