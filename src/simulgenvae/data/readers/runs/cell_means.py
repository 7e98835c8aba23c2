"""Values of cells at the nodes: means of the cells around each node.

Tested in tests/data/readers/runs/test_cell_means.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def cell_means(grid: Any) -> Any:
    """Return a grid whose fields of cells are also fields of nodes.

    Where cells of several dimensions meet, such as lines and triangles on the boundary of
    tetrahedra (Gmsh), a node takes the mean of those with the most dimensions around it.
    """
    if not _is_mixed(grid):
        return grid.cell_data_to_point_data()
    import pyvista
    from vtkmodules.vtkFiltersCore import vtkCellDataToPointData

    means = vtkCellDataToPointData()
    means.SetInputData(grid)
    means.SetContributingCellOption(vtkCellDataToPointData.Patch)
    means.Update()
    return pyvista.wrap(means.GetOutput())


def _is_mixed(grid: Any) -> bool:
    """Return whether a grid has cells of different dimensions."""
    from vtkmodules.vtkCommonDataModel import vtkGenericCell

    if not hasattr(grid, "celltypes"):
        return False
    kinds = [vtkGenericCell.InstantiateCell(int(kind)) for kind in np.unique(grid.celltypes)]
    return len({kind.GetCellDimension() for kind in kinds}) > 1
