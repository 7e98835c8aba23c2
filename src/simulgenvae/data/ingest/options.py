"""Options of ingesting, the same object from the command line to the code that reads files.

Tested in tests/data/ingest/test_build.py and test_append.py, which ingest with every option.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.readers import RunPart


@dataclass(frozen=True)
class IngestOptions:
    """Choices of a user who ingests runs, and the files that belong to the fields.

    What is not given is taken from the files with the fields where they hold it.

    Attributes
    ----------
    params
        CSV file with one row per run, or a folder of such files.
    images
        Folder with one image per run, or a CSV file with the columns ``id`` and ``file``.
    coords
        Node coordinates `[M, D]`, D from 1 to 3: ``.npy`` or a table.
    times
        Times `[T]`: ``.npy``, a table, or a text such as ``0,1,2.5`` or ``0:10:0.5``.
    mesh
        Mesh with coordinates and cells, in place of ``coords``: VTK, STL, PLY, OBJ,
        Abaqus, CalculiX or Gmsh.
    variables, units
        Names and units of the V variables.
    time_unit, length_unit
        Units of times and coordinates, where the files do not have them.
    selection
        Fields, times and nodes to take from a solver's own files; all where it is None.
    split
        CSV file with the columns ``id`` and ``split``, which must fit the runs.
    skip_bad
        Whether runs that cannot be read, are unlike the others or hold NaN are left out and
        recorded; otherwise they are an error.
    if_exists
        What happens where the study has data: an error, replacement, or growth by these runs.
    """

    params: Path | None = None
    images: Path | None = None
    coords: Path | None = None
    times: Path | str | None = None
    mesh: Path | None = None
    variables: Sequence[str] | None = None
    units: Sequence[str] | None = None
    time_unit: str = ""
    length_unit: str = ""
    selection: RunPart | None = None
    split: Path | None = None
    skip_bad: bool = False
    if_exists: Literal["fail", "replace", "append"] = "fail"
