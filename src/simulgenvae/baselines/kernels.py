"""Covariance functions of squared distances in length scales (Rasmussen & Williams 2006, section
4.2)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Kernel = Literal["matern52", "squared_exponential"]


def kernel_values(kernel: Kernel, squared: Values, theta: Values) -> tuple[Values, Values, Values]:
    """Groups' squared distances in length scales ``[G, m, n]``, the kernel of their sum, and its
    slope ``[m, n]``.

    ``theta``: logarithms of the variance, of the length scale of each group, and of the noise's
    variance. The derivative of the kernel by the logarithm of group g's length scale is ``parts[g]
    * slope``.
    """
    parts = squared * np.exp(-2 * theta[1:-1])[:, None, None]
    total = parts.sum(axis=0)
    if kernel == "squared_exponential":
        value = np.exp(-0.5 * total)
        return parts, value, value
    r = np.sqrt(5 * total)
    decay = np.exp(-r)
    return parts, (1 + r + r**2 / 3) * decay, 5 / 3 * (1 + r) * decay
