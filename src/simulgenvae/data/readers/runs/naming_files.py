"""Files that name other files: ParaView collections (``.pvd``, ``.series``), blocks and pieces.

Tested in tests/data/readers/runs/test_run_files.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from simulgenvae.data.readers.runs.external_files import naming_elements, series_entries
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

PIECES = (".pvtu", ".pvtp", ".pvts", ".pvtr", ".pvti")
"""Endings of files that put the pieces of a mesh together."""
NAMING = (".pvd", ".series", ".vtm", *PIECES)
"""Endings of files that name others."""


class Entry(NamedTuple):
    """File that another one names.

    Attributes
    ----------
    file
        Path of the file.
    time
        Its time; None where none is given.
    part
        Group and part of the mesh, which distinguish the files of one time.
    """

    file: Path
    time: float | None = None
    part: str = ""


def entries(path: Path) -> list[Entry]:
    """Return the files that a collection, or a file of blocks or pieces, names.

    Raises UserError when it is damaged.
    """
    found = _series_entries(path) if path.suffix.lower() == ".series" else _xml_entries(path)
    timed = [entry for entry in found if entry.time is not None]
    if timed and len(timed) < len(found):
        without = next(entry for entry in found if entry.time is None)
        raise UserError(
            f"{path}: gives no time for {without.file.name}, while other files have one"
        )
    return found


def named_files(files: list[Path]) -> set[Path]:
    """Return all files that these collections and files of blocks or pieces name.

    Damaged ones name none here; they are refused when they are read.
    """
    found: set[Path] = set()
    for file in files:
        if file.suffix.lower() in NAMING:
            try:
                found.update(entry.file for entry in entries(file))
            except UserError:
                continue
    return found


def _xml_entries(path: Path) -> list[Entry]:
    found: list[Entry] = []
    for name, attributes in naming_elements(path):
        time = attributes.get("timestep")
        found.append(
            Entry(
                path.parent / name,
                None if time is None or not time.strip() else _number(path, time),
                f"{attributes.get('group', '')}/{attributes.get('part', '0')}",
            )
        )
    return found


def _series_entries(path: Path) -> list[Entry]:
    return [
        Entry(path.parent / name, None if time is None else _number(path, time))
        for name, time in series_entries(path)
    ]


def _number(path: Path, text: Any) -> float:
    try:
        return float(text)
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: the time {text!r} is no number") from error
