"""Meshes of simple geometries for the tests of background grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyvista

from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh

RUN = Path("run_7")


def ring(
    rings: int, *, inner: float = 0.0, outer: float = 1.0, width: float = 1.0, columns: int = 2
) -> Mesh:
    """Return triangles between two ellipses, whose axes along x are ``width`` times longer."""
    around = 6 * rings
    radius = np.linspace(max(inner, 0.5 * outer / rings), outer, rings + 1)
    angle = 2 * np.pi * np.arange(around) / around
    x, y = (np.multiply.outer(radius, turn).ravel() for turn in (np.cos(angle), np.sin(angle)))
    number = np.arange(len(x)).reshape(rings + 1, around)
    a, b = number[:-1].ravel(), np.roll(number, -1, axis=1)[:-1].ravel()
    c, d = number[1:].ravel(), np.roll(number, -1, axis=1)[1:].ravel()
    triangles = np.concatenate([np.column_stack([a, c, d]), np.column_stack([a, d, b])])
    if inner == 0.0:
        middle = np.full(around, len(x))
        triangles = np.concatenate(
            [triangles, np.column_stack([middle, number[0], np.roll(number[0], -1)])]
        )
        x, y = np.append(x, 0.0), np.append(y, 0.0)
    coords = np.zeros((len(x), columns))
    coords[:, 0], coords[:, 1] = width * x, y
    return Mesh(coords, {"triangle": triangles})


def box(cells: int, *, size: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Mesh:
    """Return a box of tetrahedra, with ``cells`` hexahedra divided along each side."""
    spacing = tuple(side / cells for side in size)
    grid = pyvista.ImageData(dimensions=(cells + 1,) * 3, spacing=spacing)
    return grid_mesh(grid.cast_to_unstructured_grid().triangulate(), RUN)


def plate(cells: int, *, place: float = 0.0) -> Mesh:
    """Return a square of quadrilaterals in the x-y plane of three coordinates."""
    grid = pyvista.ImageData(
        dimensions=(cells + 1, cells + 1, 1), spacing=(1 / cells,) * 3, origin=(place, 0.0, 0.0)
    )
    return grid_mesh(grid.cast_to_unstructured_grid(), RUN)


def quadratic_ring(rings: int, *, inner: float) -> Mesh:
    """Return triangles of second order between two circles, with curved sides on them."""
    mesh = ring(rings, inner=inner)
    corners = mesh.cells["triangle"]
    ends, middle = _sides(corners, ((0, 1), (1, 2), (2, 0)))
    centres = mesh.coords[ends].mean(axis=1)
    radius = np.linalg.norm(mesh.coords[ends], axis=2).mean(axis=1)
    centres *= (radius / np.linalg.norm(centres, axis=1))[:, None]
    coords = np.concatenate([mesh.coords, centres])
    return Mesh(coords, {"triangle6": np.column_stack([corners, len(mesh.coords) + middle])})


def quadratic_box(cells: int) -> Mesh:
    """Return a cube of tetrahedra of second order."""
    mesh = box(cells)
    corners = mesh.cells["tetra"]
    ends, middle = _sides(corners, ((0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)))
    coords = np.concatenate([mesh.coords, mesh.coords[ends].mean(axis=1)])
    return Mesh(coords, {"tetra10": np.column_stack([corners, len(mesh.coords) + middle])})


def _sides(
    corners: np.ndarray, pairs: tuple[tuple[int, int], ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of all sides, and the number of each side of each cell."""
    sides = np.sort(np.concatenate([corners[:, pair] for pair in pairs]), axis=1)
    unique, place = np.unique(sides, axis=0, return_inverse=True)
    return unique, place.reshape(len(pairs), -1).T
