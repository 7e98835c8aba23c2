"""``simulgenvae explore``, with a command for each way through the latent space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.options import Folder, Overwrite
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    import xarray as xr

explore = App(name="explore", help="Walk through the latent space of a trained model.")

_Hidden = Parameter(show=False)


@explore.default
def folder_first(
    folder: Annotated[Path, _Hidden],
    way: Annotated[Literal["interpolate", "traverse", "sample"], _Hidden],
    /,
    *arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> None:
    """Understand the study folder in front of the way, too: ``explore STUDY sample``."""
    # Older command lines have the folder first. It moves behind the way, and parsing starts anew.
    explore([way, str(folder), *arguments], exit_on_error=False, print_error=False)


@explore.command
def interpolate(
    folder: Folder = Path(),
    /,
    *,
    out: Path,
    first: Annotated[str | None, Parameter(name="--from", metavar="ID")] = None,
    second: Annotated[str | None, Parameter(name="--to", metavar="ID")] = None,
    params: Path | None = None,
    images: Path | None = None,
    kind: Literal["slerp", "linear"] = "slerp",
    steps: int = 9,
    overwrite: Overwrite = False,
) -> None:
    """Write fields on the way from one design to another.

    Parameters
    ----------
    out
        FILE.npz, FILE.zarr or FILE.pvd (ParaView).
    first
        Run of the study at the start.
    second
        Run of the study at the end.
    params
        Instead of runs: CSV file with the parameters of two designs.
    images
        Their images: a folder, or a CSV file id,file.
    kind
        Great circle, or straight line.
    steps
        Number of fields, the two ends included.
    """
    fields = simulgenvae.Study.open(folder).interpolate(
        out,
        first=first,
        second=second,
        params=params,
        images=images,
        steps=steps,
        kind=kind,
        overwrite=overwrite,
    )
    _show_count(out, fields)


@explore.command
def traverse(
    folder: Folder = Path(),
    /,
    *,
    out: Path,
    level: str,
    start: Annotated[str | None, Parameter(name="--run", metavar="ID")] = None,
    dimension: int | None = None,
    distance: Annotated[float, Parameter(name="--range")] = 2.0,
    steps: int = 9,
    overwrite: Overwrite = False,
) -> None:
    """Write what a level does: it moves, and the others do not.

    Parameters
    ----------
    out
        FILE.npz, FILE.zarr or FILE.pvd (ParaView).
    level
        z, h_1, h_2, …
    start
        Run to start from (default: mean of the training runs).
    dimension
        Dimension of the level, from 0 (default: first principal axis).
    distance
        How far to both sides, in standard deviations of the training runs.
    steps
        Number of fields, the two ends included.
    """
    fields = simulgenvae.Study.open(folder).traverse(
        out,
        level,
        start=start,
        dimension=dimension,
        distance=distance,
        steps=steps,
        overwrite=overwrite,
    )
    _show_count(out, fields)


@explore.command
def sample(
    folder: Folder = Path(),
    /,
    *,
    out: Path,
    count: int = 8,
    seed: int = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write fields drawn from the learned prior.

    Parameters
    ----------
    out
        FILE.npz, FILE.zarr or FILE.pvd (ParaView).
    count
        Number of fields.
    seed
        Seed of the samples.
    """
    fields = simulgenvae.Study.open(folder).sample(out, count=count, seed=seed, overwrite=overwrite)
    _show_count(out, fields)


def _show_count(out: Path, fields: xr.Dataset) -> None:
    show(f"{out}: {count(fields.sizes['run'], 'field')}")
