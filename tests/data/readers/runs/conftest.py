"""Runs for the writers of VTK and of others, with what the readers are to find in them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pyvista
from vtkmodules.util.vtkAlgorithm import VTKPythonAlgorithmBase
from vtkmodules.vtkCommonDataModel import vtkDataObject
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

from simulgenvae.data.readers.source import Source

TIMES = (0.0, 0.5, 1.25)


def block(amplitude: float, time: float, at: float = 0.0) -> pyvista.UnstructuredGrid:
    """Return a box of hexahedra with a temperature, a velocity and, in its cells, a density."""
    voxels = pyvista.ImageData(dimensions=(4, 3, 2), spacing=(0.5, 0.25, 1.0), origin=(at, 0, 0))
    cells: Any = voxels.cast_to_unstructured_grid().cells_dict
    corners = cells[11][:, [0, 1, 3, 2, 4, 5, 7, 6]]
    made = pyvista.UnstructuredGrid({12: corners}, np.array(voxels.points, dtype=np.float64))
    x, y, _ = made.points.T
    made.point_data["T"] = amplitude * np.sin(x + time)
    made.point_data.set_vectors(amplitude * np.stack([x, y, x * 0 + time], axis=1), "U")
    made.cell_data["rho"] = np.full(made.n_cells, amplitude + time)
    return made


def expected(amplitude: float, time: float, at: float = 0.0) -> np.ndarray:
    """[nodes, 5]: T, U_x, U_y, U_z, rho."""
    made = block(amplitude, time, at)
    return np.column_stack([made["T"], made["U"], np.full(made.n_points, amplitude + time)])


def assert_mesh(source: Source) -> None:
    """Check that the mesh has the hexahedra of the box."""
    assert source.mesh is not None
    cells: Any = block(1.0, 0.0).cells_dict
    np.testing.assert_array_equal(source.mesh.cells["hexahedron"], cells[12])


class Transient(VTKPythonAlgorithmBase):
    """What VTK's writers of several timesteps take them from."""

    def __init__(self, make: Any, kind: str) -> None:
        super().__init__(nInputPorts=0, nOutputPorts=1, outputType=kind)
        self.make = make

    def RequestInformation(self, request: Any, inputs: Any, outputs: Any) -> int:  # noqa: N802
        keys, information = vtkStreamingDemandDrivenPipeline, outputs.GetInformationObject(0)
        information.Set(keys.TIME_STEPS(), TIMES, len(TIMES))
        information.Set(keys.TIME_RANGE(), (TIMES[0], TIMES[-1]), 2)
        return 1

    def RequestData(self, request: Any, inputs: Any, outputs: Any) -> int:  # noqa: N802
        information, key = (
            outputs.GetInformationObject(0),
            vtkStreamingDemandDrivenPipeline.UPDATE_TIME_STEP(),
        )
        time = information.Get(key) if information.Has(key) else TIMES[0]
        output = vtkDataObject.GetData(outputs)
        output.ShallowCopy(self.make(time))
        output.GetInformation().Set(vtkDataObject.DATA_TIME_STEP(), time)
        return 1


@pytest.fixture
def box() -> SimpleNamespace:
    """Return a box of 24 nodes and 6 hexahedra at three times, and the values of its nodes."""
    return SimpleNamespace(
        times=TIMES,
        block=block,
        expected=expected,
        assert_mesh=assert_mesh,
        transient=Transient,
    )
