"""Folders with one run an entry, as solvers leave them, as one source of fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.readers.netcdf import BEGINNINGS as NETCDF_BEGINNINGS
from simulgenvae.data.readers.netcdf import open_netcdf
from simulgenvae.data.readers.solver_files.frd import open_frd
from simulgenvae.data.readers.solver_files.series import Part, Series
from simulgenvae.data.readers.solver_files.vtk_series import BEGINNINGS as VTK_BEGINNINGS
from simulgenvae.data.readers.solver_files.vtk_series import GRIDS, open_numbered, open_openfoam, open_vtk
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError

BEGINNINGS = VTK_BEGINNINGS | NETCDF_BEGINNINGS | {".frd": (b"    1C",)}
TRANSIENTS = tuple(suffix for suffix in BEGINNINGS if suffix not in GRIDS)
"""Endings of files that hold all times of a run."""
SAME_TIMES, SAME_PLACE = 1e-6, 1e-6
"""How far the times of runs, relative to their span, and their nodes, relative to the mesh's, may be apart."""


def is_run(path: Path) -> bool:
    """Whether a path looks like the results of one run: a file of a known kind, a case, or a folder of timesteps."""
    if path.is_file():
        return path.suffix.lower() in BEGINNINGS
    return path.is_dir() and (_is_openfoam(path) or bool(_files(path)))


def open_runs(path: Path, part: Part | None = None) -> Source:
    """The runs at ``path``, each under the name of its file or folder: a folder with one run an entry, or one run; or
    those in one NetCDF file, under the names there.

    Without a ``part``, all is read that the first run has.

    Raises UserError naming the run that cannot be read, or has other times, fields or another mesh than the first.
    """
    found = _found(path)
    part = part or Part()
    series = [one.at(part) for _, one in found]
    first = series[0]
    variables, mesh = first.variables(part.fields), first.mesh()
    coords = first.read(0).coords if mesh.coords is None else mesh.coords
    nodes = len(coords)
    units = [first.units.get(field, "") for field, _ in variables.values()]
    for other in series[1:]:
        _require_same_times(first, other)
        _require_same_units(first, other, variables)

    def read(run: int) -> NDArray[np.float32]:
        one, steps = series[run], []
        for step, time in enumerate(one.times):
            snapshot = one.read(step)
            if step == 0:
                _require_same_nodes(first.path, coords, one.path, snapshot.coords)
            if len(snapshot.coords) != nodes:
                raise UserError(f"{one.path}: {len(snapshot.coords)} nodes at time {time:g}, but {nodes} before")
            steps.append(one.values(step, snapshot.fields, variables))
        return np.stack(steps)

    companions: dict[str, NDArray[Any]] = {
        "ids": np.array([name for name, _ in found]),
        "times": first.times,
        "variables": np.array(list(variables)),
    }
    if any(units):
        companions["units"] = np.array(units)
    shape = (len(found), len(first.times), nodes, len(variables))
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
    if path.suffix.lower() in NETCDF_BEGINNINGS:
        runs = open_netcdf(path)
        if len(runs) > 1:
            raise UserError(f"{path}: holds {len(runs)} runs, not one: give such files by their names")
        return runs[0][1]
    return open_frd(path) if path.suffix.lower() == ".frd" else open_vtk(path)


def _found(path: Path) -> list[tuple[str, Series]]:
    if path.is_file() and path.suffix.lower() in NETCDF_BEGINNINGS:
        _require_content(path)
        return open_netcdf(path)
    return [(entry.stem if entry.is_file() else entry.name, open_series(entry)) for entry in _entries(path)]


def _entries(path: Path) -> list[Path]:
    if path.is_file() or _is_openfoam(path):
        return [path]
    entries = sorted((entry for entry in path.iterdir() if is_run(entry)), key=_natural)
    require_inside(path, entries)
    if not entries:
        raise UserError(
            f"{path}: a folder, but no Zarr data and no runs in it: each entry is to be an OpenFOAM case, a folder "
            f"with the timesteps of a run, or a file with one of the endings {', '.join(BEGINNINGS)}"
        )
    return entries


def _files(folder: Path) -> list[Path]:
    """Results in a run's folder, in natural order: the one file that holds all times, or those of single timesteps."""
    files = sorted((f for f in folder.iterdir() if f.is_file() and f.suffix.lower() in BEGINNINGS), key=_natural)
    require_inside(folder, files)
    transients = [file for file in files if file.suffix.lower() in TRANSIENTS]
    if len(transients) > 1:
        raise UserError(f"{folder}: holds {', '.join(f.name for f in transients)}: a run has one of these")
    return transients or files


def require_inside(folder: Path, entries: Sequence[Path]) -> None:
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


def _require_same_units(first: Series, other: Series, variables: Mapping[str, tuple[str, int]]) -> None:
    for field in dict.fromkeys(field for field, _ in variables.values()):
        unit, found = first.units.get(field, ""), other.units.get(field, "")
        if unit != found:
            raise UserError(
                f"{other.path}: {field!r} is in {found or 'no unit'}, in {first.path} in {unit or 'no unit'}"
            )


def _require_same_nodes(first: Path, coords: NDArray[np.float64], other: Path, found: NDArray[Any]) -> None:
    if len(found) != len(coords):
        raise UserError(f"{other}: {len(found)} nodes, but {len(coords)} in {first}: another mesh")
    if found.shape[1] != coords.shape[1]:
        raise UserError(f"{other}: its nodes have {found.shape[1]} coordinates, in {first} {coords.shape[1]}")
    far = np.abs(found - coords).max(initial=0.0)
    if far > SAME_PLACE * float(np.ptp(coords, axis=0).max(initial=0.0)):
        raise UserError(
            f"{other}: its nodes are up to {far:g} away from those of {first}: another mesh, or another order of nodes"
        )
