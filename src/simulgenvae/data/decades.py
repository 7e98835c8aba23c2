"""Logarithms of parameters that span decades, also where they are zero or negative.

A parameter that spans decades and has zeros or both signs is read as asinh(x / s), which is about
a logarithm above s and proportional to x below it. Tested in tests/data/test_decades.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_FEWEST = 4
"""Values other than zero that are needed to judge."""
_DECADES_RATIO = 5.0
"""Ratio of the largest size to the geometric mean of all, from which values span decades. It is 2.7
for uniform values, whatever their range."""


def linear_below(table: Values) -> Values:
    """Return the smallest size of each column's values, for columns that span decades with zeros.

    It is 0 for the other columns: those that are positive, or do not span decades.

    Parameters
    ----------
    table
        Values ``[n, P]``.
    """
    found = np.zeros(table.shape[1])
    for column, values in enumerate(table.T):
        sizes = np.abs(values[values != 0])
        if values.min() > 0 or len(sizes) < _FEWEST:
            continue
        if np.log(sizes.max()) - np.log(sizes).mean() > np.log(_DECADES_RATIO):
            found[column] = sizes.min()
    return found


def warp(table: Values, logarithm: NDArray[np.bool_], below: Values) -> Values:
    """Return a table ``[n, P]`` with logarithms of some columns.

    They are logarithms where ``logarithm`` is true and ``below`` is 0, and asinh(x / below) where
    it is positive. Values without a logarithm become 0.
    """
    # Only logarithms that are needed are taken: others may be of zero or negative values.
    plain = logarithm & (below == 0)
    warped: Values = np.where(
        plain, np.log(table, out=np.zeros_like(table), where=plain & (table > 0)), table
    )
    for column in np.flatnonzero(logarithm & (below > 0)):
        warped[:, column] = np.arcsinh(table[:, column] / below[column])
    return warped


def unwarp(warped: Values, logarithm: NDArray[np.bool_], below: Values) -> Values:
    """Return the table ``[n, P]`` that :func:`warp` makes ``warped`` of."""
    plain = logarithm & (below == 0)
    table: Values = np.where(plain, np.exp(np.where(plain, warped, 0.0)), warped)
    for column in np.flatnonzero(logarithm & (below > 0)):
        table[:, column] = below[column] * np.sinh(warped[:, column])
    return table
