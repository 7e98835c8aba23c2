"""Domains of quantities: a square of 16 cells with two components and a pressure, and a line."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.mesh.mesh import Mesh
from simulgenvae.quantities import FieldDomain


def square_mesh(*, cells: bool = True) -> Mesh:
    """Return the unit square with 5 × 5 nodes, row by row from y = 0."""
    y, x = (axis.ravel() for axis in np.meshgrid(*2 * (np.linspace(0, 1, 5),), indexing="ij"))
    corner = np.array([5 * row + column for row in range(4) for column in range(4)])
    quads = {"quad": corner[:, None] + np.array([0, 1, 6, 5])} if cells else None
    return Mesh(np.column_stack([x, y]), quads)


def square_domain(*, cells: bool = True) -> FieldDomain:
    times = np.array([0.0, 1.0, 3.0])
    variables = ("u", "v", "wall p")
    return FieldDomain(variables, ("m/s", "m/s", "Pa"), times, square_mesh(cells=cells), 25)


@pytest.fixture
def domain() -> FieldDomain:
    return square_domain()


@pytest.fixture
def fields(domain: FieldDomain) -> np.ndarray:
    """Fields ``[3, 25, 3]``: u = x + t, v = y, and a pressure with a peak at node 7, time 1."""
    x, y = domain.coords("").T
    values = np.zeros((3, 25, 3), np.float32)
    values[..., 0] = x + domain.times[:, None]
    values[..., 1] = y
    values[1, 7, 2] = 4.0
    values[2, 3, 2] = -2.0
    return values
