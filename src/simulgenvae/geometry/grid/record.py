"""Numbers that a background grid is made of, as files have them.

Tested in tests/geometry/grid/test_record.py.
"""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictBool, model_validator

MOST_STORED = 2_000_000
"""Most nodes of a grid that is read from a file: a damaged number must not fill the memory."""


class GridRecord(BaseModel):
    """Regular grid with the same spacing along all its axes.

    Attributes
    ----------
    origin
        Position of the first node, `[D]`, in the coordinates of the meshes.
    spacing
        Distance between neighbouring nodes.
    counts
        Number of nodes along each coordinate, `[D]`; 1 for a coordinate that is the same in all
        meshes, and which is no axis of the grid.
    unit
        Unit of the positions, "" where it is unknown.
    surface
        Whether geometries are surfaces in space, and not what fills the grid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Annotated[tuple[FiniteFloat, ...], Field(min_length=2, max_length=3)]
    spacing: Annotated[FiniteFloat, Field(gt=0)]
    counts: tuple[Annotated[int, Field(ge=1, le=MOST_STORED)], ...]
    unit: Annotated[str, Field(max_length=200)] = ""
    surface: StrictBool = False

    @model_validator(mode="after")
    def _is_a_grid(self) -> Self:
        if len(self.counts) != len(self.origin):
            raise ValueError(f"{len(self.counts)} counts for {len(self.origin)} coordinates")
        if len(self.axes) < 2:
            raise ValueError(f"a grid of {self.counts} nodes has fewer than two axes")
        if self.surface and len(self.axes) < 3:
            raise ValueError(f"a grid of {self.counts} nodes is not in space")
        if math.prod(self.counts) > MOST_STORED:
            raise ValueError(f"a grid of {self.counts} nodes has more than {MOST_STORED}")
        # Otherwise rounding would make neighbouring nodes coincide.
        last = [o + self.spacing * n for o, n in zip(self.origin, self.counts, strict=True)]
        farthest = max(map(abs, (*self.origin, *last)))
        if not (math.isfinite(farthest) and self.spacing > 1e-12 * farthest):
            raise ValueError(f"the spacing {self.spacing:g} is too small for the positions")
        return self

    @property
    def cell_dimension(self) -> int:
        """Dimension of the cells of the geometries."""
        return 2 if self.surface else len(self.axes)

    @property
    def axes(self) -> tuple[int, ...]:
        """Coordinates along which the grid extends."""
        return tuple(axis for axis, count in enumerate(self.counts) if count > 1)
