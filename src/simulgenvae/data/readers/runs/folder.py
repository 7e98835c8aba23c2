"""Folders with one run an entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from simulgenvae.data.names import check_ids, natural_key, prefix_errors
from simulgenvae.data.readers.netcdf import BEGINNINGS as NETCDF_BEGINNINGS
from simulgenvae.data.readers.netcdf import open_netcdf
from simulgenvae.data.readers.runs.aligned import aligned
from simulgenvae.data.readers.runs.frd import open_frd
from simulgenvae.data.readers.runs.series import RunPart, Series
from simulgenvae.data.readers.runs.vtk_series import BEGINNINGS as VTK_BEGINNINGS
from simulgenvae.data.readers.runs.vtk_series import (
    CHECKED,
    GRIDS,
    open_numbered,
    open_openfoam,
    open_vtk,
)
from simulgenvae.data.readers.runs.vtk_subprocess import open_apart
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError

BEGINNINGS = VTK_BEGINNINGS | NETCDF_BEGINNINGS | {".frd": (b"    1C",)}
TRANSIENTS = tuple(suffix for suffix in BEGINNINGS if suffix not in GRIDS)
"""Endings of files that hold all times of a run."""


def is_run(entry: Path | os.DirEntry[str]) -> bool:
    """Whether this looks like the results of one run: a file of a known kind, a case, or a folder
    of timesteps."""
    if entry.is_dir():
        path = Path(entry)
        return _is_openfoam(path) or _has_results(path)
    return _is_result(entry)


def open_runs(path: Path, part: RunPart | None = None) -> Source:
    """The runs at ``path``, each under the name of its file or folder: a folder with one run an
    entry, or one run; or those in one NetCDF file, under the names there.

    Without a ``part``, all is read that the first run has. Runs that cannot be read, or have other
    times, fields or another mesh than most, are among the source's ``problems``, or raise UserError
    when they are read.
    """
    return aligned(path, _found(path), part or RunPart())


def open_series(path: Path) -> Series:
    """One run: a file, an OpenFOAM case, or a folder with its timesteps in files; UserError where
    it is none."""
    if path.is_dir():
        if _is_openfoam(path):
            return open_openfoam(path)
        files = _files(path)
        if not files:
            raise UserError(
                f"{path}: a folder without results: no OpenFOAM case, and none of "
                f"{', '.join(BEGINNINGS)}"
            )
        if _kind(files[0]) in TRANSIENTS:
            return open_series(files[0])
        for file in files:
            _require_content(file)
        return open_numbered(path, files)
    _require_content(path)
    kind = _kind(path)
    if kind in NETCDF_BEGINNINGS:
        runs = open_netcdf(path)
        if len(runs) > 1:
            raise UserError(
                f"{path}: holds {len(runs)} runs, not one: give such files by their names"
            )
        return runs[0][1]
    if kind in CHECKED:
        return open_apart(path)
    return open_frd(path) if kind == ".frd" else open_vtk(path)


def _found(path: Path) -> dict[str, Callable[[], Series]]:
    """What opens the runs there, by their names; UserError where there are none, or two have one
    name."""
    if path.is_file() and _kind(path) in NETCDF_BEGINNINGS:
        _require_content(path)
        opened = dict(open_netcdf(path))
        return {name: partial(opened.__getitem__, name) for name in opened}
    entries = _entries(path)
    names = [entry.stem if entry.is_file() else entry.name for entry in entries]
    with prefix_errors(path):
        check_ids(names)
    return dict(zip(names, (partial(_open_entry, entry) for entry in entries), strict=True))


def _open_entry(entry: Path) -> Series:
    refuse_link(entry)
    return open_series(entry)


def _kind(file: Path) -> str:
    """What a file is called by in the tables: its ending, or its name where it has none."""
    return file.suffix.lower() or file.name


def _entries(path: Path) -> list[Path]:
    if path.is_file() or _is_openfoam(path):
        return [path]
    listed = _listed(path, is_run)
    names = {entry.name for entry in listed}
    # a folder beside a file of its name holds the pieces of that
    pieces = {name for name in names if not names.isdisjoint((f"{name}.vtm", f"{name}.pvd"))}
    entries = [entry for entry in listed if not (entry.name in pieces and entry.is_dir())]
    if not entries:
        raise UserError(
            f"{path}: a folder, but no Zarr data and no runs in it: each entry is to be an "
            "OpenFOAM case, a folder with the timesteps of a run, or a file with one of the "
            f"endings {', '.join(BEGINNINGS)}"
        )
    return entries


def _files(folder: Path) -> list[Path]:
    """Results in a run's folder, in natural order: the one file that holds all times, or those of
    single timesteps."""
    files = _listed(folder, _is_result)
    for file in files:
        refuse_link(file)
    transients = [file for file in files if _kind(file) in TRANSIENTS]
    if len(transients) > 1:
        raise UserError(
            f"{folder}: holds {', '.join(f.name for f in transients)}: a run has one of these"
        )
    return transients or files


def _listed(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[Path]:
    """Entries of a folder, which may be very many, in natural order."""
    with os.scandir(
        folder
    ) as found:  # knows what is a file, a folder or a link without asking again for each
        entries = sorted(
            (entry for entry in found if wanted(entry)), key=lambda entry: natural_key(entry.name)
        )
    return [Path(entry) for entry in entries]


def _has_results(folder: Path) -> bool:
    with os.scandir(folder) as found:
        return any(map(_is_result, found))


def refuse_link(entry: Path) -> None:
    """Data may come from strangers: UserError where an entry of a folder is a link to something
    elsewhere."""
    if entry.is_symlink() and not entry.resolve().is_relative_to(entry.parent.resolve()):
        raise UserError(f"{entry}: a link out of {entry.parent}: such files are not read")


def _is_result(entry: Path | os.DirEntry[str]) -> bool:
    return _kind(Path(entry.name)) in BEGINNINGS and entry.is_file()


def _is_openfoam(path: Path) -> bool:
    return (path / "system/controlDict").is_file()


def _require_content(path: Path) -> None:
    beginnings = BEGINNINGS.get(_kind(path), ())
    with path.open("rb") as file:
        head = file.read(8).lstrip(b"\xef\xbb\xbf")
    if not head.startswith(beginnings):
        raise UserError(
            f"{path}: named {path.suffix}, but its content is not that: it is empty, damaged or "
            "misnamed"
        )
