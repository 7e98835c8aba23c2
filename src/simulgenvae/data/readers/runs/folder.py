"""Folders with one run per entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

import os
from dataclasses import replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.names import check_ids, is_hidden, listed, natural_key, prefix_errors
from simulgenvae.data.readers.runs.aligned import aligned
from simulgenvae.data.readers.runs.joined import joined
from simulgenvae.data.readers.runs.name_numbers import is_number
from simulgenvae.data.readers.runs.naming_files import named_files
from simulgenvae.data.readers.runs.openfoam_surfaces import (
    POSTPROCESSING,
    SURFACES,
    has_surfaces,
)
from simulgenvae.data.readers.runs.run_files import later_counts
from simulgenvae.data.readers.runs.run_format import (
    RUN_FORMATS,
    RunFormat,
    run_cases,
    run_format_of,
    run_suffixes,
)
from simulgenvae.data.readers.runs.series import Listing, RunPart, Series, Snapshot
from simulgenvae.data.readers.runs.unread import way_out
from simulgenvae.data.readers.runs.vtk_subprocess import open_isolated
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import no_longer_there, unreadable_reported
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulgenvae.data.readers.source import Source
    from simulgenvae.mesh.mesh import Mesh


def is_run(entry: Path | os.DirEntry[str]) -> bool:
    """Return whether an entry looks like a run: a file of a known format, a case, or a folder.

    A folder is a run when it has files of a known format.
    """
    if entry.is_dir():
        path = Path(entry)
        # The quickest first: a case has a folder for each of its times.
        return _case_format(path) is not None or _has_results(path) or has_surfaces(path)
    return _is_result(entry)


def has_runs(path: Path) -> bool:
    """Return whether a folder is a run, or has entries that are."""
    if is_run(path):
        return True
    with os.scandir(path) as found:
        return any(map(is_run, found))


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


def open_series(path: Path, part: RunPart | None = None) -> Series:
    """Open one run: a file, a case, or a folder with its timesteps in files.

    Only the choice of files and blocks is taken from ``part``. Of timesteps at the same time the
    later one counts, and all are in the order of time.

    Raises UserError when there is no such run, or its files are damaged.
    """
    part = part or RunPart()
    return checked(in_order(_open_series(path, part)))


def in_order(series: Series) -> Series:
    """Return a run with increasing times; of timesteps at the same time the later one counts."""
    times = series.times
    if not len(times):
        raise UserError(f"{series.path}: has no timesteps")
    if np.all(np.diff(times) > 0):
        return series
    steps, notes = later_counts(series.path, times)
    return replace(
        series,
        times=times[steps],
        read=lambda step: series.read(int(steps[step])),
        look=series.look and (lambda step: series.listing(int(steps[step]))),
        notes=lambda: [*series.notes(), *notes],
    )


def checked(series: Series) -> Series:
    """Return a run in which whatever a library raises names the file and the timestep."""

    def read(step: int) -> Snapshot:
        with unreadable_reported(f"{series.path}, timestep {step} (time {series.times[step]:g})"):
            return series.read(step)

    def look(step: int) -> Listing:
        with unreadable_reported(f"{series.path}, timestep {step} (time {series.times[step]:g})"):
            return series.listing(step)

    def mesh() -> Mesh:
        with unreadable_reported(f"{series.path}, its mesh"):
            return series.mesh()

    return replace(series, read=read, look=series.look and look, mesh=mesh)


def _open_series(path: Path, part: RunPart) -> Series:
    if not path.is_dir():
        return _open_file(path, part)
    case = _case_format(path)
    if case is not None:
        _require_no_blocks(path, case, part)
        return _open_case(path, case)
    results = _result_files(path, part)
    if not results.files and has_surfaces(path):
        return _open_case(path, SURFACES)
    if not results.files:
        chosen = "" if part.pattern is None else f" that fits --pattern {part.pattern!r}"
        raise UserError(
            f"{path}: a folder without results{chosen}: no {' or '.join(run_cases())} case, and "
            f"no file with one of the endings {', '.join(run_suffixes())}"
            f"{way_out(_names(path))}"
        )
    # Files of several formats, such as .vtu and .vtp, are read by the opener of the first.
    first = _required_format(results.files[0])
    if first.open_timesteps is None:
        return _open_transients(path, results, part)
    for file in results.files:
        found = _required_format(file)
        found.require_first_bytes(file)
        if found.check is not None:
            found.check(file)
    opener = _with_blocks(path, first, first.open_timesteps, part)
    if first.isolated:
        files = [file.absolute() for file in results.files]
        return open_isolated(path, partial(opener, files=files))
    return opener(path, results.files)


def _open_case(path: Path, found: RunFormat) -> Series:
    return open_isolated(path, found.open) if found.isolated else found.open(path)


def _open_transients(folder: Path, results: _Results, part: RunPart) -> Series:
    files = results.files
    if len(files) == 1:
        series = _open_file(files[0], part)
    else:
        series = joined(folder, {file.name: partial(_open_file, file, part) for file in files})
    if not results.unread:
        return series
    note = (
        f"not read: {listed([file.name for file in results.unread])}; read: "
        f"{listed([file.name for file in files])} (--pattern chooses files)"
    )
    return replace(series, notes=lambda: [*series.notes(), note])


def _open_file(path: Path, part: RunPart) -> Series:
    found = _required_format(path)
    found.require_first_bytes(path)
    opener = _with_blocks(path, found, found.open, part)
    if found.isolated:
        return open_isolated(path, opener, found.check)
    if found.check is not None:
        found.check(path)
    try:
        return opener(path)
    except ImportError as error:
        if found.extra is None:
            raise
        raise UserError(
            f"{path}: reading it needs {error.name}: {install_command(found.extra)}"
        ) from error


def _with_blocks(
    path: Path, found: RunFormat, opener: Callable[..., Series], part: RunPart
) -> Callable[..., Series]:
    """Return an opener that takes the blocks that ``part`` names."""
    if part.blocks is None:
        return opener
    _require_no_blocks(path, found, part)
    return partial(opener, blocks=part.blocks)


def _require_no_blocks(path: Path, found: RunFormat, part: RunPart) -> None:
    if part.blocks is not None and not found.has_blocks:
        raise UserError(f"{path}: {found.name} has no blocks to choose from (--block)")


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


def _open_entry(entry: Path, part: RunPart) -> Series:
    refuse_link(entry)
    with unreadable_reported(f"{entry}"):
        return open_series(entry, part)


def _entries(path: Path, part: RunPart) -> list[Path]:
    """Return the files and folders at ``path`` that are runs, in natural order."""
    if path.is_file() or _case_format(path) is not None:
        return [path]
    found = _chosen(_listed(path, is_run), part)
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


class _Results(NamedTuple):
    """Result files in a run's folder."""

    files: list[Path]
    """Files with all times, or else the files of single timesteps; in natural order."""
    unread: list[Path]
    """Other result files, which are not read."""


