"""Numeric arrays of VTK's data, by their names.

Tested in tests/data/readers/runs/test_folder.py and test_multiblock.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_NUMBERING = re.compile("vtk|ObjectId$|(Global|Pedigree)(Node|Element)Id$|UserIDs?$|UserIds?$")
"""Names of arrays that VTK's readers add: numbers of nodes and cells, no results."""


_MOST_VALUES = 10_000
"""Most values of an array of field data: labels of a prediction have a few."""


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


def field_data(data: Any) -> dict[str, Sequence[float | str]]:
    """Return the numbers and texts of field data by their names, as far as they are few."""
    found: dict[str, Sequence[float | str]] = {}
    for index in range(data.GetNumberOfArrays()):
        array = data.GetAbstractArray(index)
        if array.GetName() and array.GetNumberOfValues() <= _MOST_VALUES:
            values = [array.GetVariantValue(row) for row in range(array.GetNumberOfValues())]
            found[array.GetName()] = [
                each.ToString() if each.IsString() else each.ToDouble() for each in values
            ]
    return found
