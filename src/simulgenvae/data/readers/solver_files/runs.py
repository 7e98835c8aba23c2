"""Folders with one run an entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from simulgenvae.data.names import check_ids, naming
from simulgenvae.data.readers.solver_files.aligned import aligned
from simulgenvae.data.readers.solver_files.frd import open_frd
from simulgenvae.data.readers.solver_files.series import Part, Series
from simulgenvae.data.readers.solver_files.vtk_series import BEGINNINGS as VTK_BEGINNINGS
from simulgenvae.data.readers.solver_files.vtk_series import GRIDS, open_numbered, open_openfoam, open_vtk
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError

BEGINNINGS = VTK_BEGINNINGS | {".frd": (b"    1C",)}
TRANSIENTS = tuple(suffix for suffix in BEGINNINGS if suffix not in GRIDS)
"""Endings of files that hold all times of a run."""


def is_run(path: Path) -> bool:
    """Whether a path looks like the results of one run: a file of a known kind, a case, or a folder of timesteps."""
    if path.is_file():
        return path.suffix.lower() in BEGINNINGS
    return path.is_dir() and (_is_openfoam(path) or bool(_files(path)))


def open_runs(path: Path, part: Part | None = None) -> Source:
    """The runs at ``path``, each under the name of its file or folder: a folder with one run an entry, or one run.

    Without a ``part``, all is read that the first run has. Runs that cannot be read, or have other times, fields or
    another mesh than most, are among the source's ``problems``, or raise UserError when they are read.
    """
    entries = _entries(path)
    names = [entry.stem if entry.is_file() else entry.name for entry in entries]
    with naming(path):
        check_ids(names)
    part = part or Part()
    found: dict[str, Series | UserError] = {}
    for name, entry in zip(names, entries, strict=True):
        try:
            found[name] = open_series(entry).at(part)
        except UserError as error:
            found[name] = error
    return aligned(path, found, part)


def open_series(path: Path) -> Series:
    """One run: a file, an OpenFOAM case, or a folder with its timesteps in files; UserError where it is none."""
    if path.is_dir():
        if _is_openfoam(path):
            return open_openfoam(path)
        files = _files(path)
        if not files:
            raise UserError(f"{path}: a folder without results: no OpenFOAM case, and none of {', '.join(BEGINNINGS)}")
        if files[0].suffix.lower() in TRANSIENTS:
            return open_series(files[0])
        for file in files:
            _require_content(file)
        return open_numbered(path, files)
    _require_content(path)
    return open_frd(path) if path.suffix.lower() == ".frd" else open_vtk(path)


def _entries(path: Path) -> list[Path]:
    if path.is_file() or _is_openfoam(path):
        return [path]
    entries = sorted((entry for entry in path.iterdir() if is_run(entry)), key=_natural)
    collections = {entry.stem for entry in entries if entry.suffix.lower() == ".pvd"}
    # a folder beside a collection of its name has the files of that
    entries = [entry for entry in entries if entry.is_file() or entry.name not in collections]
    _require_inside(path, entries)
    if not entries:
        raise UserError(
            f"{path}: a folder, but no Zarr data and no runs in it: each entry is to be an OpenFOAM case, a folder "
            f"with the timesteps of a run, or a file with one of the endings {', '.join(BEGINNINGS)}"
        )
    return entries


def _files(folder: Path) -> list[Path]:
    """Results in a run's folder, in natural order: the one file that holds all times, or those of single timesteps."""
    files = sorted((f for f in folder.iterdir() if f.is_file() and f.suffix.lower() in BEGINNINGS), key=_natural)
    _require_inside(folder, files)
    transients = [file for file in files if file.suffix.lower() in TRANSIENTS]
    if len(transients) > 1:
        raise UserError(f"{folder}: holds {', '.join(f.name for f in transients)}: a run has one of these")
    return transients or files


def _require_inside(folder: Path, entries: Sequence[Path]) -> None:
    """Data may come from strangers: UserError where an entry is a link to something elsewhere."""
    root = folder.resolve()
    for entry in entries:
        if not entry.resolve().is_relative_to(root):
            raise UserError(f"{entry}: a link out of {folder}: such files are not read")


def _is_openfoam(path: Path) -> bool:
    return (path / "system/controlDict").is_file()


def _natural(path: Path) -> list[tuple[int, str]]:
    """Key that orders numbers in names by size."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _require_content(path: Path) -> None:
    beginnings = BEGINNINGS.get(path.suffix.lower(), ())
    with path.open("rb") as file:
        head = file.read(8).lstrip(b"\xef\xbb\xbf")
    if not head.startswith(beginnings):
        raise UserError(f"{path}: named {path.suffix}, but its content is not that: it is empty, damaged or misnamed")
