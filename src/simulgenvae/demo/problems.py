"""The two studies of the demo: four parameters of one board vary, or the layout of the board, known
by a picture."""

from __future__ import annotations

import csv
from collections.abc import Set
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import pyvista

from simulgenvae.demo import board
from simulgenvae.demo.board import Array, BoardLayout
from simulgenvae.demo.layouts import DESIGN, picture, sample_layouts


class Designs(NamedTuple):
    """N designs to solve."""

    ids: tuple[str, ...]
    table: Array
    """[N, 4], in the order of ``board.NAMES``."""
    layouts: tuple[BoardLayout, ...]


class Problem(Protocol):
    """How designs are chosen, and how they are written down for ``simulgenvae``."""

    option: ClassVar[str]
    """Argument of ``ingest`` and ``predict`` that names the conditions."""
    runs: ClassVar[int]
    """Designs for training and evaluation, when nothing else is asked for."""
    conditions: ClassVar[str]
    """Name of the file or folder with the conditions of the solved runs."""
    new_conditions: ClassVar[str]
    """Name of the file or folder with those of the new designs."""
    settings: ClassVar[tuple[str, ...]]
    """What the user knows of the problem, as ``key=value``."""

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Designs at random."""

    def write(self, designs: Designs, path: Path) -> None:
        """The conditions, as a user would bring them."""


class Parameters:
    """One board; row and speed of the spot, convection and conductivity vary."""

    option: ClassVar[str] = "--params"
    runs: ClassVar[int] = 96
    conditions: ClassVar[str] = "params.csv"
    new_conditions: ClassVar[str] = "new.csv"
    settings: ClassVar[tuple[str, ...]] = ()

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Designs that fill the ranges of the parameters."""
        _, table, ids = board.sample_designs(count, seed, prefix)
        return Designs(ids, table, (board.BOARD,) * count)

    def write(self, designs: Designs, path: Path) -> None:
        """A CSV file with the columns id and one per parameter."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", *board.NAMES])
            writer.writerows(
                [run, *row] for run, row in zip(designs.ids, designs.table.tolist(), strict=True)
            )


class Pictures:
    """Boards with components of random size and place; all else is fixed, so that the picture says
    everything."""

    option: ClassVar[str] = "--images"
    runs: ClassVar[int] = 200
    conditions: ClassVar[str] = "images"
    new_conditions: ClassVar[str] = "new_images"
    settings: ClassVar[tuple[str, ...]] = ("training.augmentation.flips=y",)

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Layouts at random."""
        ids = tuple(f"{prefix}_{i:03d}" for i in range(count))
        return Designs(ids, np.tile(DESIGN, (count, 1)), sample_layouts(count, seed))

    def write(self, designs: Designs, path: Path) -> None:
        """A folder with a PNG file per design, named after it."""
        path.mkdir()
        for run, layout in zip(designs.ids, designs.layouts, strict=True):
            picture(layout).save(path / f"{run}.png")


def make_study(
    problem: Problem, folder: Path, runs: int, seed: int = 0, workers: int | None = None
) -> Array:
    """Solve designs; write fields.npy, coords.npy, times.npy, mesh.vtu and the conditions; seconds
    per run [runs].

    The conditions are called ``params.csv`` or ``images``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    designs = problem.sample(runs, seed)
    fields, seconds = board.solve_all(designs.table, designs.layouts, workers)
    np.save(folder / "fields.npy", fields)
    np.save(folder / "coords.npy", board.mesh().p.T)
    np.save(folder / "times.npy", board.TIMES)
    problem.write(designs, folder / problem.conditions)
    write_mesh(folder / "mesh.vtu", set(designs.layouts))
    return seconds


def write_mesh(path: Path, layouts: Set[BoardLayout]) -> None:
    """The mesh as a .vtu file; with its materials where all boards have the same layout."""
    grid = board.mesh()
    points = np.column_stack([grid.p.T, np.zeros(grid.p.shape[1])])
    file = pyvista.UnstructuredGrid({pyvista.CellType.TRIANGLE: grid.t.T}, points)
    if len(layouts) == 1:
        file.cell_data["material"] = board.materials(grid, *layouts)
    file.save(path)
