"""Method of snapshots: principal directions from the Gram matrix of a few long rows.

For a matrix A of n rows, the eigenvectors of A Aᵀ (n × n) are the left singular vectors of A and
its eigenvalues are the squared singular values, also called energies. A itself is never
decomposed, so its rows may be as long as they like (Sirovich 1987, Quarterly of Applied Mathematics
45(3), part I, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


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
    if isinstance(gram, np.ndarray):
        ascending, columns = np.linalg.eigh(gram)
        return ascending[::-1], columns[:, ::-1]
    # Regressions use this module without torch.
    import torch

    energies, directions = torch.linalg.eigh(gram)
    return energies.flip(0), directions.flip(1)


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
    import torch

    remaining = energies.flip(0).cumsum(0).flip(0)  # summed from the smallest: least rounding
    # Entry k is the energy that is left out with rank k + 1.
    truncated = torch.cat([remaining[1:], torch.zeros(1, dtype=torch.float64)])
    enough = truncated + left_out <= tolerance**2 * total
    # argmax returns the first of equal values: the first rank that is enough.
    return int(enough.int().argmax()) + 1 if bool(enough.any()) else len(energies)
