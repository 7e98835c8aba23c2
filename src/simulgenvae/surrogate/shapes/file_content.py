"""Content of model files about geometries: from a shape model to arrays, and back.

Tested in tests/surrogate/shapes/test_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulgenvae.geometry import restore_common_mesh
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.shapes.description import ShapeDescription
from simulgenvae.surrogate.shapes.model import ONE_TIME, ShapeModel
from simulgenvae.surrogate.shapes.modes import ShapeModes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh


def shape_description(shapes: ShapeModel) -> ShapeDescription:
    """Return what a model file says of the geometries besides :func:`shape_arrays`."""
    return ShapeDescription(
        geometry=shapes.common.to_record(), names=shapes.names, table=shapes.table, size=shapes.size
    )


def shape_arrays(shapes: ShapeModel) -> dict[str, NDArray[Any]]:
    """Return the arrays that a model file holds of the geometries."""
    arrays: dict[str, NDArray[Any]] = {
        f"modes.{name}": array for name, array in shapes.modes.arrays().items()
    }
    if shapes.processes is not None:
        found = shapes.processes.arrays()
        arrays |= {f"processes.{name}": array for name, array in found.items()}
    return arrays


def restored_shapes(
    arrays: dict[str, NDArray[Any]], description: ShapeDescription, mesh: Mesh
) -> ShapeModel:
    """Return the shape model of a file, on the whole mesh ``mesh``.

    Raises LookupError, TypeError or ValueError where the arrays do not fit.
    """
    groups: dict[str, dict[str, NDArray[Any]]] = {"modes": {}, "processes": {}}
    for name, array in arrays.items():
        group, _, key = name.partition(".")
        groups[group][key] = array
    common = restore_common_mesh(description.geometry, mesh)
    modes = ShapeModes.restore(groups["modes"], common.nodes, common.shape_width)
    if len(description.names) > modes.count:
        raise ValueError(f"{len(description.names)} columns of {modes.count} shape modes")
    processes = None
    if groups["processes"]:
        processes = PodGaussianProcesses.restore(groups["processes"], description.table, ONE_TIME)
        if processes.leading.trajectory != (1, modes.count):
            raise ValueError("the regression of shapes has other modes than the shapes")
    if not (description.names or description.table.names or description.table.images):
        raise ValueError("a design has neither a geometry nor other conditions")
    return ShapeModel(
        common, modes, description.names, description.table, processes, description.size
    )
