"""What stands side by side: truth, prediction, error, standard deviation of one variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.rendering.colours import Colours

_AXES = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Panel:
    """Values ``[t, M]`` in their colours, on a mesh that is moved by ``displacement`` ``[t, M,
    D]``, if any."""

    title: str
    values: NDArray[np.floating]
    colours: Colours
    displacement: NDArray[np.floating] | None = None


@dataclass(frozen=True)
class Warp:
    """Which columns of the variables move the mesh, in the order x, y, z, and how many times they
    are enlarged."""

    columns: tuple[int, ...]
    factor: float

    def __call__(self, fields: NDArray[np.floating]) -> NDArray[np.floating]:
        """Displacements ``[t, M, D]`` from fields ``[t, M, V]``."""
        return self.factor * fields[..., list(self.columns)]


def components(name: str, variables: Sequence[str]) -> list[str]:
    """The variables ``name_x``, ``name_y`` and, where there is one, ``name_z``; UserError when they
    are missing."""
    names = [f"{name}_{axis}" for axis in _AXES]
    found = [column for column in names if column in variables]
    if found not in (names, names[:2]):
        raise UserError(
            f"The mesh is moved by {names[0]} and {names[1]} (and {names[2]} in 3-D), but the "
            f"variables are {', '.join(variables)}: name a displacement."
        )
    return found


def make_panels(
    quantity: str,
    variable: int,
    prediction: NDArray[np.floating],
    truth: NDArray[np.floating] | None = None,
    spread: NDArray[np.floating] | None = None,
    warp: Warp | None = None,
) -> list[Panel]:
    """Panels of one variable; ``quantity`` is its name and unit.

    prediction, truth and spread, its standard deviation: ``[t, M, V]``. Truth and prediction have
    the same colours, over all times; the error is prediction - truth, on the mesh as it is
    predicted.
    """
    values = prediction[..., variable]
    moved = None if warp is None else warp(prediction)
    if truth is None:
        found = [Panel("prediction", values, Colours.of_fields(quantity, values), moved)]
    else:
        known = truth[..., variable]
        both, error = Colours.of_fields(quantity, known, values), values - known
        found = [
            Panel("truth", known, both, None if warp is None else warp(truth)),
            Panel("prediction", values, both, moved),
            Panel("error", error, Colours.of_error(f"error of {quantity}", error), moved),
        ]
    if spread is not None:
        std = spread[..., variable]
        found.append(
            Panel("standard deviation", std, Colours.of_spread(f"std of {quantity}", std), moved)
        )
    return found
