"""Numbers of predicted fields whose Sobol indices are estimated.

Tested in tests/evaluation/analyses/sobol/test_outputs.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.utils.snapshots import principal_directions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_COMPONENTS = 10
_EXPLAINED = 0.99
"""Fraction of the variance that is enough, where fewer components have it."""
_CONSTANT = 1e-6
"""Relative spread below which a variable varies by the rounding of single precision only."""


@dataclass(frozen=True, eq=False)
class FieldOutputs:
    """Outputs of predicted fields: amplitudes of leading principal components, and statistics.

    The statistics are each variable's mean and maximum over space and time.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    """Outputs of n designs, ``[outputs, n]``; those of components come first."""
    sizes: NDArray[np.float64]
    """Sizes of the numbers from which each output is computed, ``[outputs]``."""
    fractions: NDArray[np.float64]
    """Fraction of the variance of the components that each of them has; NaN where no variable
    varies."""

    @classmethod
    def of(cls, fields: NDArray[np.float32], base: int, variables: Sequence[str]) -> Self:
        """Return the outputs of fields ``[n, t, m, V]``.

        The components come from the first ``base`` designs, with each variable divided by its
        standard deviation.
        """
        size = np.abs(fields).max(axis=(0, 1, 2)).astype(np.float64)
        # Variables of other units are made comparable; otherwise pressure in pascals would be the
        # only one that counts. Those that are constant do not count.
        spread = fields[:base].std(axis=(0, 1, 2), dtype=np.float64)
        scaled = fields / np.where(spread > _CONSTANT * size, spread, np.inf)
        centred = scaled.reshape(len(fields), -1)
        centred -= centred[:base].mean(axis=0)
        amplitudes, squares = _components(centred, base)
        names = [f"component {k + 1}" for k in range(len(amplitudes))]
        values = list(amplitudes)
        # A component that is rounding only is small beside the first.
        sizes = [float(np.abs(amplitudes).max())] * len(amplitudes)
        for v, name in enumerate(variables):
            names += [f"mean of {name}", f"maximum of {name}"]
            values.append(fields[..., v].mean(axis=(1, 2), dtype=np.float64))
            values.append(fields[..., v].max(axis=(1, 2)).astype(np.float64))
            sizes += [float(size[v])] * 2
        with np.errstate(invalid="ignore"):
            fractions = squares / squares.sum()
        return cls(tuple(names), np.stack(values), np.array(sizes), fractions)


def _components(
    centred: NDArray[np.float64], base: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the amplitudes ``[k, n]`` of leading components of rows ``[n, ...]``, and energies.

    An energy is the variance of a component times ``base``, the number of rows that they are from.
    """
    # The method of snapshots: designs are far fewer than values of a field.
    squares, modes = principal_directions(centred[:base] @ centred[:base].T)
    squares = np.maximum(squares, 0.0)
    # A prediction that is the same for all designs has no variance: dividing by the least positive
    # number then gives 0 rather than NaN.
    explained = np.cumsum(squares) / max(float(squares.sum()), np.finfo(float).tiny)
    count = min(_COMPONENTS, int(np.searchsorted(explained, _EXPLAINED)) + 1, len(squares))
    # With S = XXᵀ = U Σ² Uᵀ the right singular vectors are XᵀU / Σ, so that X itself, which has as
    # many columns as a field has values, is never decomposed.
    directions = centred[:base].T @ modes[:, :count]
    amplitudes = (centred @ directions) / np.sqrt(np.maximum(squares[:count], 1e-300))
    return amplitudes.T, squares[:count]
