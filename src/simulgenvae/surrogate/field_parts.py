"""Times, mesh and mask of a model file, which say where its fields are.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.metadata import check_times
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_mask import NodeMask
from simulgenvae.mesh.node_sets import NodeSets
from simulgenvae.surrogate.weights import group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction import Reduction
    from simulgenvae.surrogate.descriptions import VaeDescription
    from simulgenvae.surrogate.shapes import ShapeModel


class FieldParts(NamedTuple):
    """Times and nodes of the fields of a surrogate."""

    times: NDArray[np.float64]
    """Training times, ``[T]``."""
    mesh: Mesh
    """Nodes with values, and the cells between them."""
    mask: NodeMask | None
    """Nodes of the whole mesh that have values; None where all have."""
    shapes: ShapeModel | None
    """Description of geometries, where runs have meshes of their own."""


def field_parts(
    arrays: dict[str, NDArray[Any]], reduction: Reduction, description: VaeDescription
) -> FieldParts:
    """Return the parts in the arrays of the VAE's file, each checked against the reduction.

    Parameters
    ----------
    arrays
        Arrays of the file, by their names.
    reduction
        Reduction of the same file.
    description
        Description of the same file.

    Raises
    ------
    UserError, KeyError, TypeError, ValueError
        When something is missing or does not fit.
    """
    times = arrays["times"].astype(np.float64)
    check_times(times)
    nodes, known = reduction.field_shape
    variables = len(description.variables)
    if variables != known or not len(times):
        raise ValueError(f"{variables} variables and {len(times)} times of {known} fields")
    cells = Cells.from_arrays(group("cells.", arrays))
    sets = NodeSets.from_arrays(description.sets, group("sets.", arrays))
    mesh = Mesh(arrays.get("coords"), cells, unit=description.length_unit, sets=sets)
    shapes = None
    if description.shapes is not None:
        from simulgenvae.surrogate.shapes.file_content import restored_shapes

        shapes = restored_shapes(group("shapes.", arrays), description.shapes, mesh)
    mask = None
    if "valued" in arrays:
        mask = NodeMask(mesh, arrays["valued"].astype(bool))
        mesh = mask.part()
    mesh.check(nodes)
    if mask is not None and len(mask.numbers) != nodes:
        raise ValueError(f"{len(mask.numbers)} nodes with values, but fields of {nodes} nodes")
    return FieldParts(times, mesh, mask, shapes)
