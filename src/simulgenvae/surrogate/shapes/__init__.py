"""Geometry as a condition: shape modes, and what a design's geometry is where it is not given."""

from simulgenvae.surrogate.shapes.model import ShapeDescription, ShapeModel, with_shapes
from simulgenvae.surrogate.shapes.modes import ShapeModes

__all__ = ["ShapeDescription", "ShapeModel", "ShapeModes", "with_shapes"]
