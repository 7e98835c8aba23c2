"""Folders with one run an entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.names import natural_key
from simulgenvae.data.readers.solver_files.frd import open_frd
from simulgenvae.data.readers.solver_files.series import Part, Series
from simulgenvae.data.readers.solver_files.vtk_series import BEGINNINGS as VTK_BEGINNINGS
from simulgenvae.data.readers.solver_files.vtk_series import GRIDS, open_numbered, open_openfoam, open_vtk
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError

BEGINNINGS = VTK_BEGINNINGS | {".frd": (b"    1C",)}
TRANSIENTS = tuple(suffix for suffix in BEGINNINGS if suffix not in GRIDS)
"""Endings of files that hold all times of a run."""
SAME_TIMES, SAME_PLACE = 1e-6, 1e-6
"""How far the times of runs, relative to their span, and their nodes, relative to the mesh's, may be apart."""


def is_run(entry: Path | os.DirEntry[str]) -> bool:
    """Whether this looks like the results of one run: a file of a known kind, a case, or a folder of timesteps."""
    if entry.is_dir():
        path = Path(entry)
        return _is_openfoam(path) or bool(_files(path))
    return _is_result(entry)


def open_runs(path: Path, part: Part | None = None) -> Source:
    """The runs at ``path``, each under the name of its file or folder: a folder with one run an entry, or one run.

    Without a ``part``, all is read that the first run has.

    Raises UserError naming the run that cannot be read, or has other times, fields or another mesh than the first.
    """
    entries = _entries(path)
    part = part or Part()
    first = open_series(entries[0]).at(part)
    for entry in entries[1:]:
        _require_same_times(first, open_series(entry).at(part))
    names = [entry.stem if entry.is_file() else entry.name for entry in entries]
    variables, mesh = first.variables(part.fields), first.mesh()
    coords = mesh.coords
    assert coords is not None
    nodes = len(coords)

    def read(run: int) -> NDArray[np.float32]:
        # Opened anew: VTK's readers keep what they read last, and those of all runs would not fit into memory.
        one, steps = open_series(entries[run]).at(part), []
        for step, time in enumerate(one.times):
            snapshot = one.read(step)
            if step == 0:
                _require_same_nodes(first.path, coords, one.path, snapshot.coords)
            if len(snapshot.coords) != nodes:
                raise UserError(f"{one.path}: {len(snapshot.coords)} nodes at time {time:g}, but {nodes} before")
            steps.append(one.values(step, snapshot.fields, variables))
        return np.stack(steps)

    companions: dict[str, NDArray[Any]] = {
        "ids": np.array(names),
        "times": first.times,
        "variables": np.array(list(variables)),
    }
    shape = (len(entries), len(first.times), nodes, len(variables))
    return Source(path, shape, np.dtype(np.float32), read, companions, mesh=mesh)


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
    entries = _chosen(path, is_run)
    if not entries:
        raise UserError(
            f"{path}: a folder, but no Zarr data and no runs in it: each entry is to be an OpenFOAM case, a folder "
            f"with the timesteps of a run, or a file with one of the endings {', '.join(BEGINNINGS)}"
        )
    return entries


def _files(folder: Path) -> list[Path]:
    """Results in a run's folder, in natural order: the one file that holds all times, or those of single timesteps."""
    files = _chosen(folder, _is_result)
    transients = [file for file in files if file.suffix.lower() in TRANSIENTS]
    if len(transients) > 1:
        raise UserError(f"{folder}: holds {', '.join(f.name for f in transients)}: a run has one of these")
    return transients or files


def _chosen(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[Path]:
    """Entries of a folder, which may be very many, in natural order. Data may come from strangers: UserError where one
    of these is a link to something elsewhere."""
    with os.scandir(folder) as found:  # knows what is a file, a folder or a link without asking again for each
        entries = sorted((entry for entry in found if wanted(entry)), key=lambda entry: natural_key(entry.name))
    root = folder.resolve()
    for entry in entries:
        if entry.is_symlink() and not Path(entry).resolve().is_relative_to(root):
            raise UserError(f"{entry.path}: a link out of {folder}: such files are not read")
    return [Path(entry) for entry in entries]


def _is_result(entry: Path | os.DirEntry[str]) -> bool:
    stem, dot, ending = entry.name.rpartition(".")
    return bool(stem) and (dot + ending).lower() in BEGINNINGS and entry.is_file()


def _is_openfoam(path: Path) -> bool:
    return (path / "system/controlDict").is_file()


def _require_content(path: Path) -> None:
    beginnings = BEGINNINGS.get(path.suffix.lower(), ())
    with path.open("rb") as file:
        head = file.read(8).lstrip(b"\xef\xbb\xbf")
    if not head.startswith(beginnings):
        raise UserError(f"{path}: named {path.suffix}, but its content is not that: it is empty, damaged or misnamed")


def _require_same_times(first: Series, other: Series) -> None:
    span = max(float(np.ptp(first.times)), 1e-300)
    if len(other.times) != len(first.times):
        raise UserError(
            f"{other.path}: {len(other.times)} timesteps, up to {other.times[-1]:g}, but {len(first.times)}, up to "
            f"{first.times[-1]:g}, in {first.path}: has that run ended early?"
        )
    apart = np.abs(other.times - first.times)
    if apart.max() > SAME_TIMES * span:
        step = int(apart.argmax())
        raise UserError(
            f"{other.path}: timestep {step} is at {other.times[step]:g}, in {first.path} at {first.times[step]:g}"
        )


def _require_same_nodes(first: Path, coords: NDArray[np.float64], other: Path, found: NDArray[Any]) -> None:
    if len(found) != len(coords):
        raise UserError(f"{other}: {len(found)} nodes, but {len(coords)} in {first}: another mesh")
    far = np.abs(found - coords).max()
    if far > SAME_PLACE * float(np.ptp(coords, axis=0).max()):
        raise UserError(
            f"{other}: its nodes are up to {far:g} away from those of {first}: another mesh, or another order of nodes"
        )
