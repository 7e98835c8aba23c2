"""Folders with one run per entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from simulgenvae.data.names import check_ids, natural_key, prefix_errors
from simulgenvae.data.readers.runs.aligned import aligned
from simulgenvae.data.readers.runs.run_format import (
    RUN_FORMATS,
    RunFormat,
    run_cases,
    run_format_of,
    run_suffixes,
)
from simulgenvae.data.readers.runs.series import RunPart, Series
from simulgenvae.data.readers.runs.vtk_subprocess import open_isolated
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulgenvae.data.readers.source import Source


def is_run(entry: Path | os.DirEntry[str]) -> bool:
    """Return whether an entry looks like a run: a file of a known format, a case, or a folder.

    A folder is a run when it has files of a known format.
    """
    if entry.is_dir():
        path = Path(entry)
        return _case_format(path) is not None or _has_results(path)
    return _is_result(entry)


def has_runs(path: Path) -> bool:
    """Return whether a folder is a run, or has entries that are."""
    if is_run(path):
        return True
    with os.scandir(path) as found:
        return any(map(is_run, found))


def open_runs(path: Path, part: RunPart | None = None) -> Source:
    """Open the runs at ``path`` as one source of fields.

    Parameters
    ----------
    path
        Folder with one run per entry, or one run, each under the name of its file or folder; or a
        file that holds several runs, under the names in it.
    part
        Fields, times and nodes to take; by default all that the first run has.

    Returns
    -------
    Source
        Runs that cannot be read, or have other times, fields or another mesh than most, are among
        its ``problems``, or raise UserError when they are read.
    """
    return aligned(path, _find_runs(path), part or RunPart())


def open_series(path: Path) -> Series:
    """Open one run: a file, a case, or a folder with its timesteps in files.

    Raises UserError when there is no such run, or its files are damaged.
    """
    if not path.is_dir():
        return _open_file(path)
    case = _case_format(path)
    if case is not None:
        return case.open(path)
    files = _result_files(path)
    if not files:
        raise UserError(
            f"{path}: a folder without results: no {' or '.join(run_cases())} case, and none of "
            f"{', '.join(run_suffixes())}"
        )
    # Files of several formats, such as .vtu and .vtp, are read by the opener of the first.
    first = _required_format(files[0])
    if first.open_timesteps is None:
        return _open_file(files[0])
    for file in files:
        found = _required_format(file)
        found.require_first_bytes(file)
        if found.check is not None:
            found.check(file)
    return first.open_timesteps(path, files)


def _open_file(path: Path) -> Series:
    found = _required_format(path)
    found.require_first_bytes(path)
    if found.isolated:
        return open_isolated(path, found.open, found.check)
    if found.check is not None:
        found.check(path)
    try:
        return found.open(path)
    except ImportError as error:
        if found.extra is None:
            raise
        raise UserError(
            f"{path}: reading it needs {error.name}: pip install 'simulgenvae[{found.extra}]'"
        ) from error


def _find_runs(path: Path) -> dict[str, Callable[[], Series]]:
    """Return functions that open the runs at ``path``, by the runs' names.

    Raises UserError when there are no runs, or two have the same name.
    """
    found = run_format_of(path.name) if path.is_file() else None
    if found is not None and found.open_runs is not None:
        found.require_first_bytes(path)
        opened = found.open_runs(path)
        return {name: partial(opened.__getitem__, name) for name in opened}
    # A file gives the run its name without the ending, which may differ between runs.
    entries = _entries(path)
    names = [entry.stem if entry.is_file() else entry.name for entry in entries]
    with prefix_errors(path):
        check_ids(names)
    return {name: partial(_open_entry, entry) for name, entry in zip(names, entries, strict=True)}


def _open_entry(entry: Path) -> Series:
    refuse_link(entry)
    return open_series(entry)


def _entries(path: Path) -> list[Path]:
    """Return the files and folders at ``path`` that are runs, in natural order."""
    if path.is_file() or _case_format(path) is not None:
        return [path]
    listed = _listed(path, is_run)
    # A folder with the name of a file next to it has the pieces of that file.
    owners = {entry.stem for entry in listed if _has_pieces(entry)}
    entries = [entry for entry in listed if not (entry.name in owners and entry.is_dir())]
    if not entries:
        raise UserError(
            f"{path}: a folder, but no Zarr data and no runs in it: each entry is to be a case of "
            f"{' or '.join(run_cases())}, a folder with the timesteps of a run, or a file with "
            f"one of the endings {', '.join(run_suffixes())}"
        )
    return entries


def _has_pieces(entry: Path) -> bool:
    found = run_format_of(entry.name)
    return found is not None and found.has_pieces


def _result_files(folder: Path) -> list[Path]:
    """Return the result files of a run's folder, in natural order.

    That is the one file with all times, or else the files of single timesteps.
    """
    files = _listed(folder, _is_result)
    for file in files:
        refuse_link(file)
    # A collection lies in one folder with the timesteps that it names: then it is the run.
    transients = [file for file in files if _required_format(file).open_timesteps is None]
    if len(transients) > 1:
        names = ", ".join(file.name for file in transients)
        raise UserError(f"{folder}: holds {names}: a run has one of these")
    return transients or files


def _listed(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[Path]:
    """Return entries of a folder, of which there may be very many, in natural order."""
    # scandir knows what is a file, a folder or a link without asking again for each of them.
    with os.scandir(folder) as found:
        entries = [entry for entry in found if wanted(entry)]
    return [Path(entry) for entry in sorted(entries, key=lambda entry: natural_key(entry.name))]


def _has_results(folder: Path) -> bool:
    with os.scandir(folder) as found:
        return any(map(_is_result, found))


def refuse_link(entry: Path) -> None:
    """Raise UserError when an entry of a folder is a link out of that folder.

    Data may come from strangers, whose links could lead to other people's files.
    """
    if entry.is_symlink() and not entry.resolve().is_relative_to(entry.parent.resolve()):
        raise UserError(f"{entry}: a link out of {entry.parent}: such files are not read")


def _is_result(entry: Path | os.DirEntry[str]) -> bool:
    return run_format_of(entry.name) is not None and entry.is_file()


def _case_format(path: Path) -> RunFormat | None:
    """Return the format of a folder that is one run of a special kind."""
    for known in RUN_FORMATS.values():
        if known.is_case is not None and known.is_case(path):
            return known
    return None


def _required_format(path: Path) -> RunFormat:
    found = run_format_of(path.name)
    if found is None:
        raise UserError(
            f"{path}: no result file: its ending is none of {', '.join(run_suffixes())}"
        )
    return found
