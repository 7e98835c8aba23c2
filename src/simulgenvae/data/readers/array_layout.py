"""Layout of an array of fields: its axes, its expected dimensions, and the part that is used.

Tested in tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulgenvae.data.dimensions import check_dimensions
from simulgenvae.data.readers.axes import require_few_components
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.settings import DataSettings


@dataclass(frozen=True)
class ArrayLayout:
    """Dimensions of the fields in a file, and the part of them that is used.

    Attributes
    ----------
    runs, steps, nodes, variables
        Dimensions of the array in the file.
    used_steps
        Number of the first timesteps that are used.
    first_node, end_node
        First node that is used, and the node after the last one.
    """

    runs: int
    steps: int
    nodes: int
    variables: int
    used_steps: int
    first_node: int
    end_node: int

    def cut(self, run: NDArray[Any]) -> NDArray[Any]:
        """Return the used part `[T, M, V]` of a run as it is in the file."""
        fields = run.reshape(self.steps, self.nodes, self.variables)
        return fields[: self.used_steps, self.first_node : self.end_node]


def find_layout(
    path: Path,
    shape: tuple[int, ...],
    settings: DataSettings,
    variables: Sequence[str] | None,
    nodes: int | None,
    *,
    named_axes: bool = False,
) -> ArrayLayout:
    """Return the layout of an array `[N, T, M]`, `[N, T, M, V]` or `[N, T, M·V]`.

    In the last form the V values of a node follow each other.

    Parameters
    ----------
    path
        File with the array, for messages.
    shape
        Shape of the array.
    settings
        Expected dimensions, and the part to use.
    variables
        Names of the variables, if known, which say V.
    nodes
        Number of nodes of the mesh or coordinates, if known, which say M. An array
        `[N, T, ny, nx]` with ``ny nx`` nodes is of a grid.
    named_axes
        Whether the axes are named by the user or by the file.

    Raises
    ------
    UserError
        When shape, settings, names and mesh do not agree.
    """
    count = len(variables) if variables is not None else settings.variables
    if len(shape) == 3:
        # Where nothing names variables or their number, there is one.
        count = count or 1
        known = settings.nodes or nodes or shape[2] // count
        if shape[2] != known * count:
            source = (
                " (Dim3)" if settings.nodes else " (of the coordinates or mesh)" if nodes else ""
            )
            raise UserError(
                f"{path}: has {shape[2]} values per timestep, which are not {known} nodes{source} "
                f"x {count} variable(s). Check the number of nodes, and name all variables "
                "(--variables u,v or num_var)"
            )
        shape = (*shape[:2], known, count)
    elif nodes == shape[2] * shape[3] and count in (None, 1):
        # The points of a grid, whose coordinates are given.
        shape = (*shape[:2], nodes, 1)
    elif count is None and nodes is None and settings.nodes is None and not named_axes:
        require_few_components(path, shape[1:], "run,")
    elif count is not None and variables is not None and shape[3] != count:
        raise UserError(
            f"{path}: has {shape[3]} variables, but {count} are named: {', '.join(variables)}"
        )
    # Now the shape has all four axes, whatever the file has.
    check_dimensions(path, shape, settings)
    # The part to use, all of it by default.
    steps = settings.first_timesteps or shape[1]
    end = settings.node_end or shape[2]
    if steps > shape[1]:
        raise UserError(
            f"{path}: has {shape[1]} timesteps, but first_timesteps (Dim2_red) asks for {steps}"
        )
    if end > shape[2] or settings.node_start >= end:
        asked = f"{settings.node_start} to {end}"
        raise UserError(
            f"{path}: has {shape[2]} nodes, but node_start and node_end (Dim3_start, Dim3_end) "
            f"ask for {asked}"
        )
    return ArrayLayout(shape[0], shape[1], shape[2], shape[3], steps, settings.node_start, end)
