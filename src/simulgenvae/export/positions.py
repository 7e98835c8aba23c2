"""Positions of the nodes of a design at each time, in a mesh that may move.

Tested in tests/export/test_positions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.motion import moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch


class Positions:
    """Positions of the nodes of the design ``index`` of a batch.

    Parameters
    ----------
    batch, index
        The design.
    rest
        Where its nodes are at rest, `[M, D]`.

    Attributes
    ----------
    move
        Whether the nodes move in time.
    """

    def __init__(self, batch: Batch, index: int, rest: NDArray[np.floating]) -> None:
        self._rest = np.asarray(rest)
        self._fields = batch.fields[index]
        self._columns = [batch.variables.index(name) for name in batch.motion]
        self.move = bool(batch.motion)

    def __call__(self, step: int) -> NDArray[np.floating]:
        """Return the positions at a timestep, `[M, D]`."""
        return moved(self._rest, self._fields[step][:, self._columns])
