"""Geometry as a condition: shape modes, and what a design's geometry is where it is not given.

Tested in tests/surrogate/shapes/test_model.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
    from simulgenvae.surrogate.shapes.description import ShapeDescription
    from simulgenvae.surrogate.shapes.model import ShapeModel, with_shapes
    from simulgenvae.surrogate.shapes.modes import ShapeModes

__all__ = ["ShapeDescription", "ShapeModel", "ShapeModes", "with_shapes"]

# Most studies have one mesh, and their predictions are quick.
__getattr__ = lazy_names(
    __name__,
    {
        "ShapeDescription": "description",
        "ShapeModel": "model",
        "ShapeModes": "modes",
        "with_shapes": "model",
    },
)
