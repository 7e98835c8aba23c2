"""Options that several commands have, as types of the parameters of their functions.

Tested in tests/cli/test_app.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

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
    """Return the names of the axes of a dataset in an HDF5 file."""
    # Imported here: the readers take a second, and help and version need none of them.
    from simulgenvae.data.readers.runs.series import AXES

    text = tokens[0].value
    axes = split_names(None, tokens)
    if "node" not in axes or len(set(axes)) < len(axes) or set(axes) - set(AXES):
        raise ValueError(f"{text!r} must be node and, in any order, variable and time, each once")
    return axes


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
        group="HDF5 with a dataset for each run",
        help="What their axes are: node and, as far as there are such, variable and time, in any "
        "order (default: time,node,variable, or time,node, or node).",
    ),
]

Pattern = Annotated[
    str | None,
    Parameter(
        metavar="'Fluid*.vtu'",
        help="Names of the files to take, of runs and in their folders; * stands for any letters.",
    ),
]
Blocks = Annotated[
    tuple[str, ...] | None,
    Parameter(
        name="--block",
        converter=split_names,
        n_tokens=1,
        metavar="NAME,…",
        help="Blocks of the mesh to take; * stands for any letters (default: all that are no "
        "boundary of others).",
    ),
]
