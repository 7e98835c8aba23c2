"""`simulgenvae render`: fields on the mesh, as a picture or a film."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulgenvae.cli.common import add_study
from simulgenvae.cli.render_case import FILMS, chosen_case
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.rendering.scene import Scene

SUFFIXES = (".png", *FILMS)
NARROWEST, WIDEST = 320, 4096
FASTEST = 50.0
"""Pictures a second; a GIF cannot show more."""
FILM_WIDTH, PICTURE_WIDTH = 960, 1280
LONGEST = 600.0
"""Seconds of a film."""


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("render", help="draw fields on the mesh, as a picture or a film")
    add_study(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="FILE.png, or a film: FILE.gif, FILE.mp4"
    )
    parser.add_argument(
        "--run", metavar="ID", dest="run_id", help="run of the study (default: a typical test run)"
    )
    parser.add_argument(
        "--params", type=Path, help="instead of a run: CSV with the parameters of a new design"
    )
    parser.add_argument(
        "--images", type=Path, help="its picture: a folder, a CSV id,file, or one .png or .jpg"
    )
    parser.add_argument("--design", metavar="ID", help="which of several new designs")
    parser.add_argument(
        "--variable", metavar="NAME", help="what to show (default: the first variable)"
    )
    parser.add_argument(
        "--time",
        type=_numbers,
        metavar="T[,T…]",
        help="times of a picture, one row each (default: the last)",
    )
    parser.add_argument(
        "--warp",
        type=_warp,
        metavar="NAME[,FACTOR]",
        help="move the mesh by NAME_x, NAME_y, NAME_z",
    )
    parser.add_argument(
        "--samples", type=int, default=0, help="at least 2: show the standard deviation, too"
    )
    parser.add_argument(
        "--fps", type=float, help="pictures a second of a film (of a run, at most its timesteps)"
    )
    parser.add_argument("--seconds", type=float, help="length of a film (default: about 6)")
    parser.add_argument(
        "--width", type=int, help=f"in pixels (default: {PICTURE_WIDTH}, of films {FILM_WIDTH})"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Predict, draw and write."""
    _check(options)
    from simulgenvae.rendering.context import require_context
    from simulgenvae.rendering.panels import Warp, components, make_panels
    from simulgenvae.rendering.scene import Scene, time_labels
    from simulgenvae.surrogate.surrogate import Surrogate

    require_context(options.out.name)  # before anything is computed
    study = StudyFolder.open(options.folder)
    surrogate = Surrogate.load(study)
    variable = surrogate.variables[0] if options.variable is None else options.variable
    shown, warp = [variable], None
    if options.warp is not None:
        name, factor = options.warp
        moving = components(name, surrogate.variables)
        shown += [each for each in moving if each != variable]
        warp = Warp(tuple(map(shown.index, moving)), factor)
    case = chosen_case(study, surrogate, shown, options, console)
    unit = surrogate.units[surrogate.variables.index(variable)]
    quantity = f"{variable} [{unit}]" if unit else variable
    panels = make_panels(quantity, 0, case.prediction, case.truth, case.spread, warp)
    heading = f"{variable}, {case.title}"
    width = options.width or (FILM_WIDTH if options.out.suffix in FILMS else PICTURE_WIDTH)
    with Scene(
        surrogate.mesh, panels, case.times, heading, width=width, what=options.out.name
    ) as scene:
        _write(scene, len(case.times), options)
    labels = time_labels(case.times)
    when = (
        f"{len(labels)} times from {labels[0]} to {labels[-1]}"
        if len(labels) > 1
        else f"time {labels[0]}"
    )
    console.print(f"{options.out}: {case.title}, {when}", soft_wrap=True)


def _check(options: argparse.Namespace) -> None:
    """Refuse what can be refused before anything is read."""
    from simulgenvae.export.target import require_free

    out: Path = options.out
    if out.suffix not in SUFFIXES:
        given = f"the suffix {out.suffix!r} is unknown" if out.suffix else "there is no suffix"
        raise UserError(f"{out}: {given}; pictures and films are written as {', '.join(SUFFIXES)}")
    require_free(out, overwrite=options.overwrite)
    if out.suffix == ".png" and (options.fps is not None or options.seconds is not None):
        raise UserError(
            "--fps and --seconds are for films: leave them out, or write a .gif or .mp4."
        )
    if out.suffix in FILMS and options.time is not None:
        raise UserError("--time is for pictures: a film shows all times.")
    for name, value, most in (
        ("--fps", options.fps, FASTEST),
        ("--seconds", options.seconds, LONGEST),
    ):
        if value is not None and not 0.1 <= value <= most:
            raise UserError(f"{name} is {value:g}: give a number from 0.1 to {most:g}.")
    if options.width is not None and not NARROWEST <= options.width <= WIDEST:
        raise UserError(
            f"--width is {options.width}: give a whole number from {NARROWEST} to {WIDEST}."
        )
    of_design = options.params is not None or options.images is not None
    if of_design and options.run_id is not None:
        raise UserError(
            "--run shows a run of the study, --params and --images a new design: give one of them."
        )
    if options.design is not None and not of_design:
        raise UserError("--design names one of several new designs: give --params or --images too.")


def _write(scene: Scene, count: int, options: argparse.Namespace) -> None:
    """Write the picture, with a row for each time, or the film, with a picture for each time."""
    from PIL import Image

    from simulgenvae.rendering.film import usual_rate, write_gif, write_mp4

    frames = list(range(count))
    rate = usual_rate(count)
    if options.seconds is not None:
        rate = count / options.seconds
    elif options.fps is not None:
        rate = options.fps
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with (
        atomic_write(options.out) as target,
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("Drawing", total=count)

        def picture(frame: int) -> NDArray[np.uint8]:
            bar.update(task, completed=frame + 1)
            return scene.image([frame])

        if options.out.suffix == ".mp4":
            write_mp4(target, picture, frames, rate)
        elif options.out.suffix == ".gif":
            with target.open("wb") as file:
                write_gif(file, picture, frames, rate)
        else:
            Image.fromarray(scene.image(frames)).save(target, "PNG")


def _numbers(text: str) -> list[float]:
    """Finite numbers, separated by commas."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(map(math.isfinite, found)):
        raise argparse.ArgumentTypeError(f"{text!r}: give numbers, separated by commas")
    return found


def _warp(text: str) -> tuple[str, float]:
    """``NAME`` or ``NAME,FACTOR``."""
    name, comma, factor = text.rpartition(",")
    if not comma:
        return text, 1.0
    try:
        return name, float(factor)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give NAME or NAME,FACTOR, such as U,10"
        ) from None
