"""Options that several commands have, as types of the parameters of their functions.

Tested in tests/cli/test_app.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from simulgenvae.errors import UserError

Folder = Annotated[Path, Parameter(help="Study folder.")]
"""The study that a command is about; the current folder where none is given."""

Overwrite = Annotated[bool, Parameter(help="Replace the output file.")]

Overrides = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set",
        metavar="KEY=VALUE",
        help="A setting, such as training.end_to_end.steps=500; docs/settings.md lists all.",
    ),
]
"""Settings of the command line, which take precedence over the study's files."""

Quantities = Annotated[
    tuple[str, ...],
    Parameter(
        name="--quantity",
        metavar="NAME=max(T)",
        help="A quantity of interest besides those of study.toml, such as 'peak=max(T)' "
        "(docs/quantities.md).",
    ),
]
"""Quantities of interest of the command line."""

Preset = Annotated[int, Parameter(help="Preset of a classic study.")]

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
        group="HDF5 with a dataset for each run",
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
        group="Files of arrays",
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
        group="Files of arrays",
        help="Arrays to read, by their names in the file: NAME, or u=NAME,v=NAME for several "
        "variables; times=NAME, coords=NAME, ids=NAME and x=NAME for what belongs to them.",
    ),
]

Pattern = Annotated[
    str | None,
    Parameter(
        metavar="'Fluid*.vtu'",
        help="Names of the files to take, of runs and in their folders; * matches any text.",
    ),
]
Blocks = Annotated[
    tuple[str, ...] | None,
    Parameter(
        name="--block",
        converter=split_names,
        n_tokens=1,
        metavar="NAME,…",
        help="Blocks of the mesh to take; * matches any text (default: all that are no "
        "boundary of others).",
    ),
]
