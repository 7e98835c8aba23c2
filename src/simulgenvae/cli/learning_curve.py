"""``simulgenvae learning-curve``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import SETTINGS, TRAINING
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Folder, Overrides, Preset


def _fractions(_: Any, tokens: Sequence[Token]) -> tuple[float, ...]:
    """Return numbers such as 0.25 or 1/4, above 0 and at most 1."""
    return tuple(_fraction(token.value) for token in tokens)


def _fraction(text: str) -> float:
    # A third has no exact decimal, and 0.33 of the runs could be one run fewer.
    numerator, _, denominator = text.partition("/")
    try:
        fraction = float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError):
        fraction = math.nan
    if not 0.0 < fraction <= 1.0:
        raise ValueError(
            f"{text} is no fraction: give numbers above 0 and up to 1, such as 0.25 or 1/4"
        )
    return fraction


def _error(_: Any, tokens: Sequence[Token]) -> float:
    text = tokens[0].value
    try:
        error = float(text)
    except ValueError:
        error = math.nan
    if not 0.0 < error < 1.0:
        raise ValueError(f"{text} is no error between 0 and 1; 0.02 means 2 %")
    return error


Fractions = Annotated[
    tuple[float, ...] | None,
    Parameter(
        name="--fractions",
        group=TRAINING,
        show_default="1/4 1/2 3/4 1",
        converter=_fractions,
        n_tokens=1,
        consume_multiple=True,
    ),
]


def learning_curve(
    folder: Folder = Path(),
    /,
    *,
    fractions: Fractions = None,
    repeats: Annotated[int, Parameter(group=TRAINING, validator=Number(gte=1, lte=1000))] = 1,
    seed: Annotated[int, Parameter(group=SETTINGS, validator=Number(gte=0, lt=2**32))] = 0,
    target: Annotated[float | None, Parameter(group=TRAINING, converter=_error, n_tokens=1)] = None,
    preset: Preset = 1,
    overrides: Overrides = (),
    messages: Messages = Messages(),
) -> None:
    """Say what more training runs would bring.

    Parameters
    ----------
    fractions
        Parts of the training runs to train on.
    repeats
        Trainings for each part.
    seed
        Seed of the choice of runs.
    target
        Error to find the number of runs for; 0.02 is 2 %.
    """
    study = simulgenvae.Study.open(folder)
    curve = study.learning_curve(
        study.read_settings(preset=preset, overrides=overrides),
        fractions=fractions,
        repeats=repeats,
        seed=seed,
        target=target,
    )
    # Imported after the work: mistakes in arguments are reported before matplotlib is loaded.
    from simulgenvae.design.learning_curve.presentation import curve_table, statements

    show(curve_table(curve), *statements(curve))
    show(f"Figure: {study.learning_curve_figure.resolve()}")
