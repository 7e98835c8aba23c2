"""Cells between neighbouring nodes of a regular grid.

Tested in tests/mesh/test_regular_grid.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CORNERS = {
    1: ("line", ((0,), (1,))),
    2: ("quad", ((0, 0), (0, 1), (1, 1), (1, 0))),
    3: (
        "hexahedron",
        ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)),
    ),
}
"""Cells of grids of one to three dimensions, and the steps to their corners.

The order is VTK's, for a last dimension x.
"""


def regular_grid_cells(shape: tuple[int, ...]) -> dict[str, NDArray[np.int64]]:
    """Return the cells between the neighbours of a grid."""
    # A dimension of length 1 has no cells along it: the grid is one of fewer dimensions.
    numbers = np.arange(np.prod(shape)).reshape([count for count in shape if count > 1])
    if not numbers.ndim:
        return {}
    name, corners = _CORNERS[numbers.ndim]
    columns = []
    for corner in corners:
        # The nodes that are this corner of some cell: all but the first or the last of each axis.
        at = tuple(slice(1, None) if step else slice(-1) for step in corner)
        columns.append(numbers[at].ravel())
    return {name: np.stack(columns, axis=1)}
