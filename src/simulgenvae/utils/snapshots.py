"""Method of snapshots: principal directions from the Gram matrix of a few long rows.

For a matrix A of n rows, the eigenvectors of A Aᵀ (n × n) are the left singular vectors of A and
its eigenvalues are the squared singular values, also called energies. A itself is never
decomposed, so its rows may be as long as they like (Sirovich 1987, Quarterly of Applied Mathematics
45(3), part I, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray


@overload
def principal_directions(gram: Tensor) -> tuple[Tensor, Tensor]: ...


@overload
def principal_directions(
    gram: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


def principal_directions(
    gram: Tensor | NDArray[np.float64],
) -> tuple[Tensor, Tensor] | tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the energies ``[n]``, largest first, and the directions in the columns of ``[n, n]``.

    ``gram`` is a symmetric matrix ``[n, n]`` in double precision. Rounding can make energies that
    should be 0 slightly negative; the caller clips them where that matters.
    """
    # NumPy and torch bring different LAPACKs, whose results differ in the last digit. Each array is
    # decomposed by its own library, so that trained models keep their bits.
    if isinstance(gram, Tensor):
        energies, directions = torch.linalg.eigh(gram)
        return energies.flip(0), directions.flip(1)
    ascending, columns = np.linalg.eigh(gram)
    return ascending[::-1], columns[:, ::-1]


USUAL_TOLERANCE = 1e-3
"""Truncation error where no other is wanted."""
FEW_MODES = 64
"""Number of modes that cost next to nothing in training and prediction."""
FINEST_TOLERANCE = 1e-4
"""Truncation error down to which that many modes are kept."""


def kept_rank(
    energies: Tensor, total: float, tolerance: float | None, left_out: float = 0.0
) -> int:
    """Return the rank for a tolerance; by default for the usual one, or for a finer one.

    Smooth fields can be predicted with errors far below the usual tolerance, which would then be a
    floor that nothing after the reduction can get below: where few modes are enough for a finer
    tolerance, they are kept. See :func:`rank_for` for the arguments.
    """
    rank = rank_for(energies, total, tolerance or USUAL_TOLERANCE, left_out)
    if tolerance is not None:
        return rank
    finest = rank_for(energies, total, FINEST_TOLERANCE, left_out)
    return max(rank, min(finest, FEW_MODES))


def rank_for(energies: Tensor, total: float, tolerance: float, left_out: float = 0.0) -> int:
    """Return the smallest rank whose relative truncation error is at most ``tolerance``.

    Parameters
    ----------
    energies
        Squared singular values ``[k]``, float64, largest first, none negative.
    total
        Sum of all squared singular values of the matrix, also of those not in ``energies``.
    tolerance
        Largest allowed error: the root of the energy left out over ``total``.
    left_out
        Energy that lies in none of the ``k`` directions.

    Returns
    -------
    int
        A rank from 1 to ``k``; ``k`` where even all directions leave out too much.
    """
    remaining = energies.flip(0).cumsum(0).flip(0)  # summed from the smallest: least rounding
    # Entry k is the energy that is left out with rank k + 1.
    truncated = torch.cat([remaining[1:], torch.zeros(1, dtype=torch.float64)])
    enough = truncated + left_out <= tolerance**2 * total
    # argmax returns the first of equal values: the first rank that is enough.
    return int(enough.int().argmax()) + 1 if bool(enough.any()) else len(energies)
