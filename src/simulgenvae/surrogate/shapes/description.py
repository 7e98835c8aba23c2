"""Description of a shape model in a model file.

Tested in tests/surrogate/shapes/test_model.py.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from simulgenvae.data.condition_scaler import ConditionScaler


class ShapeDescription(BaseModel):
    """Description of a shape model in a model file, besides its arrays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    geometry: dict[str, Any]
    """Way in which the runs share a mesh, see :meth:`CommonMesh.to_record`."""
    names: tuple[str, ...]
    """Names of the columns that describe a geometry; none where the other conditions do."""
    table: ConditionScaler
    """Scaling of the other conditions, from which a geometry is predicted."""
    size: Annotated[FiniteFloat, Field(gt=0.0)]
    """Root mean square over the training runs of the norm of their coefficients."""

    @property
    def keeps_nodes(self) -> bool:
        """True if nodes of the same number belong together in all geometries."""
        return self.geometry.get("kind") == "corresponding"
