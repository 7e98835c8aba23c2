"""``simulgenvae render``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.options import Folder, Overwrite


def _times(_: Any, tokens: Sequence[Token]) -> tuple[float, ...]:
    """Return finite numbers, separated by commas."""
    text = tokens[0].value
    try:
        times = tuple(float(part) for part in text.split(","))
    except ValueError:
        times = ()
    # float() also accepts "nan" and "inf".
    if not times or not all(map(math.isfinite, times)):
        raise ValueError(f"{text!r}: give numbers, separated by commas")
    return times


def _warp(_: Any, tokens: Sequence[Token]) -> tuple[str, float]:
    """Return the name and factor of ``NAME`` or ``NAME,FACTOR``."""
    text = tokens[0].value
    # From the right: the name of a variable may contain a comma, a factor cannot.
    name, comma, factor = text.rpartition(",")
    if not comma:
        return text, 1.0
    try:
        return name, float(factor)
    except ValueError:
        raise ValueError(f"{text!r}: give NAME or NAME,FACTOR, such as U,10") from None


Times = Annotated[
    tuple[float, ...] | None,
    Parameter(name="--time", converter=_times, n_tokens=1, metavar="T[,T…]"),
]
Warp = Annotated[
    tuple[str, float] | None,
    Parameter(converter=_warp, n_tokens=1, metavar="NAME[,FACTOR]"),
]
Id = Annotated[str | None, Parameter(metavar="ID")]


def render(
    folder: Folder = Path(),
    /,
    *,
    out: Path,
    run: Id = None,
    params: Path | None = None,
    images: Path | None = None,
    design: Id = None,
    variable: str | None = None,
    times: Times = None,
    warp: Warp = None,
    samples: int = 0,
    fps: float | None = None,
    seconds: float | None = None,
    width: int | None = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw fields on the mesh, as an image or a film.

    Parameters
    ----------
    out
        FILE.png, or a film: FILE.gif, FILE.mp4.
    run
        Run of the study (default: a typical test run).
    params
        Instead of a run: CSV file with the parameters of a new design.
    images
        Its image: a folder, a CSV file id,file, or one .png or .jpg.
    design
        Which of several new designs.
    variable
        What to show (default: the first variable).
    times
        Times of an image, one row each (default: the last).
    warp
        Move the mesh by NAME_x, NAME_y, NAME_z.
    samples
        At least 2: show the standard deviation, too.
    fps
        Images a second of a film (of a run, at most its timesteps).
    seconds
        Length of a film (default: about 6).
    width
        Width in pixels (default: 1280, of films 960).
    """
    from simulgenvae.study.render_options import RenderOptions

    case = simulgenvae.Study.open(folder).render(
        out,
        RenderOptions(
            run=run,
            params=params,
            images=images,
            design=design,
            variable=variable,
            times=times,
            warp=warp,
            samples=samples,
            fps=fps,
            seconds=seconds,
            width=width,
            overwrite=overwrite,
        ),
    )
    from simulgenvae.rendering.scene import time_labels

    labels = time_labels(case.times)
    when = f"time {labels[0]}"
    if len(labels) > 1:
        when = f"{len(labels)} times from {labels[0]} to {labels[-1]}"
    show(f"{out}: {case.title}, {when}")
