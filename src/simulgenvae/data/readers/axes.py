"""Axes of an array of fields: their names, their order, and the grid that some of them span.

Tested in tests/data/readers/test_array_source.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.regular_grid import regular_grid_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

GRID = ("x", "y", "z")
"""Names of the axes of a regular grid, whose points are the nodes."""
AXES = ("run", "time", "node", "variable", *GRID)
"""Names that axes can have."""
OF_A_RUN = {1: ("node",), 2: ("time", "node"), 3: ("time", "node", "variable")}
"""Axes of the array of a single run by their number, where nobody names them."""
MOST_COMPONENTS = 9
"""Most variables that a last axis without names is taken for: the components of a tensor. A longer
one is more likely an axis of a grid."""


@dataclass(frozen=True)
class Axes:
    """Named axes of an array, in the order of the file.

    Raises UserError unless they are known names, each once, with nodes or a grid.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        on_grid = [name for name in self.names if name in GRID]
        sound = len(set(self.names)) == len(self.names) and set(self.names) <= set(AXES)
        if not sound or ("node" in self.names) == bool(on_grid):
            raise UserError(
                f"--axes {','.join(self.names)}: name each axis once, from run, time, variable, "
                "and node or, on a grid, x, y, z"
            )

    @property
    def space(self) -> tuple[str, ...]:
        """Axes of the nodes, ``node`` or ``x``, ``y``, ``z``, in the order of the file."""
        return tuple(name for name in self.names if name in ("node", *GRID))

    def sizes(self, path: Path, shape: Sequence[int]) -> dict[str, int]:
        """Return the length of each axis; 1 for time and variable where the array has none.

        Raises UserError when the array has another number of axes.
        """
        if len(shape) != len(self.names):
            raise UserError(
                f"{path}: has the shape {tuple(shape)}, but --axes names {', '.join(self.names)}"
            )
        return {"time": 1, "variable": 1} | dict(zip(self.names, shape, strict=True))

    def without_run(self) -> Axes:
        """Return the axes of one run."""
        return Axes(tuple(name for name in self.names if name != "run"))

    def arranged(self, run: NDArray[Any]) -> NDArray[Any]:
        """Return the array of one run as `[T, M, V]`, the last axis of a grid fastest."""
        wanted = [name for name in ("time", *self.space, "variable") if name in self.names]
        ordered = run.transpose([self.names.index(name) for name in wanted])
        steps = ordered.shape[0] if "time" in self.names else 1
        count = ordered.shape[-1] if "variable" in self.names else 1
        return ordered.reshape(steps, -1, count)

    def mesh(self, path: Path, sizes: Mapping[str, int], places: Mapping[str, Any]) -> Mesh | None:
        """Return the nodes of a grid and the cells between them; None where places are unknown.

        ``places`` are the coordinates along each axis of the grid, by its name. Raises UserError
        when one of them has another length.
        """
        if "node" in self.names or not all(name in places for name in self.space):
            return None
        for name in self.space:
            if np.shape(places[name]) != (sizes[name],):
                raise UserError(
                    f"{path}: {name!r} has the shape {np.shape(places[name])}, but the grid has "
                    f"{sizes[name]} points along it"
                )
        grid = np.meshgrid(*(np.asarray(places[name]) for name in self.space), indexing="ij")
        # Coordinates are in the order x, y, z whatever that of the axes; nodes stay as in the file.
        order = sorted(range(len(self.space)), key=lambda place: self.space[place])
        coords = np.stack([grid[place].ravel() for place in order], axis=1).astype(np.float64)
        return Mesh(coords, regular_grid_cells(tuple(sizes[name] for name in self.space)))


def default_axes(path: Path, run: tuple[int, ...], before: str = "") -> Axes:
    """Return the axes of a run's array of this shape, where the user names none.

    ``before`` is what comes before them in ``--axes``. Raises UserError when it is not clear what
    they are.
    """
    if len(run) not in OF_A_RUN:
        raise UserError(
            f"{path}: one run has the shape {run}: say what its axes are, for example "
            f"--axes {before}time,y,x for a grid"
        )
    if len(run) == 3:
        require_few_components(path, run, before)
    return Axes(OF_A_RUN[len(run)])


def require_few_components(path: Path, run: tuple[int, ...], before: str) -> None:
    """Raise UserError when the last of a run's three axes is too long for unnamed variables."""
    steps, nodes, count = run
    if count > MOST_COMPONENTS:
        raise UserError(
            f"{path}: one run has the shape {run}: is that {steps} timesteps of a grid of {nodes} "
            f"x {count} nodes, or of {nodes} nodes with {count} variables? Say --axes "
            f"{before}time,y,x for the grid, --axes {before}time,node,variable for the variables"
        )
