"""The two studies of the demo: four parameters of a board vary, or the layout of the board."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

import numpy as np
import pyvista

from simulgenvae.demo import board
from simulgenvae.demo.layouts import SHARED_DESIGN, draw_layout, sample_layouts

if TYPE_CHECKING:
    from collections.abc import Set
    from pathlib import Path

    from simulgenvae.demo.board import Array, BoardLayout


class Designs(NamedTuple):
    """Designs to solve."""

    ids: tuple[str, ...]
    """Names of the N designs."""
    table: Array
    """Parameters in the order of ``board.NAMES``, ``[N, 4]``."""
    layouts: tuple[BoardLayout, ...]
    """Board of each design."""


class Problem(Protocol):
    """A study of the demo: it chooses designs and writes their conditions for ``simulgenvae``."""

    option: ClassVar[str]
    """Argument of ``ingest`` and ``predict`` that names the conditions."""
    runs: ClassVar[int]
    """Default number of designs for training and evaluation."""
    conditions: ClassVar[str]
    """Name of the file or folder with the conditions of the solved runs."""
    new_conditions: ClassVar[str]
    """Name of the file or folder with the conditions of the new designs."""
    settings: ClassVar[tuple[str, ...]]
    """Settings that a user who knows the problem would choose, as ``key=value``."""

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Return random designs."""

    def write(self, designs: Designs, path: Path) -> None:
        """Write the conditions as the user of a solver has them."""


class TableProblem:
    """Study of one board: row and speed of the spot, convection and conductivity vary."""

    option: ClassVar[str] = "--params"
    runs: ClassVar[int] = 96
    conditions: ClassVar[str] = "params.csv"
    new_conditions: ClassVar[str] = "new.csv"
    settings: ClassVar[tuple[str, ...]] = ()

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Return designs that fill the ranges of the parameters."""
        _, table, ids = board.sample_designs(count, seed, prefix)
        return Designs(ids, table, (board.BOARD,) * count)

    def write(self, designs: Designs, path: Path) -> None:
        """Write a CSV file with a column ``id`` and one for each parameter."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", *board.NAMES])
            writer.writerows(
                [run, *row] for run, row in zip(designs.ids, designs.table.tolist(), strict=True)
            )


class ImageProblem:
    """Study of boards with components of random size and place, described by their images only."""

    option: ClassVar[str] = "--images"
    runs: ClassVar[int] = 200
    conditions: ClassVar[str] = "images"
    new_conditions: ClassVar[str] = "new_images"
    settings: ClassVar[tuple[str, ...]] = ("training.augmentation.flips=y",)

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Return random layouts; all other parameters are fixed."""
        ids = tuple(f"{prefix}_{i:03d}" for i in range(count))
        return Designs(ids, np.tile(SHARED_DESIGN, (count, 1)), sample_layouts(count, seed))

    def write(self, designs: Designs, path: Path) -> None:
        """Write a folder with a PNG file for each design, named after it."""
        path.mkdir()
        for run, layout in zip(designs.ids, designs.layouts, strict=True):
            draw_layout(layout).save(path / f"{run}.png")


def make_study(
    problem: Problem, folder: Path, runs: int, seed: int = 0, workers: int | None = None
) -> Array:
    """Solve designs and write what a solver leaves; return the seconds of each run, ``[runs]``.

    The files are ``fields.npy``, ``coords.npy``, ``times.npy``, ``mesh.vtu`` and the conditions,
    which are called ``params.csv`` or ``images``.
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
    """Write the mesh as a ``.vtu`` file, with its materials if all boards have the same layout."""
    grid = board.mesh()
    points = np.column_stack([grid.p.T, np.zeros(grid.p.shape[1])])
    file = pyvista.UnstructuredGrid({pyvista.CellType.TRIANGLE: grid.t.T}, points)
    if len(layouts) == 1:
        # Boards of different layout share the mesh but not the materials.
        file.cell_data["material"] = board.materials(grid, *layouts)
    file.save(path)
