"""One run: a file, a case, or a folder with its timesteps in files.

Tested in tests/data/readers/runs/test_run_files.py.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.joined import joined
from simulgenvae.data.readers.runs.openfoam_surfaces import SURFACES, has_surfaces
from simulgenvae.data.readers.runs.run_entries import (
    Results,
    case_format,
    required_format,
    result_files,
)
from simulgenvae.data.readers.runs.run_files import later_counts
from simulgenvae.data.readers.runs.run_format import RunFormat, run_cases, run_suffixes
from simulgenvae.data.readers.runs.series import Listing, RunPart, Series, Snapshot
from simulgenvae.data.readers.runs.unread import way_out
from simulgenvae.data.readers.runs.vtk_subprocess import open_isolated
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import unreadable_reported
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulgenvae.mesh.mesh import Mesh


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
    case = case_format(path)
    if case is not None:
        _require_no_blocks(path, case, part)
        return _open_case(path, case)
    results = result_files(path, part)
    if not results.files and has_surfaces(path):
        return _open_case(path, SURFACES)
    if not results.files:
        chosen = "" if part.pattern is None else f" that fits --pattern {part.pattern!r}"
        raise UserError(
            f"{path}: a folder without results{chosen}: no {' or '.join(run_cases())} case, and "
            f"no file with one of the endings {', '.join(run_suffixes())}"
            f"{way_out([entry.name for entry in path.iterdir()])}"
        )
    # Files of several formats, such as .vtu and .vtp, are read by the opener of the first.
    first = required_format(results.files[0])
    if first.open_timesteps is None:
        return _open_transients(path, results, part)
    for file in results.files:
        found = required_format(file)
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


def _open_transients(folder: Path, results: Results, part: RunPart) -> Series:
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
    found = required_format(path)
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
