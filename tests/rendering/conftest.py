"""A square plate of quads, and how its pictures are looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from simulgenvae.mesh.mesh import Mesh


def make_plate(columns: int = 11, rows: int = 11, width: float = 1.0, height: float = 1.0) -> Mesh:
    x, y = (
        axis.ravel()
        for axis in np.meshgrid(np.linspace(0, width, columns), np.linspace(0, height, rows))
    )
    corner = np.array(
        [columns * row + column for row in range(rows - 1) for column in range(columns - 1)]
    )
    return Mesh(
        np.column_stack([x, y]), {"quad": corner[:, None] + np.array([0, 1, columns + 1, columns])}
    )


@pytest.fixture(name="make_plate", scope="session")
def make_plate_fixture() -> Callable[..., Mesh]:
    """Return a function that makes ``columns`` × ``rows`` nodes of quads on a rectangle.

    It lies at the origin and has a ``width`` and a ``height``.
    """
    return make_plate


@pytest.fixture
def plate() -> Mesh:
    return make_plate()


@pytest.fixture
def block() -> Mesh:
    """One hexahedron, 1 x 1 x 1."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    coords = np.concatenate([np.column_stack([corners, np.full(4, z)]) for z in (0.0, 1.0)])
    return Mesh(coords, {"hexahedron": np.arange(8)[None]})


@pytest.fixture(scope="session")
def inked() -> Callable[[NDArray[np.uint8]], NDArray[np.intp]]:
    """First and last column, first and last row of a picture that are not white."""

    def find(picture: NDArray[np.uint8]) -> NDArray[np.intp]:
        rows, columns = np.nonzero((picture < 250).any(axis=2))
        return np.array([columns.min(), columns.max(), rows.min(), rows.max()])

    return find
