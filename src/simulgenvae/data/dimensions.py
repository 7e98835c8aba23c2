"""Dimensions that the settings promise, compared with those that the data have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.settings import DataSettings


def check_dimensions(
    path: Path,
    shape: tuple[int, ...],
    settings: DataSettings,
    *,
    stored: bool = False,
    advice: str = "",
) -> None:
    """Check the shape `[N, T, M, V]` of fields against the dimensions in the settings.

    Parameters
    ----------
    path
        The file or dataset with the fields, for the message.
    shape
        Numbers of runs, timesteps, nodes and variables.
    settings
        Promised dimensions; those that are None are not checked.
    stored
        Whether the fields are in a dataset, which holds only the timesteps and nodes that the
        settings choose, or still in the user's file.
    advice
        Last sentence of the message.

    Raises
    ------
    UserError
        Naming every dimension that differs.
    """
    # The message quotes the keys of the classic condition.txt too, where users have set them.
    if stored:
        end = settings.node_end or settings.nodes
        promised = {
            "runs (Dim1)": settings.runs,
            "timesteps (Dim2, Dim2_red)": settings.first_timesteps or settings.timesteps,
            "nodes (Dim3, Dim3_start, Dim3_end)": None
            if end is None
            else end - settings.node_start,
            "variables (num_var)": settings.variables,
        }
    else:
        promised = {
            "runs (Dim1)": settings.runs,
            "timesteps (Dim2)": settings.timesteps,
            "nodes (Dim3)": settings.nodes,
            "variables (num_var)": settings.variables,
        }
    # All differences in one message: they often have one cause, such as swapped axes.
    wrong = [
        f"{name}: {expected} in the settings, {actual} in the data"
        for (name, expected), actual in zip(promised.items(), shape, strict=True)
        if expected is not None and expected != actual
    ]
    if wrong:
        message = f"{path}: not the promised dimensions. {'; '.join(wrong)}. {advice}"
        raise UserError(message.rstrip())
