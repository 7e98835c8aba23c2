"""Folders with one run per entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from simulgenvae.data.names import check_ids, prefix_errors
from simulgenvae.data.readers.runs.aligned import aligned
from simulgenvae.data.readers.runs.naming_files import named_files
from simulgenvae.data.readers.runs.one_run import checked, in_order, open_series
from simulgenvae.data.readers.runs.openfoam_surfaces import POSTPROCESSING
from simulgenvae.data.readers.runs.run_entries import (
    case_format,
    chosen_entries,
    is_run,
    listed_entries,
    refuse_link,
)
from simulgenvae.data.readers.runs.run_format import run_cases, run_format_of, run_suffixes
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.data.readers.runs.unread import way_out
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import unreadable_reported

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Series
    from simulgenvae.data.readers.source import Source


def open_runs(path: Path, part: RunPart | None = None, *, compare_all: bool = False) -> Source:
    """Open the runs at ``path`` as one source of fields.

    Parameters
    ----------
    path
        Folder with one run per entry, or one run, each under the name of its file or folder; or a
        file that holds several runs, under the names in it.
    part
        Fields, times and nodes to take; by default all that most runs have.
    compare_all
        Whether all runs are compared before any is read, or only some of many.

    Returns
    -------
    Source
        Runs that cannot be read, or have other times, fields or another mesh than most, are among
        its ``problems``, or raise UserError when they are read.
    """
    part = part or RunPart()
    return aligned(path, _find_runs(path, part), part, compare_all=compare_all)


def _find_runs(path: Path, part: RunPart) -> dict[str, Callable[[], Series]]:
    """Return functions that open the runs at ``path``, by the runs' names.

    Raises UserError when there are no runs, or two have the same name.
    """
    found = run_format_of(path.name) if path.is_file() else None
    if found is not None and found.open_runs is not None:
        found.require_first_bytes(path)
        opened = found.open_runs(path)
        return {name: partial(_ordered, series) for name, series in opened.items()}
    # A file gives the run its name without the ending, which may differ between runs.
    entries = _entries(path, part)
    names = [_run_name(entry) for entry in entries]
    with prefix_errors(path):
        check_ids(names)
    return {
        name: partial(_open_entry, entry, part) for name, entry in zip(names, entries, strict=True)
    }


def _ordered(series: Series) -> Series:
    return checked(in_order(series))


def _open_entry(entry: Path, part: RunPart) -> Series:
    refuse_link(entry)
    with unreadable_reported(f"{entry}"):
        return open_series(entry, part)


def _entries(path: Path, part: RunPart) -> list[Path]:
    """Return the files and folders at ``path`` that are runs, in natural order."""
    if path.is_file() or case_format(path) is not None:
        return [path]
    found = chosen_entries(listed_entries(path, is_run), part)
    # A folder with the name of a file next to it has the pieces of that file.
    owners = {_run_name(entry) for entry in found if _has_pieces(entry)}
    # Files that a collection next to them names are its timesteps, and so are their folders.
    named = named_files([entry for entry in found if entry.is_file()])
    named |= {file.parent for file in named}
    entries = [
        entry
        for entry in found
        if entry not in named and not (entry.name in owners and entry.is_dir())
    ]
    if not entries:
        raise UserError(
            f"{path}: a folder, but no Zarr data and no runs in it: each entry is to be a case of "
            f"{' or '.join(run_cases())}, a folder with the timesteps of a run, or a file with "
            f"one of the endings {', '.join(run_suffixes())}{_ways_below(path)}"
        )
    return entries


def _ways_below(folder: Path) -> str:
    """Return what to do with files that are not read, in a folder of runs or its first folders."""
    names = _names(folder)
    folders = [folder / name for name in sorted(names) if (folder / name).is_dir()]
    for below in folders[:10]:
        if not below.is_symlink():
            names += _names(below)
    return way_out(names)


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def _has_pieces(entry: Path) -> bool:
    found = run_format_of(entry.name)
    return found is not None and found.has_pieces


def _run_name(entry: Path) -> str:
    """Return the name of a run: of its folder, or of its file without the ending."""
    if entry.is_dir():
        # Samples have the name of the case that they lie in.
        case = entry.parent.name == POSTPROCESSING
        return entry.absolute().parents[1].name if case else entry.name
    # Flow.vtu.series is a series of .vtu files.
    return entry.with_suffix("").stem if entry.suffix.lower() == ".series" else entry.stem
