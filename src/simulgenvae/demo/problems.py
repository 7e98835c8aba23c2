"""The studies of the demo: parameters of a heated panel vary, or the layout of a circuit board."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np

from simulgenvae.demo import board, panel
from simulgenvae.demo.layouts import SHARED_DESIGN, draw_layout, sample_layouts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Designs(NamedTuple):
    """Designs to solve."""

    ids: tuple[str, ...]
    """Names of the N designs."""
    inputs: tuple[Any, ...]
    """Argument of :meth:`Problem.solve` for each."""


class Problem(Protocol):
    """A study of the demo: it makes what the user of a solver has, and solves."""

    option: ClassVar[str]
    """Argument of ``ingest`` and ``predict`` that names the conditions."""
    conditions: ClassVar[str]
    """Name of the file or folder with the conditions of the solved runs."""
    new_conditions: ClassVar[str]
    """Name of the file or folder with the conditions of the new designs."""

    @property
    def runs(self) -> int:
        """Default number of designs for training and evaluation."""

    @property
    def settings(self) -> tuple[str, ...]:
        """Settings of ``train``, as ``key=value``."""

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Return random designs."""

    def write(self, designs: Designs, path: Path) -> None:
        """Write the conditions as the user of a solver has them."""

    def solve(self, design: Any) -> NDArray[np.float32]:
        """Return the temperature of one design in K, ``[T, M]``."""

    def write_mesh(self, folder: Path) -> None:
        """Write ``mesh.vtu`` and ``times.npy``."""


PANEL_SETTINGS = (
    "data.test_fraction=0.25",
    "training.end_to_end.second_decoder=none",
    "training.end_to_end.members=2",
)
"""A quarter of the runs is for the test, so that few runs measure the error well enough. Two
networks, fewer than usual, are trained in less than two minutes, and without neural fields they
answer in a tenth of the time."""


@dataclass(frozen=True)
class PanelProblem:
    """Study of a panel under a laser beam, whose row, speed and power vary."""

    option: ClassVar[str] = "--params"
    conditions: ClassVar[str] = "params.csv"
    new_conditions: ClassVar[str] = "new.csv"
    runs: int = 48
    settings: tuple[str, ...] = (*PANEL_SETTINGS, "training.end_to_end.steps=800")
    element_size: float = panel.ELEMENT_SIZE
    """Resolution of the mesh, m."""

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Return designs that fill the ranges of the parameters."""
        table = panel.sample_designs(count, seed)
        return Designs(_ids(count, prefix), tuple(map(tuple, table.tolist())))

    def write(self, designs: Designs, path: Path) -> None:
        """Write a CSV file with a column ``id`` and one for each parameter, with its unit."""
        header = [f"{name} [{unit}]" for name, unit in zip(panel.NAMES, panel.UNITS, strict=True)]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", *header])
            writer.writerows(
                [run, *design] for run, design in zip(designs.ids, designs.inputs, strict=True)
            )

    def solve(self, design: Any) -> NDArray[np.float32]:
        """Return the temperature of one design in K, ``[T, M]``."""
        return panel.solve(design, element_size=self.element_size)

    def write_mesh(self, folder: Path) -> None:
        """Write the mesh of cubes and the times."""
        grid = panel.mesh(self.element_size)
        # scikit-fem counts the nodes of a cube in another order than VTK.
        corners = grid.t[[0, 2, 4, 1, 3, 6, 7, 5]]
        _write_mesh(folder, "HEXAHEDRON", corners.T, grid.p.T)
        np.save(folder / "times.npy", panel.TIMES)


QUICK_PANEL = PanelProblem(
    runs=24,
    settings=(*PANEL_SETTINGS, "training.end_to_end.steps=180"),
    element_size=2.0 * panel.ELEMENT_SIZE,
)
"""Fewer runs on a coarse mesh, and networks with few steps."""


class ImageProblem:
    """Study of boards with components of random size and place, described by their images only."""

    option: ClassVar[str] = "--images"
    conditions: ClassVar[str] = "images"
    new_conditions: ClassVar[str] = "new_images"
    runs: int = 200
    settings: tuple[str, ...] = ("training.augmentation.flips=y",)

    def sample(self, count: int, seed: int = 0, prefix: str = "run") -> Designs:
        """Return random layouts; all other parameters are fixed."""
        return Designs(_ids(count, prefix), sample_layouts(count, seed))

    def write(self, designs: Designs, path: Path) -> None:
        """Write a folder with a PNG file for each design, named after it."""
        path.mkdir(exist_ok=True)
        for run, layout in zip(designs.ids, designs.inputs, strict=True):
            draw_layout(layout).save(path / f"{run}.png")

    def solve(self, design: Any) -> NDArray[np.float32]:
        """Return the temperature of a layout in K, ``[T, M]``."""
        return board.solve(SHARED_DESIGN, design)

    def write_mesh(self, folder: Path) -> None:
        """Write the mesh of triangles, which all boards share, and the times."""
        grid = board.mesh()
        points = np.column_stack([grid.p.T, np.zeros(grid.p.shape[1])])
        _write_mesh(folder, "TRIANGLE", grid.t.T, points)
        np.save(folder / "times.npy", board.TIMES)


def _ids(count: int, prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{i:03d}" for i in range(count))


def _write_mesh(folder: Path, kind: str, cells: NDArray[np.int64], points: Any) -> None:
    # Imported here: the processes that solve do not need it, and it takes a second to load.
    import pyvista

    grid = pyvista.UnstructuredGrid({pyvista.CellType[kind]: cells}, points)
    grid.save(folder / "mesh.vtu")
