"""Panels of an image: truth, prediction, error and standard deviation of one variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.rendering.colours import Colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_AXES = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Panel:
    """Values `[t, M]` and their colours, on a mesh moved by ``displacement`` `[t, M, D]`."""

    title: str
    values: NDArray[np.floating]
    colours: Colours
    displacement: NDArray[np.floating] | None = None


@dataclass(frozen=True)
class Warp:
    """Displacement of the mesh by some variables.

    Attributes
    ----------
    columns
        Columns of the variables that are the displacement along x, y and z.
    factor
        Number by which the displacement is multiplied.
    """

    columns: tuple[int, ...]
    factor: float

    def __call__(self, fields: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the displacement `[t, M, D]` from fields `[t, M, V]`."""
        return self.factor * fields[..., list(self.columns)]


def components(name: str, variables: Sequence[str]) -> list[str]:
    """Return the variables ``name_x``, ``name_y`` and, where there is one, ``name_z``.

    Raises UserError when they are missing.
    """
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
    """Return the panels of one variable.

    Parameters
    ----------
    quantity
        Name and unit of the variable, for the colour bars.
    variable
        Column of the variable.
    prediction, truth, spread
        Fields of the prediction and of the solver, and the standard deviation, `[t, M, V]`.
    warp
        Displacement of the mesh by some variables.

    Returns
    -------
    list of Panel
        Truth and prediction with the same colours at all times; the error, prediction less truth,
        on the mesh as it is predicted; the standard deviation.
    """
    values = prediction[..., variable]
    moved = None if warp is None else warp(prediction)
    if truth is None:
        found = [Panel("prediction", values, Colours.of_fields(quantity, values), moved)]
    else:
        known = truth[..., variable]
        # The same object, so that truth and prediction share one bar.
        both = Colours.of_fields(quantity, known, values)
        error = values - known
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