def _result_files(folder: Path, part: RunPart) -> _Results:
    files = _listed(folder, _is_result)
    # Surfaces with several files at each time are read as one, unless some are chosen.
    if not files and (part.pattern is not None or not has_surfaces(folder)):
        files = _in_time_folders(folder)
    files = _chosen(files, part)
    for file in files:
        refuse_link(file)
    # A collection lies in one folder with the timesteps that it names: then it is the run. The
    # pieces of a .pvtu are no timesteps.
    names = {file: named_files([file]) for file in files}
    named: set[Path] = set().union(*names.values())
    single = [file for file in files if _required_format(file).open_timesteps is not None]
    unnamed = [file for file in single if file not in named]
    transients = [file for file in files if _required_format(file).open_timesteps is None]
    if not transients:
        return _Results(unnamed, [])
    # A .series that names the same files as a .pvd is another list of the same run.
    chosen: list[Path] = []
    lists: list[set[Path]] = [set()]
    for file in sorted(transients, key=lambda file: file.suffix.lower() == ".series"):
        if not names[file] or names[file] not in lists:
            chosen.append(file)
            lists.append(names[file])
    return _Results(chosen, [file for file in (*transients, *unnamed) if file not in chosen])


def _chosen(entries: list[Path], part: RunPart) -> list[Path]:
    """Return folders, and files with names that the user wants."""
    if part.pattern is None:
        return entries
    return [entry for entry in entries if fnmatch(entry.name, part.pattern) or not entry.is_file()]


def _listed(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[Path]:
    """Return entries of a folder, of which there may be very many, in natural order."""
    # scandir knows what is a file, a folder or a link without asking again for each of them.
    with os.scandir(folder) as found:
        entries = [entry for entry in found if wanted(entry)]
    # In a folder that has results of other formats, or folders of runs, tables are no runs.
    others = [entry for entry in entries if not _is_table(entry)]
    entries = others or entries
    return [Path(entry) for entry in sorted(entries, key=lambda entry: natural_key(entry.name))]


def _has_results(folder: Path) -> bool:
    with os.scandir(folder) as found:
        return any(map(_is_result, found)) or bool(_in_time_folders(folder))


def _in_time_folders(folder: Path) -> list[Path]:
    """Return files of single timesteps in folders named by their times: OpenFOAM's surfaces."""
    files: list[Path] = []
    for below in _listed(folder, lambda entry: entry.is_dir() and is_number(entry.name)):
        refuse_link(below)
        files += _listed(below, _is_result)
    return [file for file in files if _required_format(file).open_timesteps is not None]


def refuse_link(entry: Path) -> None:
    """Raise UserError when an entry of a folder is a link out of that folder.

    Data may come from strangers, whose links could lead to other people's files.
    """
    if entry.is_symlink() and not entry.resolve().is_relative_to(entry.parent.resolve()):
        raise UserError(f"{entry}: a link out of {entry.parent}: such files are not read")


def _is_result(entry: Path | os.DirEntry[str]) -> bool:
    found = run_format_of(entry.name)
    if found is None or is_hidden(entry.name) or not entry.is_file():
        return False
    return found.recognise is None or found.recognise(Path(entry))


def _is_table(entry: os.DirEntry[str]) -> bool:
    found = run_format_of(entry.name)
    return found is not None and found.recognise is not None and entry.is_file()


def _run_name(entry: Path) -> str:
    """Return the name of a run: of its folder, or of its file without the ending."""
    if entry.is_dir():
        # Samples have the name of the case that they lie in.
        case = entry.parent.name == POSTPROCESSING
        return entry.absolute().parents[1].name if case else entry.name
    # Flow.vtu.series is a series of .vtu files.
    return entry.with_suffix("").stem if entry.suffix.lower() == ".series" else entry.stem


def _ordered(series: Series) -> Series:
    return checked(in_order(series))


def _case_format(path: Path) -> RunFormat | None:
    """Return the format of a folder that is one run of a special kind."""
    for known in RUN_FORMATS.values():
        if known.is_case is not None and known.is_case(path):
            return known
    return None


def _required_format(path: Path) -> RunFormat:
    found = run_format_of(path.name)
    if found is None:
        if not path.exists():
            raise no_longer_there(path)
        raise UserError(
            f"{path}: no result file: its ending is none of {', '.join(run_suffixes())}"
            f"{way_out([path.name])}"
        )
    return found
