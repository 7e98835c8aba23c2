"""Numeric arrays of VTK's data, by their names.

Tested in tests/data/readers/runs/test_folder.py and test_multiblock.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_NUMBERING = re.compile("vtk|ObjectId$|(Global|Pedigree)(Node|Element)Id$|UserIDs?$|UserIds?$")
"""Names of arrays that VTK's readers add: numbers of nodes and cells, no results."""


def numbers(data: Any) -> dict[str, NDArray[Any]]:
    """Return the numeric arrays of nodes or cells that are results.

    Left out are arrays that VTK itself adds, that are marked as ids, whatever their names (VTK's
    filters drop these), and that belong to the shape of cells of higher order.
    """
    # PyVista's own mapping of arrays by name is slower, and this is called at every timestep.
    from vtkmodules.util import numpy_support

    as_numpy: Callable[[Any], NDArray[Any]] = numpy_support.vtk_to_numpy
    marked = (
        data.GetGlobalIds(),
        data.GetPedigreeIds(),
        data.GetHigherOrderDegrees(),
        data.GetRationalWeights(),
    )
    others = [array.GetName() for array in marked if array is not None]
    found: dict[str, NDArray[Any]] = {}
    for index in range(data.GetNumberOfArrays()):
        array = data.GetArray(index)  # None for an array of texts
        name = None if array is None else array.GetName()
        if name and name not in others and not _NUMBERING.match(name):
            found[name] = as_numpy(array)
    return found
