"""Folders of runs with meshes of their own, of about the same number of cells each.

Fields are formulas; no solver is needed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyvista
from numpy.typing import NDArray
from scipy.spatial import Delaunay

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
Body = tuple[Array, Numbers]
"""Positions of the nodes ``[m, 3]``, and triangles or tetrahedra ``[k, 3 or 4]``."""

NEW = "new"
"""Id of the design to predict, whose mesh no run has."""
RADIUS = 0.12
_PLACES = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
_KUHN = ((0, 1, 3, 7), (0, 1, 5, 7), (0, 2, 3, 7), (0, 2, 6, 7), (0, 4, 5, 7), (0, 4, 6, 7))
"""Corners of the six tetrahedra of a box; corner ``x + 2 y + 4 z`` is at (x, y, z)."""


def moving_hole(load: float, run: int, cells: int) -> Body:
    """Return a plate whose hole is elsewhere in each run."""
    return plate([(0.5 + 0.2 * load, 0.5 - 0.1 * load)], run, cells)


def some_holes(load: float, run: int, cells: int) -> Body:
    """Return a plate with one to four holes."""
    moved = _PLACES + 0.05 * load
    return plate(moved[: 1 + run % 4].tolist(), run, cells)


def corresponding(load: float, run: int, cells: int) -> Body:
    """Return the same triangles in each run, between nodes that are elsewhere."""
    points, triangles = plate([(0.5, 0.5)], 0, cells)
    bent = points + 0.1 * load * np.sin(np.pi * points[:, [1, 0, 2]])
    return bent * [1.0, 1.0, 0.0], triangles


def tetrahedra(load: float, run: int, cells: int) -> Body:
    """Return a bent bar of tetrahedra, with more of them along it in some runs than in others."""
    side = max(2, round((cells / 24) ** (1 / 3)))
    counts = np.array([4 * side + run % 5, side, side])
    number = np.arange((counts + 1).prod()).reshape(counts + 1)
    first = number[:-1, :-1, :-1].ravel()
    steps = [
        number[corner % 2, corner // 2 % 2, corner // 4] for corner in range(8)
    ]  # from the first corner of a box
    boxes = first[:, None] + np.array(steps)
    points = np.indices(tuple(counts + 1)).reshape(3, -1).T / counts * [4.0, 1.0, 1.0]
    points[:, 2] += 0.2 * load * np.sin(points[:, 0])
    return points, boxes[:, np.array(_KUHN)].reshape(-1, 4)


def plate(holes: Sequence[Sequence[float]], run: int, cells: int) -> Body:
    """Return a unit square with round holes; its nodes are elsewhere in each run."""
    generator = np.random.default_rng([1, run])
    spacing = (2.3 / cells) ** 0.5 * generator.uniform(0.97, 1.03)
    around = np.arange(0.0, 2.0 * np.pi, spacing / RADIUS)
    circle = RADIUS * np.stack([np.cos(around), np.sin(around)], axis=1)
    sides = np.linspace(0.0, 1.0, round(1.0 / spacing) + 1)[:-1]
    low, high = np.zeros_like(sides), np.ones_like(sides)
    outline = [(sides, low), (high, sides), (1.0 - sides, high), (low, 1.0 - sides)]
    # Rows of equilateral triangles.
    rows, columns = np.indices((int(1.2 / spacing), int(1.1 / spacing)))
    inner = spacing * np.stack([columns + 0.5 * (rows % 2), 0.866 * rows], axis=-1).reshape(-1, 2)
    inner += generator.uniform(-spacing, 0.0, 2)
    inner = inner[(np.abs(inner - 0.5) < 0.5 - 0.6 * spacing).all(axis=1)]
    for hole in holes:
        inner = inner[np.linalg.norm(inner - hole, axis=1) > RADIUS + 0.6 * spacing]
    lines = [np.stack(side, axis=1) for side in outline]
    points = np.concatenate([*lines, *(circle + hole for hole in holes), inner])
    triangles = Delaunay(points).simplices.astype(np.int64)
    middles = points[triangles].mean(axis=1)
    for hole in holes:
        is_outside = np.linalg.norm(middles - hole, axis=1) > RADIUS
        triangles, middles = triangles[is_outside], middles[is_outside]
    return np.column_stack([points, np.zeros(len(points))]), triangles


class Kind(NamedTuple):
    """Function that makes the mesh of a run, and how ``ingest`` lets such runs share one."""

    body: Callable[[float, int, int], Body]
    shared: str


KINDS = {
    "hole that moves": Kind(moving_hole, "morphing"),
    "one to four holes": Kind(some_holes, "grid"),
    "corresponding nodes": Kind(corresponding, "corresponding"),
    "tetrahedra": Kind(tetrahedra, "grid"),
}


class Place(NamedTuple):
    """Folder of runs and their table, and the mesh and the table of the new design."""

    runs: Path
    table: Path
    meshes: Path
    new: Path


def written(folder: Path, kind: str, runs: int, cells: int, timesteps: int) -> Place:
    """Return a folder of runs that differ; those that are there already are kept."""
    place = folder / f"own-{kind.replace(' ', '-')}-{cells}x{timesteps}"
    found = Place(
        place / f"runs-{runs}", place / f"runs-{runs}.csv", place / "meshes", place / "new.csv"
    )
    loads = np.random.default_rng(0).uniform(-1.0, 1.0, runs).tolist()
    for run, load in enumerate(loads):
        target = found.runs / f"run_{run:03d}"
        if not (target / f"t_{timesteps - 1}.vtu").exists():
            target.mkdir(parents=True, exist_ok=True)
            grid = as_grid(KINDS[kind].body(load, run, cells))
            for step in range(timesteps):
                add_fields(grid, load, step)
                grid.save(target / f"t_{step}.vtu")
    found.meshes.mkdir(exist_ok=True)
    as_grid(KINDS[kind].body(0.1, runs, cells)).save(found.meshes / f"{NEW}.vtu")
    rows = [[f"run_{run:03d}", load] for run, load in enumerate(loads)]
    for file, content in ((found.table, rows), (found.new, [[NEW, 0.1]])):
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([["id", "load"], *content])
    return found


def as_grid(body: Body) -> pyvista.UnstructuredGrid:
    points, cells = body
    kind = pyvista.CellType.TRIANGLE if cells.shape[1] == 3 else pyvista.CellType.TETRA
    return pyvista.UnstructuredGrid({kind: cells}, points)


def add_fields(grid: pyvista.UnstructuredGrid, load: float, step: int) -> None:
    """Put a scalar and a vector at a timestep on a grid, in single precision."""
    x, y, z = np.asarray(grid.points).T
    scalar = 300.0 + 10.0 * np.cos(3.0 * x + load + 0.3 * step) * np.sin(2.0 * y + z)
    vector = np.stack([np.sin(x + 0.2 * step), load * y, np.cos(x * y + z)], axis=1)
    grid.point_data["T"] = scalar.astype(np.float32)
    grid.point_data["U"] = vector.astype(np.float32)
