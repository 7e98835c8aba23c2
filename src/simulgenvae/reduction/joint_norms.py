"""Sizes of runs in the measure of the report, from their coefficients.

The joint relative error of a run is the norm of its error over the norm of its deviation from the
mean of each variable, both in units of the variable's standard deviation. Distances of states are
distances in this measure, so only the norm of the deviation is needed in addition. (With scaling
per node, states count every node by its own range, and what follows is an approximation.)

Tested in tests/reduction/test_joint_norms.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from simulgenvae.reduction.base import Reduction
    from simulgenvae.reduction.state_map import StateMap


class JointNorms:
    """Root mean square over time of the deviation of runs from the mean of each variable.

    Parameters
    ----------
    reduction
        Reduction of the fields.
    """

    def __init__(self, reduction: Reduction) -> None:
        # A state is the distance from the mean at each node; this leads on to the mean over nodes.
        offset = mean_state(reduction.state_map)
        basis, _ = reduction.basis_and_factor()
        self._square = float(np.square(offset).sum())
        self._offset = offset if basis is None else offset.astype(np.float32) @ basis

    def of(self, runs: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Return the norms ``[n]`` of n runs from their coefficients ``[T, r]``.

        What the reduction leaves out of a run is not in its norm.
        """
        norms = []
        for run in runs:
            # |c + q|², where q is constant: |c|² + 2 q·c + |q|².
            squares = np.square(run, dtype=np.float64).sum(1) + 2.0 * (run @ self._offset)
            norms.append(np.sqrt(max(0.0, float(squares.mean()) + self._square)))
        return np.array(norms)


def mean_state(state_map: StateMap) -> NDArray[np.float64]:
    """Return the distance of the mean at each node from the mean over nodes, ``[M·V]``.

    It is in the units of states.
    """
    return np.asarray((state_map.mean - state_map.mean.mean(0)) / state_map.std).ravel()
