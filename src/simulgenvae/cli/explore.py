"""``simulgenvae explore``, with a command for each way through the latent space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

import simulgenvae
from simulgenvae.cli.commands import COMMANDS
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import CHOICE, DESIGNS, OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import (
    Folder,
    ModelName,
    NewImages,
    NewParams,
    Overwrite,
    Seed,
    Times,
    times_of,
)
from simulgenvae.cli.parser import examples
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    import xarray as xr

_COMMAND = COMMANDS["explore"]
explore = App(
    name="explore",
    help=f"{_COMMAND.help}\n\n{_COMMAND.description}",
    help_epilogue=examples(_COMMAND.examples),
)

Out = Annotated[Path, Parameter(group=OUTPUT)]
Steps = Annotated[int, Parameter(group=CHOICE, help="Number of fields, the two ends included.")]
Run = Annotated[str | None, Parameter(metavar="ID", group=DESIGNS)]

_Hidden = Parameter(show=False)


@explore.default
def folder_first(
    folder: Annotated[Path, _Hidden] = Path(),
    way: Annotated[Literal["interpolate", "traverse", "sample"] | None, _Hidden] = None,
    /,
    *arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> None:
    """Understand the study folder in front of the way, too: ``explore STUDY sample``."""
    if way is None:
        raise UserError(
            "give a way: interpolate, traverse or sample, such as "
            "`simulgenvae explore sample STUDY --out drawn.npz`"
        )
    # Older command lines have the folder first. It moves behind the way, and parsing starts anew.
    explore([way, str(folder), *arguments], exit_on_error=False, print_error=False)


@explore.command(
    help_epilogue=examples(
        (
            "explore interpolate S --from run_000 --to run_001 --out way.vtkhdf",
            "explore interpolate S --params two.csv --steps 5 --out way.npz",
        )
    )
)
def interpolate(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    first: Annotated[Run, Parameter(name="--from")] = None,
    second: Annotated[Run, Parameter(name="--to")] = None,
    params: NewParams = None,
    images: NewImages = None,
    kind: Annotated[Literal["slerp", "linear"], Parameter(group=CHOICE)] = "slerp",
    steps: Steps = 9,
    times: Times = None,
    out: Out,
    overwrite: Overwrite = False,
    messages: Messages = Messages(),
) -> None:
    """Write fields on the way from one design to another.

    Parameters
    ----------
    out
        File to write: FILE.vtkhdf (ParaView), FILE.nc, FILE.npz or FILE.zarr.
    first
        Run of the study at the start.
    second
        Run of the study at the end.
    kind
        Great circle (slerp), or straight line.
    """
    fields = simulgenvae.Study.open(folder, model).interpolate(
        out,
        first=first,
        second=second,
        params=params,
        images=images,
        steps=steps,
        kind=kind,
        times=times_of(times),
        overwrite=overwrite,
    )
    _show_walk(out, fields)


@explore.command(
    help_epilogue=examples(
        (
            "explore traverse S --level z --out level.vtkhdf",
            "explore traverse S --level h_1 --run run_000 --distance 3 --out level.npz",
        )
    )
)
def traverse(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    level: Annotated[str, Parameter(group=CHOICE)],
    start: Annotated[Run, Parameter(name="--run", show_default="mean of the training runs")] = None,
    dimension: Annotated[
        int | None, Parameter(group=CHOICE, show_default="first principal axis")
    ] = None,
    distance: Annotated[float, Parameter(group=CHOICE)] = 2.0,
    steps: Steps = 9,
    times: Times = None,
    out: Out,
    overwrite: Overwrite = False,
    messages: Messages = Messages(),
) -> None:
    """Write what a level does: it moves, and the others do not.

    Parameters
    ----------
    out
        File to write: FILE.vtkhdf (ParaView), FILE.nc, FILE.npz or FILE.zarr.
    level
        Level of the latents: z, h_1, h_2, ….
    start
        Run to start from.
    dimension
        Dimension of the level, from 0.
    distance
        How far to both sides, in standard deviations of the training runs.
    """
    fields = simulgenvae.Study.open(folder, model).traverse(
        out,
        level,
        start=start,
        dimension=dimension,
        distance=distance,
        steps=steps,
        times=times_of(times),
        overwrite=overwrite,
    )
    _show_walk(out, fields)


@explore.command(
    help_epilogue=examples(
        (
            "explore sample S --out drawn.npz",
            "explore sample S --count 4 --seed 1 --out drawn.vtkhdf",
        )
    )
)
def sample(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    count: Annotated[int, Parameter(group=CHOICE)] = 8,
    seed: Seed = 0,
    out: Out,
    overwrite: Overwrite = False,
    messages: Messages = Messages(),
) -> None:
    """Write random fields like those of the training runs.

    Parameters
    ----------
    out
        File to write: FILE.vtkhdf (ParaView), FILE.nc, FILE.npz or FILE.zarr.
    count
        Number of fields.
    """
    fields = simulgenvae.Study.open(folder, model).sample(
        out, count=count, seed=seed, overwrite=overwrite
    )
    _show_fields(out, fields)


def _show_fields(out: Path, fields: xr.Dataset) -> None:
    from simulgenvae.export.one_by_one import written_place

    place = written_place(out, fields.sizes["run"])
    each = "" if place == out else f", each its own {out.suffix} file"
    show(f"{place}: {count(fields.sizes['run'], 'field')}{each}")


def _show_walk(out: Path, fields: xr.Dataset) -> None:
    from simulgenvae.export.one_by_one import holds_one_design, written_place

    shown = count(fields.sizes["run"], "field")
    if not holds_one_design(out):
        show(f"{out}: {shown}")
        return
    times = fields.sizes["time"]
    place = written_place(out, times)
    each = "" if times == 1 else f", a {out.suffix} file for each of {times} times"
    show(f"{place}: {shown}{each}; the animation in ParaView goes along the steps")
