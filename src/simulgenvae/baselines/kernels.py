"""Covariance functions of squared distances (Rasmussen & Williams 2006, section 4.2)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Points = NDArray[np.float64]
"""Features of n points, ``[n, P]``."""
Kernel = Literal["matern52", "squared_exponential"]


def kernel_values(kernel: Kernel, squared: Values, theta: Values) -> tuple[Values, Values, Values]:
    """Return scaled distances, the kernel of their sum, and its slope.

    Parameters
    ----------
    kernel
        Which covariance function.
    squared
        Squared distances in each of G groups of features, ``[G, m, n]``.
    theta
        Logarithms of the variance, of the length scale of each group, and of the noise's variance,
        ``[G + 2]``. Only the length scales are used.

    Returns
    -------
    parts
        Squared distances in length scales, ``[G, m, n]``.
    value
        The kernel, ``[m, n]``, which is 1 at distance 0.
    slope
        Matrix ``[m, n]`` such that ``parts[g] * slope`` is the derivative of the kernel by the
        logarithm of the length scale of group g.
    """
    # theta[0] is the variance and theta[-1] the noise: the length scales are in between.
    parts = squared * np.exp(-2 * theta[1:-1])[:, None, None]
    total = parts.sum(axis=0)
    if kernel == "squared_exponential":
        value = np.exp(-0.5 * total)
        return parts, value, value
    # Matérn 5/2 with r = √5 · distance: (1 + r + r²/3) e⁻ʳ, equation 4.17.
    r = np.sqrt(5 * total)
    decay = np.exp(-r)
    return parts, (1 + r + r**2 / 3) * decay, 5 / 3 * (1 + r) * decay
