"""``simulgenvae render``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import DESIGNS, DRAWING, OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import (
    Folder,
    ModelName,
    NewImages,
    NewParams,
    Overwrite,
    Samples,
    Times,
    times_of,
)


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


ImageTimes = Annotated[Times, Parameter(group=DRAWING, show_default="the last")]
Warp = Annotated[
    tuple[str, float] | None,
    Parameter(converter=_warp, n_tokens=1, metavar="NAME[,FACTOR]", group=DRAWING),
]


def render(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    run: Annotated[
        str | None, Parameter(metavar="ID", group=DESIGNS, show_default="a typical test run")
    ] = None,
    params: NewParams = None,
    images: NewImages = None,
    design: Annotated[
        str | None, Parameter(metavar="ID", group=DESIGNS, show_default="the only one")
    ] = None,
    variable: Annotated[str | None, Parameter(group=DRAWING, show_default="the first")] = None,
    times: ImageTimes = None,
    warp: Warp = None,
    samples: Samples = 0,
    fps: Annotated[float | None, Parameter(group=DRAWING, show_default="by its length")] = None,
    seconds: Annotated[float | None, Parameter(group=DRAWING, show_default="about 6")] = None,
    width: Annotated[
        int | None, Parameter(group=DRAWING, show_default="1280, of films 960")
    ] = None,
    out: Annotated[Path, Parameter(group=OUTPUT)],
    overwrite: Overwrite = False,
    messages: Messages = Messages(),
) -> None:
    """Draw fields on the mesh, as an image or a film.

    Parameters
    ----------
    run
        Run of the study.
    design
        Which of several new designs.
    variable
        Variable to show.
    warp
        Move the mesh by NAME_x, NAME_y, NAME_z.
    fps
        Images a second of a film (of a run, at most its timesteps).
    seconds
        Length of a film.
    width
        Width in pixels.
    out
        File to write: FILE.png, or a film: FILE.gif, FILE.mp4.
    """
    from simulgenvae.study.render_options import RenderOptions

    at = times_of(times)
    case = simulgenvae.Study.open(folder, model).render(
        out,
        RenderOptions(
            run=run,
            params=params,
            images=images,
            design=design,
            variable=variable,
            times=None if at is None else tuple(at.tolist()),
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
