"""Designs that are written out: ``row=0.05,speed=0.006``.

Tested in tests/data/test_conditions_at.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.units import named_parameter
from simulgenvae.errors import UserError
from simulgenvae.settings.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Levels


def conditions_at(texts: Sequence[str], scaler: ConditionScaler) -> Conditions:
    """Return the designs that texts describe; their ids are ``design_1``, ``design_2``, ….

    Parameters
    ----------
    texts
        One text for each design: ``NAME=VALUE`` of every parameter, separated by commas. Values of
        categories are texts, and a name may have its unit, as in tables: ``speed [m/s]=0.5``.
    scaler
        Scaling of the trained model, which knows the parameters.

    Raises
    ------
    UserError
        For names that the model does not have, that are missing or given twice, and for values that
        are no numbers or of no training run.
    """
    if not scaler.names:
        raise UserError("--at: the model was trained with images only: give --images")
    rows = [_row(text, scaler) for text in texts]
    return Conditions(
        tuple(f"design_{number}" for number in range(1, len(texts) + 1)),
        scaler.names,
        np.array(rows, dtype=np.float64).reshape(len(texts), len(scaler.names)),
        levels=scaler.levels,
        left_out=scaler.left_out,
        units=scaler.units,
    )


def _row(text: str, scaler: ConditionScaler) -> list[float]:
    """Return the values of one design, those of categories as their codes."""
    for column in scaler.left_out:
        if f"{column.name}=" in text.replace(" ", ""):
            raise UserError(
                f"--at {text}: nothing was learned of {column}: leave it out. The parameters are "
                f"{', '.join(scaler.names)}."
            )
    given = _pairs(text, scaler)
    missing = [name for name in scaler.names if name not in given]
    if missing:
        advice = ""
        if any(f" {name}=" in text for name in missing):
            advice = " Write commas between them."
        raise UserError(
            f"--at {text}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
            f"The parameters are {', '.join(scaler.names)}.{advice}"
        )
    return [
        _code(text, name, given[name], levels) if levels else _number(text, name, given[name])
        for name, levels in zip(scaler.names, scaler.levels, strict=True)
    ]


def _pairs(text: str, scaler: ConditionScaler) -> dict[str, str]:
    """Return the value of each name, as it is written."""
    names = scaler.names
    found: dict[str, str] = {}
    last = ""
    for part in text.split(","):
        name, value = _pair(part, names)
        name = named_parameter(name, names, scaler.units, f"--at {text}")
        if name:
            if name in found:
                raise UserError(f"--at {text}: {name} is given twice.")
            if name not in names:
                # One that has a value already is not meant.
                left = [other for other in names if other not in found]
                hint = f" Did you mean {nearest(name, left)!r}?" if left else ""
                raise UserError(
                    f"--at {text}: there is no parameter {name!r}.{hint} "
                    f"The parameters are {', '.join(names)}."
                )
            found[name] = value
            last = name
        elif last:
            # A comma within the text of a category, or a decimal comma.
            found[last] += f",{part}"
        else:
            raise UserError(
                f"--at {text}: write NAME=VALUE of every parameter, separated by commas: "
                f"{','.join(f'{name}=…' for name in names)}."
            )
    return {name: value.strip() for name, value in found.items()}


def _pair(part: str, names: Sequence[str]) -> tuple[str, str]:
    """Return name and value of ``NAME=VALUE``; an empty name where there is no ``=``."""
    # Names and texts of categories may contain "=" themselves.
    for place, sign in enumerate(part):
        if sign == "=" and part[:place].strip() in names:
            return part[:place].strip(), part[place + 1 :]
    name, equals, value = part.partition("=")
    return (name.strip(), value) if equals else ("", "")


def _number(text: str, name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        advice = ""
        if "," in value:
            advice = " Write decimals with a point: commas separate the parameters."
        raise UserError(f"--at {text}: {name} is {value!r}, which is not a number.{advice}")
    return number


def _code(text: str, name: str, value: str, levels: Levels) -> float:
    if value not in levels:
        raise UserError(
            f"--at {text}: {name} is {value!r}, which no training run has. Did you mean "
            f"{nearest(value, levels)!r}? The values are {', '.join(levels)}."
        )
    return float(levels.index(value))
