"""How an array in a file becomes fields: its axes, the dimensions it was promised to have, the part
that is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from simulgenvae.data.dimensions import check_dimensions
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings


@dataclass(frozen=True)
class ArrayLayout:
    """The dimensions of the fields in a file, and the part of the timesteps and nodes that is
    used."""

    runs: int
    steps: int
    nodes: int
    variables: int
    used_steps: int
    first_node: int
    end_node: int

    def cut(self, run: NDArray[Any]) -> NDArray[Any]:
        """One run as it is in the file → [timesteps, nodes, variables] as they are used."""
        fields = run.reshape(self.steps, self.nodes, self.variables)
        return fields[: self.used_steps, self.first_node : self.end_node]


def find_layout(
    path: Path,
    shape: tuple[int, ...],
    settings: DataSettings,
    variables: Sequence[str] | None,
    nodes: int | None,
) -> ArrayLayout:
    """The layout of an array [N, T, M], [N, T, M, V] or [N, T, M·V].

    The last form has the V values of a node beside each other; V comes from the names in
    ``variables`` or from ``settings``, M from ``settings`` or from the mesh (``nodes``). Raises
    UserError when what is known does not agree.
    """
    count = len(variables) if variables is not None else settings.variables
    if len(shape) == 3:
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
    elif count is not None and variables is not None and shape[3] != count:
        raise UserError(
            f"{path}: has {shape[3]} variables, but {count} are named: {', '.join(variables)}"
        )
    check_dimensions(path, shape, settings)
    steps, end = settings.first_timesteps or shape[1], settings.node_end or shape[2]
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
