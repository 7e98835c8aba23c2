"""Entries of folders that are runs, and the files of results in a run's folder.

Tested in tests/data/readers/runs/test_folder.py.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.data.names import is_hidden, natural_key
from simulgenvae.data.readers.runs.name_numbers import is_number
from simulgenvae.data.readers.runs.naming_files import named_files
from simulgenvae.data.readers.runs.openfoam_surfaces import has_surfaces
from simulgenvae.data.readers.runs.run_format import (
    RUN_FORMATS,
    RunFormat,
    run_format_of,
    run_suffixes,
)
from simulgenvae.data.readers.runs.unread import way_out
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import no_longer_there

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulgenvae.data.readers.runs.series import RunPart


def is_run(entry: Path | os.DirEntry[str]) -> bool:
    """Return whether an entry looks like a run: a file of a known format, a case, or a folder.

    A folder is a run when it has files of a known format.
    """
    if entry.is_dir():
        path = Path(entry)
        # The quickest first: a case has a folder for each of its times.
        return case_format(path) is not None or _has_results(path) or has_surfaces(path)
    return _is_result(entry)


def has_runs(path: Path) -> bool:
    """Return whether a folder is a run, or has entries that are."""
    if is_run(path):
        return True
    with os.scandir(path) as found:
        return any(map(is_run, found))


def refuse_link(entry: Path) -> None:
    """Raise UserError when an entry of a folder is a link out of that folder.

    Data may come from strangers, whose links could lead to other people's files.
    """
    if entry.is_symlink() and not entry.resolve().is_relative_to(entry.parent.resolve()):
        raise UserError(f"{entry}: a link out of {entry.parent}: such files are not read")


class Results(NamedTuple):
    """Result files in a run's folder."""

    files: list[Path]
    """Files with all times, or else the files of single timesteps; in natural order."""
    unread: list[Path]
    """Other result files, which are not read."""


def result_files(folder: Path, part: RunPart) -> Results:
    """Return the files of results in a run's folder that ``part`` asks for."""
    files = listed_entries(folder, _is_result)
    # Surfaces with several files at each time are read as one, unless some are chosen.
    if not files and (part.pattern is not None or not has_surfaces(folder)):
        files = _in_time_folders(folder)
    files = chosen_entries(files, part)
    for file in files:
        refuse_link(file)
    # A collection lies in one folder with the timesteps that it names: then it is the run. The
    # pieces of a .pvtu are no timesteps.
    names = {file: named_files([file]) for file in files}
    named: set[Path] = set().union(*names.values())
    single = [file for file in files if required_format(file).open_timesteps is not None]
    unnamed = [file for file in single if file not in named]
    transients = [file for file in files if required_format(file).open_timesteps is None]
    if not transients:
        return Results(unnamed, [])
    # A .series that names the same files as a .pvd is another list of the same run.
    chosen: list[Path] = []
    lists: list[set[Path]] = [set()]
    for file in sorted(transients, key=lambda file: file.suffix.lower() == ".series"):
        if not names[file] or names[file] not in lists:
            chosen.append(file)
            lists.append(names[file])
    return Results(chosen, [file for file in (*transients, *unnamed) if file not in chosen])


def chosen_entries(entries: list[Path], part: RunPart) -> list[Path]:
    """Return folders, and files with names that the user wants."""
    if part.pattern is None:
        return entries
    return [entry for entry in entries if fnmatch(entry.name, part.pattern) or not entry.is_file()]


def listed_entries(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[Path]:
    """Return entries of a folder, of which there may be very many, in natural order."""
    # scandir knows what is a file, a folder or a link without asking again for each of them.
    with os.scandir(folder) as found:
        entries = [entry for entry in found if wanted(entry)]
    # In a folder that has results of other formats, or folders of runs, tables are no runs.
    others = [entry for entry in entries if not _is_table(entry)]
    entries = others or entries
    return [Path(entry) for entry in sorted(entries, key=lambda entry: natural_key(entry.name))]


def case_format(path: Path) -> RunFormat | None:
    """Return the format of a folder that is one run of a special kind."""
    for known in RUN_FORMATS.values():
        if known.is_case is not None and known.is_case(path):
            return known
    return None


def required_format(path: Path) -> RunFormat:
    """Return the format of a file of results; raise UserError where it has none."""
    found = run_format_of(path.name)
    if found is None:
        if not path.exists():
            raise no_longer_there(path)
        raise UserError(
            f"{path}: no result file: its ending is none of {', '.join(run_suffixes())}"
            f"{way_out([path.name])}"
        )
    return found


def _has_results(folder: Path) -> bool:
    with os.scandir(folder) as found:
        return any(map(_is_result, found)) or bool(_in_time_folders(folder))


def _in_time_folders(folder: Path) -> list[Path]:
    """Return files of single timesteps in folders named by their times: OpenFOAM's surfaces."""
    files: list[Path] = []
    for below in listed_entries(folder, lambda entry: entry.is_dir() and is_number(entry.name)):
        refuse_link(below)
        files += listed_entries(below, _is_result)
    return [file for file in files if required_format(file).open_timesteps is not None]


def _is_result(entry: Path | os.DirEntry[str]) -> bool:
    found = run_format_of(entry.name)
    if found is None or is_hidden(entry.name) or not entry.is_file():
        return False
    return found.recognise is None or found.recognise(Path(entry))


def _is_table(entry: os.DirEntry[str]) -> bool:
    found = run_format_of(entry.name)
    return found is not None and found.recognise is not None and entry.is_file()
