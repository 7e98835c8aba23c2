"""Options that several commands have, as types of the parameters of their functions.

Tested in tests/cli/test_parser.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from simulgenvae.cli.groups import ARRAYS, DESIGNS, HDF5, MODEL, OUTPUT, PART, SETTINGS, SOLVER
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Folder = Annotated[
    Path, Parameter(name="STUDY", help="Study folder.", show_default="the current folder")
]
"""The study that a command is about, always the first argument."""

ModelName = Annotated[
    str | None,
    Parameter(
        name="--model",
        metavar="NAME",
        group=MODEL,
        show_default="the current one",
        help="Which trained model of the study; simulgenvae models STUDY lists them.",
    ),
]
"""The model that a command uses."""

Overwrite = Annotated[bool, Parameter(help="Replace the output file.", group=OUTPUT)]

Overrides = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set",
        metavar="KEY=VALUE",
        group=SETTINGS,
        help="A setting, such as training.end_to_end.steps=500; docs/settings.md lists all.",
    ),
]
"""Settings of the command line, which take precedence over the study's files."""

Quantities = Annotated[
    tuple[str, ...],
    Parameter(
        name="--quantity",
        metavar="NAME=max(T)",
        group=PART,
        help="A quantity of interest besides those of study.toml, such as 'peak=max(T)' "
        "(docs/quantities.md).",
    ),
]
"""Quantities of interest of the command line."""

Preset = Annotated[int, Parameter(help="Number of the preset of a classic study.", group=SETTINGS)]

Count = Annotated[int, Parameter(validator=Number(gte=1))]
"""A whole number from 1."""


def split_names(_: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the names in ``a,b,c``."""
    # Spaces after the commas are common when a list is copied.
    return tuple(name.strip() for name in tokens[0].value.split(","))


Names = Annotated[tuple[str, ...], Parameter(converter=split_names, n_tokens=1, metavar="NAME,…")]
"""Names, separated by commas."""


def read_axes(_: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the names of the axes of arrays; ValueError when they cannot be axes."""
    # Imported here: the readers take a second, and help and version need none of them.
    from simulgenvae.data.readers.axes import Axes

    try:
        return Axes(split_names(None, tokens)).names
    except UserError as error:
        raise ValueError(str(error)) from error


HdfPath = Annotated[
    str | None,
    Parameter(
        name="--path",
        metavar="data/*/values",
        group=HDF5,
        show_default="found by itself",
        help="Where the datasets are; * replaces the run's id. For files of one run each: "
        "without \\*.",
    ),
]
HdfAxes = Annotated[
    tuple[str, ...] | None,
    Parameter(
        name="--axes",
        converter=read_axes,
        n_tokens=1,
        metavar="AXIS,…",
        group=ARRAYS,
        show_default="run, time, node, variable",
        help="What the axes of the arrays are: run, time, variable, and node or, on a grid, "
        "x, y, z, in any order. Without run, of one run (--path, or a folder of files).",
    ),
]
Arrays = Annotated[
    tuple[str, ...] | None,
    Parameter(
        name="--array",
        converter=split_names,
        n_tokens=1,
        metavar="u=NAME,…",
        group=ARRAYS,
        show_default="the only one",
        help="Arrays to read, by their names in the file: NAME, or u=NAME,v=NAME for several "
        "variables; times=NAME, coords=NAME, ids=NAME and x=NAME for what belongs to them.",
    ),
]

Pattern = Annotated[
    str | None,
    Parameter(
        metavar="'Fluid*.vtu'",
        group=SOLVER,
        show_default="all",
        help="Names of the files to take, of runs and in their folders; * matches any text.",
    ),
]
Geometry = Annotated[
    Literal["corresponding", "grid", "morphing"] | None,
    Parameter(
        group=SOLVER,
        show_default="by the meshes",
        help="Way to share a mesh, where runs have their own: by node numbers, on a grid, or "
        "morphed.",
    ),
]
Blocks = Annotated[
    tuple[str, ...] | None,
    Parameter(
        name="--block",
        converter=split_names,
        n_tokens=1,
        metavar="NAME,…",
        group=SOLVER,
        show_default="all that are no boundary of others",
        help="Blocks of the mesh to take; * matches any text.",
    ),
]

NewParams = Annotated[
    Path | None,
    Parameter(
        name="--params",
        group=DESIGNS,
        help="Table with the parameters of new designs: .csv .xlsx (file.xlsx:Sheet) .parquet "
        ".json.",
    ),
]
NewImages = Annotated[
    Path | None,
    Parameter(
        name="--images",
        group=DESIGNS,
        help="Images of new designs: a folder, a CSV file id,file, or one .png or .jpg.",
    ),
]
Variables = Annotated[
    tuple[str, ...] | None,
    Parameter(
        name="--variables",
        converter=split_names,
        n_tokens=1,
        metavar="NAME,…",
        group=PART,
        show_default="all",
        help="Names of some variables, separated by commas.",
    ),
]
Samples = Annotated[
    int,
    Parameter(
        name="--samples",
        group=PART,
        help="At least 2: say how certain each value is, by std, lower and upper (one network "
        "draws this many latents).",
    ),
]
Seed = Annotated[int, Parameter(name="--seed", help="Seed of what is random.", group=SETTINGS)]


Times = Annotated[
    str | None,
    Parameter(
        name="--times",
        metavar="T,…|FILE",
        group=PART,
        show_default="the trained ones",
        help="Times within the trained span: 0,1,2.5 or 0:10:0.5 (first:last:step), or a file.",
    ),
]


def times_of(given: str | None) -> NDArray[np.float64] | None:
    """Return the times that ``--times`` names, ``[t]``; None where it is not given."""
    if given is None:
        return None
    # Imported here, as help does without it.
    from simulgenvae.data.ingest.coordinates import read_times

    return read_times(given).values
